//! Idempotency keys of rotations.

use crate::clock::Timestamp;
use crate::secret::TokenDigest;

/// The key of a request by which a token was given a new secret.
#[derive(Clone, Debug)]
pub struct RotationKey {
    /// SHA-256 of the key.
    pub digest: TokenDigest,
    /// When the request came.
    pub at: Timestamp,
}

impl RotationKey {
    /// For so long a request that is repeated with its key is known again.
    const SECONDS: i64 = 600;

    /// Whether it is known at a moment.
    pub(super) fn is_known(&self, now: Timestamp) -> bool {
        now < self.at.plus_seconds(Self::SECONDS)
    }
}
