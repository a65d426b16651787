//! Errors of calls.

use http::StatusCode;
use serde::Deserialize;

use super::super::item::{Item, ReadItem};
use super::super::transaction_outcome::{TransactionOutcome, outcome_of_cancellation};
use crate::http_client::ConnectionError;
use crate::store::Error;

/// Error codes that ask for another attempt although the status is 400
/// ([AWS](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html)).
const TEMPORARY: [&str; 4] =
    ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException", "Throttling"];

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// The condition of a write failed; with the item if the write asked for it.
    #[error("the condition failed")]
    ConditionFailed(Option<Item>),
    /// A transaction was cancelled; with the code of each write.
    #[error("the transaction was cancelled: {0:?}")]
    Cancelled(Vec<String>),
    /// Any other error of the service.
    #[error("{code} (status {status}): {message}")]
    Service { status: u16, code: String, message: String },
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error("no response in time")]
    Timeout,
    #[error("the request cannot be written")]
    InvalidRequest,
    #[error("no valid credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")]
    NoCredentials,
}

#[derive(Deserialize)]
struct ErrorBody<'a> {
    /// The code, after a namespace and `#`.
    #[serde(rename = "__type")]
    kind: String,
    #[serde(default, alias = "Message")]
    message: String,
    #[serde(rename = "Item", borrow)]
    item: Option<ReadItem<'a>>,
    #[serde(rename = "CancellationReasons", default)]
    reasons: Vec<CancellationReason>,
}

#[derive(Deserialize)]
struct CancellationReason {
    #[serde(rename = "Code")]
    code: Option<String>,
}

impl CallError {
    /// The error in a response.
    pub(super) fn from_response(status: StatusCode, body: &[u8]) -> Self {
        let status = status.as_u16();
        let Ok(error) = serde_json::from_slice::<ErrorBody<'_>>(body) else {
            return Self::Service { status, code: "UnknownError".to_owned(), message: String::new() };
        };
        match error.kind.rsplit('#').next().unwrap_or_default() {
            "ConditionalCheckFailedException" => Self::ConditionFailed(error.item.map(|item| item.0.into_item())),
            "TransactionCanceledException" => {
                Self::Cancelled(error.reasons.into_iter().filter_map(|reason| reason.code).collect())
            }
            code => Self::Service { status, code: code.to_owned(), message: error.message },
        }
    }

    /// Whether another attempt may succeed.
    pub(super) fn is_temporary(&self) -> bool {
        match self {
            Self::Service { status, code, .. } => *status >= 500 || TEMPORARY.contains(&&**code),
            Self::Connection(_) | Self::Timeout => true,
            _ => false,
        }
    }

    /// The outcome of a cancelled transaction; `None` if it failed for another reason.
    pub(super) fn transaction_outcome(&self) -> Option<TransactionOutcome> {
        match self {
            Self::Cancelled(codes) => outcome_of_cancellation(codes.iter().map(String::as_str)),
            _ => None,
        }
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
