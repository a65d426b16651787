//! A token together with its secret.

use super::TokenRecord;
use crate::secret::PlaintextToken;

/// A stored token and its plaintext, which only the response shows.
pub struct IssuedToken {
    /// The record.
    pub record: TokenRecord,
    /// The plaintext token.
    pub secret: PlaintextToken,
}
