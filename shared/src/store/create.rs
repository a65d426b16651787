//! Creation of a token: its record, first event and slot in one transaction.

use super::backoff::backoff;
use super::transaction::MAX_ATTEMPTS;
use super::transaction_outcome::TransactionOutcome;
use super::{Error, Limits, TokenStore, item};
use crate::clock::Clock;
use crate::secret::TokenDigest;
use crate::token::{EventKind, EventOrigin, TokenRecord};

/// Outcome of creating a token.
#[derive(Debug, PartialEq, Eq)]
pub enum CreateOutcome {
    /// Created.
    Done,
    /// The owner has reached the maximum number of live tokens; nothing was written.
    LimitReached,
    /// A token with this ID exists: an earlier request with the same idempotency key created it. Nothing was
    /// written.
    AlreadyExists,
}

impl TokenStore {
    /// Creates a token if its owner has a free slot and its ID is new.
    ///
    /// The transaction requires that the slots have not changed since they were read. On a conflict it is
    /// retried with the current time.
    ///
    /// Without a limit there are no slots, and tokens created then never count.
    ///
    /// # Errors
    /// When the store fails. The token was then not acknowledged and no partial state exists.
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
            let mut writes = vec![put.clone()];
            if counted {
                let Some(slot) = self.take_slot(record, clock.now(), limits.live_tokens).await? else {
                    return Ok(CreateOutcome::LimitReached);
                };
                writes.push(slot);
            }
            if self.transact(writes, &event).await? == TransactionOutcome::Committed {
                return Ok(CreateOutcome::Done);
            }
            if self.exists(&record.id).await? {
                return Ok(CreateOutcome::AlreadyExists);
            }
            backoff(tries).await;
        }
        Err(Error::Contention)
    }
}
