//! A token with what is stored of its secrets.

use super::RotationKey;
use crate::clock::Timestamp;
use crate::secret::SecretHistory;
use crate::token::TokenRecord;

/// What is known of a token by the functions that are shown secrets.
#[derive(Clone, Debug)]
pub struct StoredCredential {
    /// What is stored of its secrets.
    pub secrets: SecretHistory,
    /// The requests by which it was given new secrets of late, as far as those had keys.
    pub rotation_keys: Vec<RotationKey>,
    /// When it was last noted that a secret was used which had ended.
    pub reuse_seen_at: Option<Timestamp>,
    /// Everything else.
    pub record: TokenRecord,
}

impl StoredCredential {
    /// When a request with the same key gave the token a secret, if it is known.
    #[must_use]
    pub fn rotated_by(&self, key: &RotationKey) -> Option<Timestamp> {
        let known = self.rotation_keys.iter().filter(|known| known.is_known(key.at));
        known.into_iter().find(|known| known.digest.matches(&key.digest)).map(|known| known.at)
    }
}
