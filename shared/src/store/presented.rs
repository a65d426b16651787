//! A token and the secret that was presented.

use super::StoredCredential;

/// A token, by which of its secrets was presented.
#[derive(Clone, Debug)]
pub enum Presented {
    /// The current secret.
    Current(StoredCredential),
    /// The previous secret, during its overlap.
    Superseded(StoredCredential),
    /// A retired secret.
    Ended(StoredCredential),
}
