//! Creating a token: its record, its first event and its owner's slots in one transaction.

use super::transaction::{MAX_ATTEMPTS, TransactionOutcome, backoff};
use super::{Error, Limits, Tokens, item};
use crate::clock::Clock;
use crate::secret::Digest;
use crate::token::{Author, Happened, Record};

/// How creating a token ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Created {
    /// It is in the table.
    Done,
    /// The owner has as many live tokens as are allowed; nothing was written.
    LimitReached,
}

impl Tokens {
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
        record: &Record,
        digest: &Digest,
        by: &Author,
        clock: &Clock,
        limits: Limits,
    ) -> Result<Created, Error> {
        let counted = limits.live_tokens > 0;
        let record = &Record { counted, ..record.clone() };
        let put = self.put_new(item::new_token(record, digest, limits.retention_days))?;
        let event = self.event(record, &Happened::Created, by, record.created_at, limits.history_days)?;
        for tries in 0..MAX_ATTEMPTS {
            let mut writes = vec![put.clone(), event.clone()];
            if counted {
                let Some(slot) = self.take_slot(record, clock.now(), limits.live_tokens).await? else {
                    return Ok(Created::LimitReached);
                };
                writes.push(slot);
            }
            if self.transact(writes).await? == TransactionOutcome::Committed {
                return Ok(Created::Done);
            }
            backoff(tries).await;
        }
        Err(Error::Contention)
    }
}
