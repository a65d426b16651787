//! Exchange of an identity for a token: the record, its first event and a replay guard in one transaction, so
//! that each identity works once.

use super::backoff::backoff;
use super::transaction::MAX_ATTEMPTS;
use super::transaction_outcome::TransactionOutcome;
use super::{Error, Limits, TokenStore, item};
use crate::clock::Timestamp;
use crate::secret::TokenDigest;
use crate::token::{EventKind, EventOrigin, TokenRecord};

/// Marks an identity as exchanged, so that it cannot be used again.
#[derive(Clone, Debug)]
pub struct ReplayGuard {
    digest: TokenDigest,
    /// Time from which the identity is expired, and the guard is no longer needed.
    until: Timestamp,
}

/// Outcome of an exchange.
#[derive(Debug, PartialEq, Eq)]
pub enum ExchangeOutcome {
    /// The token was created.
    Done,
    /// The identity was exchanged before; nothing was written.
    Replayed,
}

impl ReplayGuard {
    /// The guard for the identity with this `jti` from this issuer.
    #[must_use]
    pub fn new(issuer: &str, jti: &str, until: Timestamp) -> Self {
        // An issuer is a URL and contains no line feed, so the combination is unique.
        Self { digest: TokenDigest::hash(format!("{issuer}\n{jti}").as_bytes()), until }
    }
}

impl TokenStore {
    /// Creates the token unless its identity was exchanged before. It takes no slot of its owner.
    ///
    /// # Errors
    /// When the store fails. The token was then not acknowledged and no partial state exists.
    pub async fn exchange(
        &self,
        record: &TokenRecord,
        digest: &TokenDigest,
        identity: &ReplayGuard,
        by: &EventOrigin,
        limits: Limits,
    ) -> Result<ExchangeOutcome, Error> {
        let record = &TokenRecord { counted: false, ..record.clone() };
        let writes = [
            self.put_new(item::identity(&identity.digest, identity.until))?,
            self.put_new(item::new_token(record, digest, limits.retention_days))?,
        ];
        let event = self.event(record, &EventKind::Created, by, record.created_at, limits.history_days)?;
        for tries in 0..MAX_ATTEMPTS {
            if self.transact(writes.clone(), &event).await? == TransactionOutcome::Committed {
                return Ok(ExchangeOutcome::Done);
            }
            if self.read(item::identity_key(&identity.digest), &["pk"]).await?.attributes()?.is_some() {
                return Ok(ExchangeOutcome::Replayed);
            }
            backoff(tries).await;
        }
        Err(Error::Contention)
    }
}
