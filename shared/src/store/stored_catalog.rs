//! The stored catalog, and the one that was parsed last.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::primitives::Blob;

use crate::catalog::Catalog;

/// A catalog and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCatalog {
    /// The catalog.
    pub catalog: Catalog,
    /// Counts the changes; 0 is the deployment's own catalog, which was never changed.
    pub version: u64,
}

/// The document that was parsed last. Parsing a large one takes longer than reading it, so each is
/// parsed once.
#[derive(Clone, Debug, Default)]
pub(super) struct ParsedCatalog(Arc<Mutex<Option<Parsed>>>);

#[derive(Debug)]
struct Parsed {
    document: Blob,
    catalog: Arc<StoredCatalog>,
}

impl ParsedCatalog {
    pub(super) fn get(&self, document: &Blob, version: u64) -> Option<Arc<StoredCatalog>> {
        let parsed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let parsed = parsed.as_ref()?;
        (parsed.document == *document && parsed.catalog.version == version).then(|| Arc::clone(&parsed.catalog))
    }

    pub(super) fn set(&self, document: Blob, catalog: &Arc<StoredCatalog>) {
        let parsed = Parsed { document, catalog: Arc::clone(catalog) };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(parsed);
    }
}
