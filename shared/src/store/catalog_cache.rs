//! Cache of the catalog, for the functions that make decisions.
//!
//! It is filled at startup, which also moves the TLS handshake out of the first request. The authorizer
//! refreshes it after a response once half of the TTL has passed. Otherwise a request that finds it expired
//! reads it.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Error, ItemStore, StoredCatalog};
use crate::clock::Timestamp;

/// TTL of the cached catalog, in seconds.
pub const CATALOG_TTL_SECONDS: i64 = 60;

/// Cache of the catalog. Its TTL is [`CATALOG_TTL_SECONDS`].
#[derive(Clone, Debug)]
pub struct CatalogCache {
    items: ItemStore,
    cached: Arc<Mutex<Option<CachedCatalog>>>,
}

#[derive(Clone, Debug)]
struct CachedCatalog {
    catalog: Arc<StoredCatalog>,
    read_at: Timestamp,
}

impl CatalogCache {
    /// An empty cache for a table's catalog.
    #[must_use]
    pub fn new(items: ItemStore) -> Self {
        Self { items, cached: Arc::default() }
    }

    /// The cached catalog, or a fresh one if the TTL has passed.
    ///
    /// # Errors
    /// When the TTL has passed and the store fails; no decision is possible then.
    pub async fn get(&self, now: Timestamp) -> Result<Arc<StoredCatalog>, Error> {
        match self.within(CATALOG_TTL_SECONDS, now) {
            Some(catalog) => Ok(catalog),
            None => self.read(now).await,
        }
    }

    /// Reads the catalog again if half of the TTL has passed. Called while no request waits.
    pub async fn refresh(&self, now: Timestamp) {
        if self.within(CATALOG_TTL_SECONDS / 2, now).is_none()
            && let Err(error) = self.read(now).await
        {
            // The next request that needs the catalog reads it, or is denied.
            tracing::warn!(%error, "the catalog could not be refreshed");
        }
    }

    /// The catalog if it was read within this many seconds. A clock that was set back counts as more.
    fn within(&self, seconds: i64, now: Timestamp) -> Option<Arc<StoredCatalog>> {
        let cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let fresh = cached.filter(|cached| cached.read_at <= now && now < cached.read_at.plus_seconds(seconds));
        fresh.map(|cached| cached.catalog)
    }

    async fn read(&self, now: Timestamp) -> Result<Arc<StoredCatalog>, Error> {
        let catalog = self.items.catalog().await?;
        let cached = CachedCatalog { catalog: Arc::clone(&catalog), read_at: now };
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = Some(cached);
        Ok(catalog)
    }
}
