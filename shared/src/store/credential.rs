//! A token with its stored secrets.

use super::RotationKey;
use crate::clock::Timestamp;
use crate::secret::SecretHistory;
use crate::token::TokenRecord;

/// A token as the functions that verify secrets read it.
#[derive(Clone, Debug)]
pub struct StoredCredential {
    /// Digests of its secrets.
    pub secrets: SecretHistory,
    /// Idempotency keys of its recent rotations.
    pub rotation_keys: Vec<RotationKey>,
    /// Time at which the reuse of a retired secret was last recorded.
    pub reuse_seen_at: Option<Timestamp>,
    /// The token's record.
    pub record: TokenRecord,
}

impl StoredCredential {
    /// Time of the rotation with the same key, if it is remembered.
    #[must_use]
    pub fn rotated_by(&self, key: &RotationKey) -> Option<Timestamp> {
        let known = self.rotation_keys.iter().filter(|known| known.is_known(key.at));
        known.into_iter().find(|known| known.digest.ct_eq(&key.digest)).map(|known| known.at)
    }
}
