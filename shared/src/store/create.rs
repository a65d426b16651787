//! Creating a token: its record, its first event and its owner's slots in one transaction.

use super::transaction::{MAX_ATTEMPTS, TransactionOutcome, backoff};
use super::{Error, Limits, TokenStore, item};
use crate::clock::Clock;
use crate::secret::TokenDigest;
use crate::token::{EventKind, EventOrigin, TokenRecord};

/// How creating a token ended.
#[derive(Debug, PartialEq, Eq)]
pub enum CreateOutcome {
    /// It is in the table.
    Done,
    /// The owner has as many live tokens as are allowed; nothing was written.
    LimitReached,
}

impl TokenStore {
    /// Creates a token, if its owner has a free slot.
    ///
    /// The transaction holds only if the slots have not changed since they were read; on a conflict
    /// it is tried again, at the time of then.
    ///
    /// Without a limit there are no slots: what is created then is not counted later.
    ///
    /// # Errors
    /// When the store fails; then nothing was acknowledged, and nothing is half written.
    pub async fn create(
        &self,
        record: &TokenRecord,
        digest: &TokenDigest,
        by: &EventOrigin,
        clock: &Clock,
        limits: Limits,
    ) -> Result<CreateOutcome, Error> {
        let counted = limits.live_tokens > 0;
        let record = &TokenRecord { counted, ..record.clone() };
        let put = self.put_new(item::new_token(record, digest, limits.retention_days))?;
        let event = self.event(record, &EventKind::Created, by, record.created_at, limits.history_days)?;
        for tries in 0..MAX_ATTEMPTS {
            let mut writes = vec![put.clone(), event.clone()];
            if counted {
                let Some(slot) = self.take_slot(record, clock.now(), limits.live_tokens).await? else {
                    return Ok(CreateOutcome::LimitReached);
                };
                writes.push(slot);
            }
            if self.transact(writes).await? == TransactionOutcome::Committed {
                return Ok(CreateOutcome::Done);
            }
            backoff(tries).await;
        }
        Err(Error::Contention)
    }
}
