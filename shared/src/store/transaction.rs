//! Transactions: their outcomes, and the backoff between attempts.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use rand::TryRng;
use rand::rngs::SysRng;

use super::client::best_effort_config;
use super::events::EventWrite;
use super::{Error, TokenStore, item};
use crate::change_log::ChangeOutcome;

/// Maximum number of attempts at a change, each after a fresh read; then it fails with [`Error::Contention`].
pub(super) const MAX_ATTEMPTS: u32 = 60;

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

impl TokenStore {
    /// Runs a transaction with its event, and writes the event's line of the change log. The SDK adds an
    /// idempotency token, so that its retries cannot write twice.
    pub(super) async fn transact(
        &self,
        writes: impl IntoIterator<Item = TransactWriteItem>,
        event: &EventWrite,
    ) -> Result<TransactionOutcome, Error> {
        let request = self.client().await?.transact_write_items().set_transact_items(Some(event.with(writes)));
        self.log_outcome(event, outcome(request.send().await))
    }

    /// Runs a transaction that no caller waits for, with a single attempt.
    pub(super) async fn transact_best_effort(
        &self,
        writes: impl IntoIterator<Item = TransactWriteItem>,
        event: &EventWrite,
    ) -> Result<TransactionOutcome, Error> {
        let client = self.client().await?;
        let request = client.transact_write_items().set_transact_items(Some(event.with(writes))).customize();
        let sent = request.config_override(best_effort_config(client)).send().await;
        self.log_outcome(event, outcome(sent))
    }

    /// Every event passes here, so no change is without its line.
    fn log_outcome(
        &self,
        event: &EventWrite,
        outcome: Result<TransactionOutcome, Error>,
    ) -> Result<TransactionOutcome, Error> {
        match &outcome {
            Ok(TransactionOutcome::Committed) => self.log_change(&event.entry(ChangeOutcome::Done))?,
            Ok(TransactionOutcome::Refused | TransactionOutcome::Conflict) => {}
            Err(_) => self.log_change(&event.entry(ChangeOutcome::Unknown))?,
        }
        outcome
    }

    /// Puts an item that must not exist yet.
    pub(super) fn put_new(&self, item: item::Item) -> Result<TransactWriteItem, Error> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk)").build().map_err(Error::unavailable)?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

pub(super) fn write(update: Update) -> TransactWriteItem {
    TransactWriteItem::builder().update(update).build()
}

fn outcome<T>(sent: Result<T, SdkError<TransactWriteItemsError>>) -> Result<TransactionOutcome, Error> {
    let outcome = sent.map(|_| TransactionOutcome::Committed);
    outcome.or_else(|error| cancelled(&error).ok_or_else(|| Error::unavailable(error)))
}

/// Failed conditions and conflicts may be retried after a fresh read; any other reason is a failure.
fn cancelled(error: &SdkError<TransactWriteItemsError>) -> Option<TransactionOutcome> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return None;
    };
    let codes = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
    codes.filter(|code| *code != "None").try_fold(None, |so_far, code| match code {
        "ConditionalCheckFailed" => Some(Some(TransactionOutcome::Refused)),
        "TransactionConflict" => Some(so_far.or(Some(TransactionOutcome::Conflict))),
        _ => None,
    })?
}

/// Waits before a retry: a random part of a delay that doubles from 4 to 256 ms ("full jitter"), so that
/// concurrent writers do not collide again.
pub(super) async fn backoff(tries: u32) {
    let longest = 4_u64 << tries.min(6);
    let part = SysRng.try_next_u32().map_or(longest, |drawn| u64::from(drawn) % (longest + 1));
    tokio::time::sleep(Duration::from_millis(part)).await;
}
