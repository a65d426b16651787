//! What a JWT has to look like to be looked at, before and after its signature is verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::verify;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::{Map, Number, Value};

use super::{Refusal, ring};
use crate::claims::unique_object;
use crate::clock::Timestamp;

/// The most characters of a JWT. API Gateway takes 10,240 bytes of headers in all.
const LONGEST: usize = 8192;
/// By how much the clocks of provider and gateway may differ.
const LEEWAY_SECONDS: i64 = 60;

/// Whether a credential has a JWT's form, unsigned ones included: three parts with dots
/// between them. A token never has a dot.
#[must_use]
pub fn looks_like_jwt(text: &str) -> bool {
    text.split('.').count() == 3
}

/// A JWT whose signature is not verified yet.
pub(super) struct Unverified<'a> {
    /// Header and claims as they were signed, with the dot between them.
    signing_input: &'a str,
    signature: &'a str,
    algorithm: Algorithm,
    kid: String,
    claims: Registered,
}

/// What a JWT says whose signature and times were verified.
pub(super) struct Verified {
    pub(super) claims: Registered,
    pub(super) expires_at: Timestamp,
}

/// The header's fields that decide. Keys and addresses of keys in it (`jwk`, `jku`, `x5c`, `x5u`)
/// are never looked at: whoever made the token wrote them.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
}

/// The claims that [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519#section-4.1) gives a
/// meaning to. One of another type is no claim that may be passed over: it is an error.
#[derive(Deserialize)]
pub(super) struct Registered {
    pub(super) iss: String,
    pub(super) sub: String,
    pub(super) aud: Audience,
    exp: Number,
    nbf: Option<Number>,
    #[serde(rename = "iat")]
    _iat: Option<Number>,
    #[serde(flatten)]
    pub(super) others: Map<String, Value>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Many(Vec<String>),
}

impl<'a> Unverified<'a> {
    /// Reads what can be read without a key, and refuses what no key could make good.
    pub(super) fn read(text: &'a str) -> Result<Self, Refusal> {
        if text.len() > LONGEST {
            return Err(Refusal::Malformed("the JWT is longer than 8192 characters"));
        }
        let signed = text.rsplit_once('.').and_then(|(signing_input, signature)| {
            let (header, claims) = signing_input.split_once('.')?;
            (!claims.contains('.')).then_some((signing_input, header, claims, signature))
        });
        let (signing_input, header, claims, signature) = signed.ok_or(Refusal::Malformed("not a signed JWT"))?;
        let no_header = Refusal::Malformed("the header is not a JWT's, or has a name twice");
        let header = object(header).ok_or(no_header.clone())?;
        // https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11: what has to be understood,
        // and is not, makes the whole invalid. It is there whatever its value.
        if header.contains_key("crit") {
            return Err(Refusal::Malformed("the header has crit"));
        }
        let header: Header = typed(header).ok_or(no_header)?;
        let algorithm = algorithm(&header.alg);
        let algorithm = algorithm.ok_or(Refusal::Malformed("the algorithm is none of RS256, ES256 and EdDSA"))?;
        // https://www.rfc-editor.org/rfc/rfc8725#section-3.11: other kinds of JWT, such as a
        // logout token, are signed with the same keys.
        if !header.typ.as_deref().is_none_or(is_session_or_identity) {
            return Err(Refusal::Malformed("the typ is neither JWT nor at+jwt"));
        }
        let kid = header.kid.ok_or(Refusal::Malformed("the header has no kid"))?;
        let claims = object(claims).ok_or(Refusal::Malformed("the claims are no JSON object, or have a name twice"))?;
        let claims = typed(claims)
            .ok_or(Refusal::Malformed("a claim is missing or of another type: iss, sub, aud, exp, nbf, iat"))?;
        Ok(Self { signing_input, signature, algorithm, kid, claims })
    }

    /// The id of the key that it claims to be signed with.
    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    /// The algorithm that it claims to be signed with.
    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What its signature is of. Its signature has other forms that are good too (of an ECDSA
    /// signature `(r, s)`, `(r, n - s)`); this has one alone.
    pub(super) fn signing_input(&self) -> &str {
        self.signing_input
    }

    /// What it claims.
    pub(super) fn claims(&self) -> &Registered {
        &self.claims
    }

    /// Verifies the signature, with any of the keys that are for its algorithm, and the times.
    pub(super) fn verified(self, keys: &[DecodingKey], now: Timestamp) -> Result<Verified, Refusal> {
        if keys.is_empty() {
            return Err(Refusal::Unknown("the provider has no key with this id for this algorithm"));
        }
        ring::install();
        let signed = self.signing_input.as_bytes();
        // An error is a signature that is no base64url.
        let is_of = |key| verify(self.signature, signed, key, self.algorithm).unwrap_or(false);
        if !keys.iter().any(is_of) {
            return Err(Refusal::Unknown("the signature is not the provider's"));
        }
        let expires_at = time(&self.claims.exp);
        let verified = Verified { claims: self.claims, expires_at };
        if now >= verified.refused_from() {
            return Err(Refusal::Expired);
        }
        if verified.claims.nbf.as_ref().is_some_and(|nbf| now.plus_seconds(LEEWAY_SECONDS) < time(nbf)) {
            return Err(Refusal::Unknown("it is not valid yet"));
        }
        Ok(verified)
    }
}

impl Verified {
    /// From when on it is refused for its age, the leeway included.
    pub(super) fn refused_from(&self) -> Timestamp {
        self.expires_at.plus_seconds(LEEWAY_SECONDS)
    }
}

impl Audience {
    pub(super) fn has(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

/// The algorithm of this name. `Ed25519` is what `EdDSA` is with that curve, the only one here
/// ([RFC 9864](https://www.rfc-editor.org/rfc/rfc9864#section-2.2)).
pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "RS256" => Some(Algorithm::RS256),
        "ES256" => Some(Algorithm::ES256),
        "EdDSA" | "Ed25519" => Some(Algorithm::EdDSA),
        _ => None,
    }
}

/// Whether a `typ` is that of a session or an identity. A media type may leave out its
/// `application/` ([RFC 7515, 4.1.9](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.9)).
fn is_session_or_identity(typ: &str) -> bool {
    let full = if typ.contains('/') { typ.to_owned() } else { format!("application/{typ}") };
    ["application/jwt", "application/at+jwt"].iter().any(|good| full.eq_ignore_ascii_case(good))
}

fn object(part: &str) -> Option<Map<String, Value>> {
    unique_object(&URL_SAFE_NO_PAD.decode(part).ok()?)
}

fn typed<T: for<'de> Deserialize<'de>>(members: Map<String, Value>) -> Option<T> {
    serde_json::from_value(Value::Object(members)).ok()
}

/// A `NumericDate`: seconds, perhaps with a fraction, which is cut off.
fn time(number: &Number) -> Timestamp {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast from f64 saturates, and a timestamp has bounds of its own"
    )]
    let seconds = number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds as i64));
    // A number that is neither is beyond the range of both.
    Timestamp::from_seconds(seconds.unwrap_or(i64::MAX))
}
