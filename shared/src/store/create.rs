//! Creating a token: its record, its first event and its owner's slots in one transaction.

use super::transaction::{MAX_TRIES, Transacted, pause};
use super::{Error, Tokens, item};
use crate::clock::Clock;
use crate::env::{ConfigError, Env};
use crate::secret::Digest;
use crate::token::{Author, Happened, Record};

/// What the deployment allows, and how long it keeps what has ended.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `PORTCULLIS_MAX_TOKENS_PER_OWNER`: the most live tokens of one owner (10); 0 is no limit.
    pub live_tokens: u32,
    /// `PORTCULLIS_RETENTION_DAYS`: how many days a record outlives its token (30).
    pub retention_days: u32,
    /// `PORTCULLIS_HISTORY_DAYS`: how many days an event is kept (400).
    pub history_days: u32,
}

impl Limits {
    /// Reads the environment that the template sets.
    ///
    /// # Errors
    /// Names the variable that is wrong.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        let default = Self::default();
        Ok(Self {
            live_tokens: env.parse("PORTCULLIS_MAX_TOKENS_PER_OWNER", default.live_tokens)?,
            retention_days: env.parse("PORTCULLIS_RETENTION_DAYS", default.retention_days)?,
            history_days: env.parse("PORTCULLIS_HISTORY_DAYS", default.history_days)?,
        })
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { live_tokens: 10, retention_days: 30, history_days: 400 }
    }
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
        for tries in 0..MAX_TRIES {
            let mut writes = vec![put.clone(), event.clone()];
            if counted {
                let Some(slot) = self.take_slot(record, clock.now(), limits.live_tokens).await? else {
                    return Ok(Created::LimitReached);
                };
                writes.push(slot);
            }
            if self.transact(writes).await? == Transacted::Done {
                return Ok(Created::Done);
            }
            pause(tries).await;
        }
        Err(Error::Contention)
    }
}
