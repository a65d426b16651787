//! Outcomes of transactions.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;

use super::Error;

/// Outcome of a transaction.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TransactionOutcome {
    /// It was written.
    Committed,
    /// A condition failed; nothing was written.
    Refused,
    /// A concurrent transaction on one of the items; nothing was written.
    Conflict,
}

/// The outcome of a call of the SDK.
pub(super) fn outcome<T>(sent: Result<T, SdkError<TransactWriteItemsError>>) -> Result<TransactionOutcome, Error> {
    let outcome = sent.map(|_| TransactionOutcome::Committed);
    outcome.or_else(|error| cancelled(&error).ok_or_else(|| Error::unavailable(error)))
}

/// Failed conditions and conflicts may be retried after a fresh read; any other reason is a failure.
fn cancelled(error: &SdkError<TransactWriteItemsError>) -> Option<TransactionOutcome> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return None;
    };
    outcome_of_cancellation(cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code()))
}

/// The outcome of a transaction that was cancelled with these codes; `None` if one of them is another failure.
pub(super) fn outcome_of_cancellation<'a>(codes: impl Iterator<Item = &'a str>) -> Option<TransactionOutcome> {
    codes.filter(|code| *code != "None").try_fold(None, |so_far, code| match code {
        "ConditionalCheckFailed" => Some(Some(TransactionOutcome::Refused)),
        "TransactionConflict" => Some(so_far.or(Some(TransactionOutcome::Conflict))),
        _ => None,
    })?
}
