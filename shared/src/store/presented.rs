//! A token and which of its secrets was presented.

use super::StoredCredential;

/// What a presented secret is to its token.
#[derive(Clone, Debug)]
pub enum Presented {
    /// The present secret.
    Current(StoredCredential),
    /// The one before, during its overlap.
    Superseded(StoredCredential),
    /// One that a rotation has ended.
    Ended(StoredCredential),
}
