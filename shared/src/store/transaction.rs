//! Transactions: their conflicts, and the pauses between tries.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use rand::TryRng;
use rand::rngs::SysRng;

use super::{Error, Tokens, client, item};

/// How many times a change is tried against other changes before it is given up.
pub(super) const MAX_TRIES: u32 = 60;

/// How a transaction ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Transacted {
    /// It is written.
    Done,
    /// A condition does not hold; nothing was written.
    Refused,
    /// Another transaction on one of its items was in flight; nothing was written.
    Conflict,
}

impl Tokens {
    /// One transaction. The SDK gives it an idempotency token, so that its own retries
    /// after a lost answer cannot write twice.
    pub(super) async fn transact(
        &self,
        writes: impl IntoIterator<Item = TransactWriteItem>,
    ) -> Result<Transacted, Error> {
        let writes = writes.into_iter().collect();
        match self.client.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(Transacted::Done),
            Err(error) => cancelled(&error).ok_or_else(|| Error::unavailable(error)),
        }
    }

    /// One transaction that no caller waits for, tried once.
    pub(super) async fn transact_briefly<const N: usize>(
        &self,
        writes: [TransactWriteItem; N],
    ) -> Result<Transacted, Error> {
        let written = self.client.transact_write_items().set_transact_items(Some(writes.into())).customize();
        match written.config_override(client::briefly(&self.client)).send().await {
            Ok(_) => Ok(Transacted::Done),
            Err(error) => cancelled(&error).ok_or_else(|| Error::unavailable(error)),
        }
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

/// Failed conditions and transactions on the same items may be tried again after a fresh read;
/// any other reason is a failure.
fn cancelled(error: &SdkError<TransactWriteItemsError>) -> Option<Transacted> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return None;
    };
    let codes = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
    codes.filter(|code| *code != "None").try_fold(None, |so_far, code| match code {
        "ConditionalCheckFailed" => Some(Some(Transacted::Refused)),
        "TransactionConflict" => Some(so_far.or(Some(Transacted::Conflict))),
        _ => None,
    })?
}

/// Waits for a random part of a time that doubles from 4 to 256 ms ("full jitter"), so
/// that those who collided do not collide again.
pub(super) async fn pause(tries: u32) {
    let longest = 4_u64 << tries.min(6);
    let part = SysRng.try_next_u32().map_or(longest, |drawn| u64::from(drawn) % (longest + 1));
    tokio::time::sleep(Duration::from_millis(part)).await;
}
