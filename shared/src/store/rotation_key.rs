//! Idempotency keys of rotations.

use crate::clock::Timestamp;
use crate::secret::TokenDigest;

/// The idempotency key of a rotation.
#[derive(Clone, Debug)]
pub struct RotationKey {
    /// SHA-256 of the key.
    pub digest: TokenDigest,
    /// Time of the request.
    pub at: Timestamp,
}

impl RotationKey {
    /// How long a repeated key is recognized, in seconds.
    const SECONDS: i64 = 600;

    /// Whether the key is still recognized.
    pub(super) fn is_known(&self, now: Timestamp) -> bool {
        now < self.at.plus_seconds(Self::SECONDS)
    }
}
