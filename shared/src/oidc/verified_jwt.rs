//! Verification of the signature and the times of a JWT.

use jsonwebtoken::crypto::verify;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Number;

use super::{JwtError, ring_verifier};
use crate::clock::Timestamp;
use crate::oidc::unverified_jwt;
use crate::oidc::unverified_jwt::{RegisteredClaims, UnverifiedJwt};

/// Tolerated difference between the provider's and the gateway's clock, in seconds.
const LEEWAY_SECONDS: i64 = 60;

/// Whether a credential has the form of a JWT, including unsigned ones: three parts separated by dots. A token
/// contains no dot.
#[must_use]
pub fn looks_like_jwt(text: &str) -> bool {
    text.split('.').count() == 3
}

/// Claims of a JWT whose signature and times were verified.
pub(super) struct VerifiedJwt {
    pub(super) claims: RegisteredClaims,
    pub(super) expires_at: Timestamp,
}

impl UnverifiedJwt<'_> {
    /// Verifies the signature with any of the keys for its algorithm, and the times.
    pub(super) fn verified(self, keys: &[DecodingKey], now: Timestamp) -> Result<VerifiedJwt, JwtError> {
        if keys.is_empty() {
            return Err(JwtError::Unknown("the provider has no key with this id for this algorithm"));
        }
        ring_verifier::install();
        let signed = self.signing_input.as_bytes();
        // An error means that the signature is not base64url.
        let is_of = |key| verify(self.signature, signed, key, self.algorithm.into()).unwrap_or(false);
        if !keys.iter().any(is_of) {
            return Err(JwtError::Unknown("invalid signature"));
        }
        let expires_at = time(&self.claims.exp);
        let verified = VerifiedJwt { claims: self.claims, expires_at };
        if now >= verified.refused_from() {
            return Err(JwtError::Expired);
        }
        // Without the check of `iat`, a clock that is behind would accept an expired JWT without `nbf`.
        let RegisteredClaims { nbf, iat, .. } = &verified.claims;
        if [nbf, iat].into_iter().flatten().any(|begin| now.plus_seconds(LEEWAY_SECONDS) < time(begin)) {
            return Err(JwtError::Unknown("the JWT is not valid yet"));
        }
        Ok(verified)
    }
}

impl VerifiedJwt {
    /// Time from which it counts as expired, including the leeway.
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

/// Converts a `NumericDate`: seconds with an optional fraction, which is truncated.
fn time(number: &Number) -> Timestamp {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast from f64 saturates, and a timestamp has bounds of its own"
    )]
    let seconds = number.as_i64().or_else(|| number.as_f64().map(|seconds| seconds as i64));
    // Any other number is out of range.
    Timestamp::from_seconds(seconds.unwrap_or(i64::MAX))
}
