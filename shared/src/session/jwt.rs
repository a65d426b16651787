//! What a JWT has to look like to be looked at, before and after its signature is verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Validation, decode};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Number, Value};

use super::jwk::Key;
use super::{Refusal, ring};
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

/// A JWT whose signature nobody has looked at yet.
pub(super) struct Unverified<'a> {
    text: &'a str,
    algorithm: Algorithm,
    kid: String,
    claims: Registered,
}

/// What a JWT says whose signature and times were verified.
pub(super) struct Verified {
    pub(super) claims: Registered,
    pub(super) expires_at: Timestamp,
}

/// The header's fields that decide. Each may stand there once only. Keys and addresses of
/// keys in it (`jwk`, `jku`, `x5c`, `x5u`) are never looked at: whoever made the token wrote
/// them.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<IgnoredAny>,
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
        let mut parts = text.split('.');
        let (Some(header), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refusal::Malformed("not a signed JWT"));
        };
        let header: Header = json(header).ok_or(Refusal::Malformed("the header is not a JWT's"))?;
        let algorithm = match header.alg.as_str() {
            "RS256" => Algorithm::RS256,
            "ES256" => Algorithm::ES256,
            "EdDSA" => Algorithm::EdDSA,
            _ => return Err(Refusal::Malformed("the algorithm is none of RS256, ES256 and EdDSA")),
        };
        // https://www.rfc-editor.org/rfc/rfc8725#section-3.11: other kinds of JWT, such as a
        // logout token, are signed with the same keys.
        let typ = header.typ.as_deref().unwrap_or("JWT");
        if !["JWT", "at+jwt", "application/at+jwt"].iter().any(|good| typ.eq_ignore_ascii_case(good)) {
            return Err(Refusal::Malformed("the typ is neither JWT nor at+jwt"));
        }
        // https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11: what has to be understood,
        // and is not, makes the whole invalid.
        if header.crit.is_some() {
            return Err(Refusal::Malformed("the header has crit"));
        }
        let kid = header.kid.ok_or(Refusal::Malformed("the header has no kid"))?;
        let claims: Registered = json(claims)
            .ok_or(Refusal::Malformed("a claim is missing or of another type: iss, sub, aud, exp, nbf, iat"))?;
        Ok(Self { text, algorithm, kid, claims })
    }

    /// The id of the key that it claims to be signed with.
    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    /// What it claims.
    pub(super) fn claims(&self) -> &Registered {
        &self.claims
    }

    /// Verifies the signature and the times.
    pub(super) fn verified(self, key: &Key, now: Timestamp) -> Result<Verified, Refusal> {
        if key.algorithm != self.algorithm {
            return Err(Refusal::Malformed("the key is for another algorithm"));
        }
        ring::install();
        // The library verifies the signature. Times, issuer and audience are looked at here,
        // where the time is an argument.
        let mut signature_only = Validation::new(self.algorithm);
        signature_only.validate_exp = false;
        signature_only.validate_nbf = false;
        signature_only.validate_aud = false;
        signature_only.required_spec_claims.clear();
        decode::<IgnoredAny>(self.text, &key.key, &signature_only)
            .map_err(|_| Refusal::Unknown("the signature is not the provider's"))?;
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

fn json<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
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
