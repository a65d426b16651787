//! Parsing of a JWT, and all checks that need no key. The service and `portcullis trust test` share it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Number, Value, json};

use crate::json;

/// Maximum length of a JWT, in characters. API Gateway allows 10,240 bytes of headers in total.
const MAX_JWT_LENGTH: usize = 8192;
/// Maximum length of a `jti`, in characters.
const MAX_JTI_CHARS: usize = 512;

/// A JWT whose signature and times are not verified.
pub struct UnverifiedJwt<'a> {
    /// Header and claims as they were signed, with the dot between them. Identifies a JWT: its signature could
    /// be rewritten into another valid one (in ECDSA, `(r, s)` into `(r, n - s)`).
    pub signing_input: &'a str,
    /// The signature, in base64url.
    pub signature: &'a str,
    /// The algorithm that the header names.
    pub algorithm: Algorithm,
    /// The key ID that the header names.
    pub kid: String,
    /// The claims.
    pub claims: RegisteredClaims,
}

/// A supported signature algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with PKCS #1 v1.5 and SHA-256.
    Rs256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

/// The relevant header fields. Keys and key URLs in it (`jwk`, `jku`, `x5c`, `x5u`) are ignored, because the
/// sender chooses them.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
}

/// The claims that [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519#section-4.1) defines. One of another type
/// is an error.
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
    /// The time at which it was issued, in seconds.
    pub iat: Option<Number>,
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
    /// Parses a JWT without verifying it.
    ///
    /// # Errors
    /// When no key could make the JWT valid. The message contains nothing from the JWT.
    pub fn read(text: &'a str) -> Result<Self, &'static str> {
        if text.len() > MAX_JWT_LENGTH {
            return Err("the JWT is longer than 8192 characters");
        }
        let signed = text.rsplit_once('.').and_then(|(signing_input, signature)| {
            let (header, claims) = signing_input.split_once('.')?;
            (!claims.contains('.')).then_some((signing_input, header, claims, signature))
        });
        let (signing_input, header, claims, signature) = signed.ok_or("not a signed JWT")?;
        let no_header = "the header is invalid or has a duplicate name";
        let header = decoded(header).and_then(|header| unique_object(&header)).ok_or(no_header)?;
        // https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11: unsupported critical fields make the JWT
        // invalid. No value of crit is supported.
        if header.contains_key("crit") {
            return Err("crit in the header is not supported");
        }
        let header: Header = serde_json::from_value(Value::Object(header)).map_err(|_| no_header)?;
        let algorithm =
            Algorithm::from_name(&header.alg).ok_or("unsupported algorithm; expected RS256, ES256 or EdDSA")?;
        // https://www.rfc-editor.org/rfc/rfc8725#section-3.11: the same keys sign other kinds of JWT, such as
        // logout tokens.
        if !header.typ.as_deref().is_none_or(is_session_or_identity) {
            return Err("unexpected typ; expected JWT or at+jwt");
        }
        let kid = header.kid.ok_or("the header has no kid")?;
        let claims = RegisteredClaims::read(&decoded(claims).unwrap_or_default())?;
        Ok(Self { signing_input, signature, algorithm, kid, claims })
    }
}

impl Algorithm {
    /// The algorithm with this name. `Ed25519` names `EdDSA` with the only curve supported here
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
    /// Parses the claims of a JWT from a JSON object.
    ///
    /// # Errors
    /// When they are not valid claims. The message contains nothing from them.
    pub fn read(json: &[u8]) -> Result<Self, &'static str> {
        let claims = unique_object(json).ok_or("the claims are not a JSON object or have a duplicate name")?;
        serde_json::from_value(Value::Object(claims))
            .map_err(|_| "a claim is missing or has the wrong type: iss, sub, aud, exp, nbf, iat")
    }

    /// The `jti` of a CI job's identity. It is optional
    /// ([RFC 7519, 4.1.7](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.7)).
    ///
    /// # Errors
    /// When it is present but not a string of 1 to 512 characters.
    pub fn jti(&self) -> Result<Option<&str>, &'static str> {
        let Some(jti) = self.others.get("jti") else {
            return Ok(None);
        };
        let jti = jti.as_str().filter(|jti| (1..=MAX_JTI_CHARS).contains(&jti.chars().count()));
        jti.map(Some).ok_or("jti must be a string of 1 to 512 characters")
    }

    /// The claims that a trust rule may have conditions for: all except the times.
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
    /// Whether the audience contains this entry.
    #[must_use]
    pub fn contains(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

/// Whether a `typ` is allowed for sessions and identities. A media type may omit its `application/`
/// ([RFC 7515, 4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
fn is_session_or_identity(typ: &str) -> bool {
    let full = if typ.contains('/') { typ.to_owned() } else { format!("application/{typ}") };
    ["application/jwt", "application/at+jwt"].iter().any(|good| full.eq_ignore_ascii_case(good))
}

fn decoded(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

/// Parses a JSON object without duplicate names, nested objects included. Programs could read duplicates
/// differently, so [RFC 7515, 4](https://www.rfc-editor.org/rfc/rfc7515#section-4) and
/// [RFC 7519, 4](https://www.rfc-editor.org/rfc/rfc7519#section-4) have them refused.
fn unique_object(bytes: &[u8]) -> Option<Map<String, Value>> {
    match json::read(bytes) {
        Ok((Value::Object(members), twice)) if twice.is_empty() => Some(members),
        _ => None,
    }
}
