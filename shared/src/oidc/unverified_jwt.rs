//! The form of a JWT: what can be read and refused of it without a key. The service and `portcullis trust test` read it
//! alike.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Number, Value, json};

use crate::json;

/// The most characters of a JWT. API Gateway takes 10,240 bytes of headers in all.
const MAX_JWT_LENGTH: usize = 8192;
/// The most characters of a `jti`.
const MAX_JTI_CHARS: usize = 512;

/// A JWT whose signature and times are not verified.
pub struct UnverifiedJwt<'a> {
    /// Header and claims as they were signed, with the dot between them. The signature has other forms
    /// that are good too (of an ECDSA signature `(r, s)`, `(r, n - s)`); this has one alone.
    pub signing_input: &'a str,
    /// The signature, in base64url.
    pub signature: &'a str,
    /// The algorithm that it claims to be signed with.
    pub algorithm: Algorithm,
    /// The ID of the key that it claims to be signed with.
    pub kid: String,
    /// What it claims.
    pub claims: RegisteredClaims,
}

/// An algorithm that a JWT may be signed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with PKCS #1 v1.5 and SHA-256.
    Rs256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

/// The header's fields that decide. Keys and addresses of keys in it (`jwk`, `jku`, `x5c`, `x5u`)
/// are never looked at: the sender of the JWT wrote them.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
}

/// The claims that [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519#section-4.1) gives a
/// meaning to. One of another type is an error and is not passed over.
#[derive(Deserialize)]
pub struct RegisteredClaims {
    /// The issuer.
    pub iss: String,
    /// The subject.
    pub sub: String,
    /// The audience.
    pub aud: Audience,
    /// The expiration time, in seconds.
    pub exp: Number,
    /// The time before which it is not valid, in seconds.
    pub nbf: Option<Number>,
    #[serde(rename = "iat")]
    _iat: Option<Number>,
    /// All other claims.
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

/// The audience of a JWT.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// A single one.
    One(String),
    /// A list of them.
    Many(Vec<String>),
}

impl<'a> UnverifiedJwt<'a> {
    /// Reads what can be read without a key.
    ///
    /// # Errors
    /// What no key could make good. The sentence holds nothing of the JWT.
    pub fn read(text: &'a str) -> Result<Self, &'static str> {
        if text.len() > MAX_JWT_LENGTH {
            return Err("the JWT is longer than 8192 characters");
        }
        let signed = text.rsplit_once('.').and_then(|(signing_input, signature)| {
            let (header, claims) = signing_input.split_once('.')?;
            (!claims.contains('.')).then_some((signing_input, header, claims, signature))
        });
        let (signing_input, header, claims, signature) = signed.ok_or("not a signed JWT")?;
        let no_header = "the header is not a JWT's, or has a name twice";
        let header = decoded(header).and_then(|header| unique_object(&header)).ok_or(no_header)?;
        // https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11: what has to be understood,
        // and is not, makes the whole invalid. It is there whatever its value.
        if header.contains_key("crit") {
            return Err("the header has crit");
        }
        let header: Header = serde_json::from_value(Value::Object(header)).map_err(|_| no_header)?;
        let algorithm = Algorithm::from_name(&header.alg).ok_or("the algorithm is none of RS256, ES256 and EdDSA")?;
        // https://www.rfc-editor.org/rfc/rfc8725#section-3.11: other kinds of JWT, such as a
        // logout token, are signed with the same keys.
        if !header.typ.as_deref().is_none_or(is_session_or_identity) {
            return Err("the typ is neither JWT nor at+jwt");
        }
        let kid = header.kid.ok_or("the header has no kid")?;
        let claims = RegisteredClaims::read(&decoded(claims).unwrap_or_default())?;
        Ok(Self { signing_input, signature, algorithm, kid, claims })
    }
}

impl Algorithm {
    /// The algorithm of this name. `Ed25519` is what `EdDSA` is with that curve, the only one here
    /// ([RFC 9864](https://www.rfc-editor.org/rfc/rfc9864#section-2.2)).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

impl RegisteredClaims {
    /// Reads the claims of a JWT, a JSON object.
    ///
    /// # Errors
    /// What makes them no claims of a JWT. The sentence holds nothing of them.
    pub fn read(json: &[u8]) -> Result<Self, &'static str> {
        let claims = unique_object(json).ok_or("the claims are no JSON object, or have a name twice")?;
        serde_json::from_value(Value::Object(claims))
            .map_err(|_| "a claim is missing or of another type: iss, sub, aud, exp, nbf, iat")
    }

    /// The `jti` of a CI job's identity. Not every CI system gives one
    /// ([RFC 7519, 4.1.7](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.7)).
    ///
    /// # Errors
    /// When there is one, and it is no string of 1 to 512 characters.
    pub fn jti(&self) -> Result<Option<&str>, &'static str> {
        let Some(jti) = self.others.get("jti") else {
            return Ok(None);
        };
        let jti = jti.as_str().filter(|jti| (1..=MAX_JTI_CHARS).contains(&jti.chars().count()));
        jti.map(Some).ok_or("its jti is no string of 1 to 512 characters")
    }

    /// The claims that a trust rule may have conditions for: all but the times.
    #[must_use]
    pub fn into_claim_set(self) -> Map<String, Value> {
        let Self { iss, sub, aud, others, .. } = self;
        let aud = match aud {
            Audience::One(one) => json!(one),
            Audience::Many(many) => json!(many),
        };
        let mut claims = others;
        claims.extend([("iss".to_owned(), json!(iss)), ("sub".to_owned(), json!(sub)), ("aud".to_owned(), aud)]);
        claims
    }
}

impl Audience {
    /// Whether an audience is among them.
    #[must_use]
    pub fn has(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

/// Whether a `typ` is that of a session or an identity. A media type may leave out its
/// `application/` ([RFC 7515, 4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
fn is_session_or_identity(typ: &str) -> bool {
    let full = if typ.contains('/') { typ.to_owned() } else { format!("application/{typ}") };
    ["application/jwt", "application/at+jwt"].iter().any(|good| full.eq_ignore_ascii_case(good))
}

fn decoded(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

/// Reads a JSON object in which no name stands twice, nested objects included. Two programs could read
/// a doubled name in two ways, so [RFC 7515, 4](https://www.rfc-editor.org/rfc/rfc7515#section-4) and
/// [RFC 7519, 4](https://www.rfc-editor.org/rfc/rfc7519#section-4) have it refused.
fn unique_object(bytes: &[u8]) -> Option<Map<String, Value>> {
    match json::read(bytes) {
        Ok((Value::Object(members), twice)) if twice.is_empty() => Some(members),
        _ => None,
    }
}
