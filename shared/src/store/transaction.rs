//! Transactions: their outcomes, and the backoff between attempts.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use rand::TryRng;
use rand::rngs::SysRng;

use super::{Error, TokenStore, client, item};

/// Maximum attempts at a change, each after a fresh read; then it fails with [`Error::Contention`].
pub(super) const MAX_ATTEMPTS: u32 = 60;

/// The outcome of a transaction.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TransactionOutcome {
    /// It is written.
    Committed,
    /// A condition does not hold; nothing was written.
    Refused,
    /// Another transaction on one of its items was in flight; nothing was written.
    Conflict,
}

impl TokenStore {
    /// One transaction. The SDK gives it an idempotency token, so that its own retries
    /// after a lost answer cannot write twice.
    pub(super) async fn transact(
        &self,
        writes: impl IntoIterator<Item = TransactWriteItem>,
    ) -> Result<TransactionOutcome, Error> {
        let writes = writes.into_iter().collect();
        outcome(self.client.transact_write_items().set_transact_items(Some(writes)).send().await)
    }

    /// One transaction that no caller waits for, tried once.
    pub(super) async fn transact_briefly<const N: usize>(
        &self,
        writes: [TransactWriteItem; N],
    ) -> Result<TransactionOutcome, Error> {
        let written = self.client.transact_write_items().set_transact_items(Some(writes.into())).customize();
        outcome(written.config_override(client::briefly(&self.client)).send().await)
    }

    /// Puts an item where there is none.
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

/// Failed conditions and transactions on the same items may be tried again after a fresh read;
/// any other reason is a failure.
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

/// Waits for a random part of a time that doubles from 4 to 256 ms ("full jitter"), so
/// that those who collided do not collide again.
pub(super) async fn backoff(tries: u32) {
    let longest = 4_u64 << tries.min(6);
    let part = SysRng.try_next_u32().map_or(longest, |drawn| u64::from(drawn) % (longest + 1));
    tokio::time::sleep(Duration::from_millis(part)).await;
}
