//! A token and the secret that was presented.

use super::StoredCredential;

/// A token, by which of its secrets was presented.
#[derive(Clone, Debug)]
pub enum MatchedSecret {
    /// The current secret.
    Current(StoredCredential),
    /// The previous secret, during its overlap.
    Previous(StoredCredential),
    /// A retired secret.
    Retired(StoredCredential),
}
