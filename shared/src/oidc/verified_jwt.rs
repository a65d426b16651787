//! The signature and the times of a JWT.

use jsonwebtoken::crypto::verify;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Number;

use super::{JwtError, ring_verifier};
use crate::clock::Timestamp;
use crate::oidc::unverified_jwt;
use crate::oidc::unverified_jwt::{RegisteredClaims, UnverifiedJwt};

/// By how much the clocks of provider and gateway may differ.
const LEEWAY_SECONDS: i64 = 60;

/// Whether a credential has a JWT's form, unsigned ones included: three parts with dots
/// between them. A token never has a dot.
#[must_use]
pub fn looks_like_jwt(text: &str) -> bool {
    text.split('.').count() == 3
}

/// What a JWT says whose signature and times were verified.
pub(super) struct VerifiedJwt {
    pub(super) claims: RegisteredClaims,
    pub(super) expires_at: Timestamp,
}

impl UnverifiedJwt<'_> {
    /// Verifies the signature, with any of the keys that are for its algorithm, and the times.
    pub(super) fn verified(self, keys: &[DecodingKey], now: Timestamp) -> Result<VerifiedJwt, JwtError> {
        if keys.is_empty() {
            return Err(JwtError::Unknown("the provider has no key with this id for this algorithm"));
        }
        ring_verifier::install();
        let signed = self.signing_input.as_bytes();
        // An error is a signature that is no base64url.
        let is_of = |key| verify(self.signature, signed, key, self.algorithm.into()).unwrap_or(false);
        if !keys.iter().any(is_of) {
            return Err(JwtError::Unknown("the signature is not the provider's"));
        }
        let expires_at = time(&self.claims.exp);
        let verified = VerifiedJwt { claims: self.claims, expires_at };
        if now >= verified.refused_from() {
            return Err(JwtError::Expired);
        }
        if verified.claims.nbf.as_ref().is_some_and(|nbf| now.plus_seconds(LEEWAY_SECONDS) < time(nbf)) {
            return Err(JwtError::Unknown("it is not valid yet"));
        }
        Ok(verified)
    }
}

impl VerifiedJwt {
    /// From when on it is refused for its age, the leeway included.
    pub(super) fn refused_from(&self) -> Timestamp {
        self.expires_at.plus_seconds(LEEWAY_SECONDS)
    }
}

impl From<unverified_jwt::Algorithm> for Algorithm {
    fn from(algorithm: unverified_jwt::Algorithm) -> Self {
        match algorithm {
            unverified_jwt::Algorithm::Rs256 => Self::RS256,
            unverified_jwt::Algorithm::Es256 => Self::ES256,
            unverified_jwt::Algorithm::EdDsa => Self::EdDSA,
        }
    }
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
