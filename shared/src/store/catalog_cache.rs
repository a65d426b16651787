//! Cache of the catalog, for the functions that decide on requests.
//!
//! It is read during the start, where it also moves the TLS handshake out of the first
//! request; by the authorizer again after a response has left, once it is half as old as it may
//! be; and otherwise on the way of a request.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Error, StoredCatalog, TokenStore};
use crate::clock::Timestamp;

/// For how many seconds a function may decide by a catalog that it has read.
pub const CATALOG_TTL_SECONDS: i64 = 60;

/// Cache of the catalog. A catalog in it is at most [`CATALOG_TTL_SECONDS`] old.
#[derive(Clone, Debug)]
pub struct CatalogCache {
    tokens: TokenStore,
    cached: Arc<Mutex<Option<Cached>>>,
}

#[derive(Clone, Debug)]
struct Cached {
    catalog: Arc<StoredCatalog>,
    read_at: Timestamp,
}

impl CatalogCache {
    /// An empty cache of a table's catalog.
    #[must_use]
    pub fn new(tokens: TokenStore) -> Self {
        Self { tokens, cached: Arc::default() }
    }

    /// The catalog to decide by.
    ///
    /// # Errors
    /// When it is too old and the store fails: without a catalog nothing is decided.
    pub async fn get(&self, now: Timestamp) -> Result<Arc<StoredCatalog>, Error> {
        match self.within(CATALOG_TTL_SECONDS, now) {
            Some(catalog) => Ok(catalog),
            None => self.read(now).await,
        }
    }

    /// Reads the catalog again if it is half as old as it may be, while no request waits.
    pub async fn refresh(&self, now: Timestamp) {
        if self.within(CATALOG_TTL_SECONDS / 2, now).is_none()
            && let Err(error) = self.read(now).await
        {
            // The next request that needs it reads it, or is refused.
            tracing::warn!(%error, "the catalog was not read");
        }
    }

    /// The catalog if it was read within so many seconds. A clock that was set back makes it old.
    fn within(&self, seconds: i64, now: Timestamp) -> Option<Arc<StoredCatalog>> {
        let cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fresh = cached.filter(|cached| cached.read_at <= now && now < cached.read_at.plus_seconds(seconds));
        fresh.map(|cached| cached.catalog)
    }

    async fn read(&self, now: Timestamp) -> Result<Arc<StoredCatalog>, Error> {
        let catalog = self.tokens.catalog().await?;
        let cached = Cached { catalog: Arc::clone(&catalog), read_at: now };
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = Some(cached);
        Ok(catalog)
    }
}
