//! Errors of the store.

use std::error::Error as StdError;

use aws_sdk_dynamodb::error::DisplayErrorContext;

/// The store failed. Whoever gets this has no answer and must not make one up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// DynamoDB could not be reached, was too slow, or refused the call.
    #[error("DynamoDB: {0}")]
    Unavailable(String),
    /// Others changed the same items again and again.
    #[error("too many changes at once")]
    Contention,
    /// An item is not as this version writes it.
    #[error("the item {id} has no good {attribute}")]
    Corrupt {
        /// The token's id or the owner.
        id: String,
        /// The attribute that is missing or wrong.
        attribute: &'static str,
    },
}

impl Error {
    pub(super) fn unavailable(error: impl StdError) -> Self {
        Self::Unavailable(DisplayErrorContext(error).to_string())
    }
}
