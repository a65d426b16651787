//! Transactions with their events.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};

use super::events::EventWrite;
use super::transaction_outcome::{TransactionOutcome, outcome};
use super::{Error, ItemStore, TokenStore, item};
use crate::change_log::ChangeOutcome;

/// Maximum number of attempts at a change, each after a fresh read; then it fails with [`Error::Contention`].
pub(super) const MAX_ATTEMPTS: u32 = 60;

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
}

impl ItemStore {
    /// Runs a transaction that no caller waits for, with a single attempt.
    pub(super) async fn transact_best_effort(
        &self,
        writes: impl IntoIterator<Item = TransactWriteItem>,
        event: &EventWrite,
    ) -> Result<TransactionOutcome, Error> {
        let outcome = self.item_client().await?.transact_write_items(event.with(writes)).await;
        self.log_outcome(event, outcome)
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
