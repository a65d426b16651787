//! A stored catalog, its versions, and a cache of the last parsed document.

use std::sync::{Arc, Mutex, PoisonError};

use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::token::Actor;

/// A catalog with its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCatalog {
    /// The catalog.
    pub catalog: Catalog,
    /// Version, incremented by each change; 0 is the default catalog.
    pub version: u64,
}

/// A version of the catalog, without its document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogVersion {
    /// The version.
    pub version: u64,
    /// When it was written.
    pub created_at: Timestamp,
    /// The actor who wrote it.
    pub created_by: Actor,
}

/// Cache of the last parsed document. Parsing a large document takes longer than reading it.
#[derive(Clone, Debug, Default)]
pub(super) struct ParsedCatalog(Arc<Mutex<Option<ParsedDocument>>>);

#[derive(Debug)]
struct ParsedDocument {
    document: Vec<u8>,
    catalog: Arc<StoredCatalog>,
}

impl ParsedCatalog {
    pub(super) fn get(&self, document: &[u8], version: u64) -> Option<Arc<StoredCatalog>> {
        let parsed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let parsed = parsed.as_ref()?;
        (parsed.document == document && parsed.catalog.version == version).then(|| Arc::clone(&parsed.catalog))
    }

    pub(super) fn set(&self, document: &[u8], catalog: &Arc<StoredCatalog>) {
        let parsed = ParsedDocument { document: document.to_owned(), catalog: Arc::clone(catalog) };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(parsed);
    }
}
