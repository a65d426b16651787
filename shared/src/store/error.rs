//! Errors of the store.

use std::error::Error as StdError;

use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

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

/// Whether the condition of a write held; without it nothing was written.
pub(super) fn condition_held<T, E>(sent: Result<T, SdkError<E>>) -> Result<bool, Error>
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    match sent {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(Error::unavailable(error)),
    }
}
