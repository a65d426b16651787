//! Exchanging an identity for a token: the record, its first event and a note that the identity was
//! exchanged, in one transaction, so that each identity works once.

use super::transaction::{MAX_ATTEMPTS, TransactionOutcome, backoff};
use super::{Error, Limits, TokenStore, item};
use crate::clock::Timestamp;
use crate::secret::TokenDigest;
use crate::token::{EventKind, EventOrigin, TokenRecord};

/// An identity, as it is known again.
#[derive(Clone, Debug)]
pub struct ReplayGuard {
    digest: TokenDigest,
    /// From when on it is refused for its age, and need not be known any more.
    until: Timestamp,
}

/// How an exchange ended.
#[derive(Debug, PartialEq, Eq)]
pub enum ExchangeOutcome {
    /// The token is in the table.
    Done,
    /// The identity was exchanged before; nothing was written.
    Replayed,
}

impl ReplayGuard {
    /// The identity with this `jti`, of this issuer.
    #[must_use]
    pub fn new(issuer: &str, jti: &str, until: Timestamp) -> Self {
        // An issuer is a URL, so nothing else reads as the two of them with a line feed between.
        Self { digest: TokenDigest::hash(format!("{issuer}\n{jti}").as_bytes()), until }
    }
}

impl TokenStore {
    /// Creates the token for an identity that has not been exchanged before. It takes no slot of its
    /// owner's.
    ///
    /// # Errors
    /// When the store fails; then nothing was acknowledged, and nothing is half written.
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
            self.event(record, &EventKind::Created, by, record.created_at, limits.history_days)?,
        ];
        for tries in 0..MAX_ATTEMPTS {
            if self.transact(writes.clone()).await? == TransactionOutcome::Committed {
                return Ok(ExchangeOutcome::Done);
            }
            if self.read(item::identity_key(&identity.digest), &["pk"]).await?.is_some() {
                return Ok(ExchangeOutcome::Replayed);
            }
            backoff(tries).await;
        }
        Err(Error::Contention)
    }
}
