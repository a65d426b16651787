//! A token and which of its secrets was presented.

use super::Credential;

/// What a presented secret is to its token.
#[derive(Clone, Debug)]
pub enum Presented {
    /// The present secret.
    Current(Credential),
    /// The one before, during its overlap.
    Superseded(Credential),
    /// One that a rotation has ended.
    Ended(Credential),
}
