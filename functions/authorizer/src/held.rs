//! The catalog, held in memory for a minute at most.
//!
//! It is read during the start, where it also moves the TLS handshake out of the first
//! request; in a function that is in use, again after an answer has left, once it is half as
//! old as it may be; and else on the way of a request, beside the read of the record.

use std::sync::{Arc, Mutex, PoisonError};

use portcullis::access::Catalog;
use portcullis::clock::Timestamp;
use portcullis::store::{self, CATALOG_SECONDS};

use crate::Authorizer;

/// A catalog, and when it was read.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) catalog: Arc<Catalog>,
    read_at: Timestamp,
}

#[cfg(test)]
impl Held {
    pub(crate) fn new(catalog: Catalog) -> Self {
        Self { catalog: Arc::new(catalog), read_at: Timestamp::from_seconds(0) }
    }
}

/// Where it is held.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holder(Arc<Mutex<Option<Held>>>);

impl Holder {
    /// What was read within so many seconds. A clock that was set back makes it old.
    fn within(&self, seconds: i64, now: Timestamp) -> Option<Held> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        held.filter(|held| held.read_at <= now && now < held.read_at.plus_seconds(seconds))
    }
}

impl Authorizer {
    /// The catalog that decides now.
    ///
    /// # Errors
    /// When it is too old and the store fails: without it nothing is decided.
    pub(crate) async fn held(&self, now: Timestamp) -> Result<Held, store::Error> {
        match self.holder.within(CATALOG_SECONDS, now) {
            Some(held) => Ok(held),
            None => self.read_catalog(now).await,
        }
    }

    /// Reads the catalog again before it is too old, while nobody waits.
    pub(crate) async fn read_ahead(&self, now: Timestamp) {
        if self.holder.within(CATALOG_SECONDS / 2, now).is_none()
            && let Err(error) = self.read_catalog(now).await
        {
            // Whoever needs it next reads it, or is not let in.
            tracing::warn!(%error, "the catalog was not read");
        }
    }

    async fn read_catalog(&self, now: Timestamp) -> Result<Held, store::Error> {
        let catalog = Arc::new(self.app.tokens.catalog().await?.catalog);
        let held = Held { catalog, read_at: now };
        *self.holder.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(held.clone());
        Ok(held)
    }
}
