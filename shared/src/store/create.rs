//! Making a token: its record and its owner's slots in one transaction.

use std::time::Duration;

use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use rand::TryRng;
use rand::rngs::SysRng;

use super::change::event;
use super::{Error, Tokens, item};
use crate::clock::Timestamp;
use crate::token::{Author, Digest, Happened, Record};

/// How many times a change is tried against others' changes before it is given up.
pub(super) const MOST_TRIES: u32 = 60;

/// What the deployment allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most live tokens of one owner; 0 is no limit.
    pub live_tokens: u32,
    /// How long a record outlives its token.
    pub retention_days: u32,
}

/// How creating a token ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Created {
    /// It is in the table.
    Done,
    /// The owner has as many live tokens as are allowed; nothing was written.
    LimitReached,
}

impl Tokens {
    /// Makes a token, if its owner has a free slot, and its first event. The slots of tokens that have expired
    /// are given up on the way.
    ///
    /// Record and slots are written in one transaction that holds only if nobody changed
    /// the slots since they were read; on a conflict both are tried again.
    ///
    /// Without a limit there are no slots: what was made then is not counted later.
    ///
    /// # Errors
    /// When the store fails; then nothing was acknowledged, and nothing is half written.
    pub async fn create(
        &self,
        record: &Record,
        digest: &Digest,
        by: &Author,
        limits: Limits,
    ) -> Result<Created, Error> {
        let ttl = end_of_life(record, limits.retention_days);
        let made = event(record, &Happened::Created, by, record.created_at)?;
        let made = self.put_event(&record.id, &made, ttl).map_err(Error::unavailable)?;
        let put = self.put_new(item::new_token(record, digest, ttl)).map_err(Error::unavailable)?;
        for attempt in 0..MOST_TRIES {
            let mut writes = vec![put.clone(), made.clone()];
            if limits.live_tokens > 0 {
                let mut slots = self.slots(&record.owner).await?.without_expired(record.created_at);
                if slots.count() >= usize::try_from(limits.live_tokens).unwrap_or(usize::MAX) {
                    return Ok(Created::LimitReached);
                }
                slots.take(&record.id, record.expires_at);
                let update = self.write_slots(&record.owner, &slots).map_err(Error::unavailable)?;
                writes.push(TransactWriteItem::builder().update(update).build());
            }
            if self.transact(writes).await? == Transacted::Done {
                return Ok(Created::Done);
            }
            pause(attempt).await;
        }
        Err(Error::Contention)
    }

    /// Puts an item where there is none.
    pub(super) fn put_new(&self, item: item::Item) -> Result<TransactWriteItem, BuildError> {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(pk)").build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// One transaction. The SDK gives it an idempotency token, so that its own retries
    /// after a lost answer cannot write twice.
    pub(super) async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<Transacted, Error> {
        match self.client.transact_write_items().set_transact_items(Some(writes)).send().await {
            Ok(_) => Ok(Transacted::Done),
            Err(error) if is_conflict(&error) => Ok(Transacted::Conflict),
            Err(error) => Err(Error::unavailable(error)),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Transacted {
    Done,
    /// Someone else changed an item first, or is just changing it.
    Conflict,
}

/// For how many days the record of a token outlives it that was exchanged for an identity: each
/// job leaves one, and the audit log has what it did.
const EXCHANGED_RETENTION_DAYS: u32 = 1;

/// When a record may be cleared away, if it ever may: DynamoDB's TTL does it within days after.
pub(super) fn end_of_life(record: &Record, retention_days: u32) -> Option<Timestamp> {
    let retention_days =
        if record.via.is_some() { retention_days.min(EXCHANGED_RETENTION_DAYS) } else { retention_days };
    let ends = [record.revoked.as_ref().map(|revoked| revoked.at), record.expires_at];
    ends.into_iter().flatten().min().map(|end| end.plus_seconds(i64::from(retention_days) * 86_400))
}

/// A failed condition and a transaction on the same item are conflicts, to be tried again
/// after a fresh read; anything else that cancels a transaction is a failure.
pub(super) fn is_conflict(error: &SdkError<TransactWriteItemsError>) -> bool {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() else {
        return false;
    };
    let codes = canceled.cancellation_reasons().iter().filter_map(|reason| reason.code());
    let mut causes = codes.filter(|code| *code != "None").peekable();
    causes.peek().is_some() && causes.all(|code| matches!(code, "ConditionalCheckFailed" | "TransactionConflict"))
}

/// Waits for a random part of a time that doubles from 4 to 256 ms ("full jitter"), so
/// that those who collided do not collide again.
pub(super) async fn pause(attempt: u32) {
    let most = 4_u64 << attempt.min(6);
    let part = SysRng.try_next_u32().map_or(most, |drawn| u64::from(drawn) % (most + 1));
    tokio::time::sleep(Duration::from_millis(part)).await;
}
