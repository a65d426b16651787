//! Errors of the store.

use std::error::Error as StdError;

use aws_sdk_dynamodb::error::DisplayErrorContext;

/// The store failed, so the result is unknown. Callers must not substitute a default.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// DynamoDB was unreachable, too slow, or refused the call.
    #[error("DynamoDB: {0}")]
    Unavailable(String),
    /// Concurrent changes of the same items exhausted all attempts.
    #[error("too many concurrent changes")]
    Contention,
    /// The change log cannot be written, so a change is not acknowledged. It may have been made.
    #[error("cannot write the change log: {0}")]
    ChangeLog(std::io::Error),
    /// A newer release wrote the table in a format that this one cannot read.
    #[error("the table has schema version {found}, this release supports up to {supported}: deploy the newer release")]
    NewerSchema {
        /// The table's schema version.
        found: u64,
        /// The newest version that this release reads.
        supported: u64,
    },
    /// An item is not in the format that this version writes.
    #[error("the item {id} has a missing or invalid {attribute}")]
    Corrupt {
        /// The token's ID, the owner, `CATALOG` or `SCHEMA`.
        id: String,
        /// The missing or invalid attribute.
        attribute: &'static str,
    },
}

impl Error {
    /// The audit log's reason code, and a detail if the code alone does not say what to do.
    #[must_use]
    pub fn audit_reason(&self) -> (&'static str, Option<String>) {
        match self {
            Self::NewerSchema { .. } => ("newer_schema", Some(self.to_string())),
            _ => ("store_unavailable", None),
        }
    }

    pub(super) fn unavailable(error: impl StdError) -> Self {
        Self::Unavailable(DisplayErrorContext(error).to_string())
    }
}
