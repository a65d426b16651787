//! The stored catalog: one item, replaced only if the writer has seen the current version. The same transaction keeps
//! the new version, and deletes the one that is no longer among the newest [`MAX_CATALOG_VERSIONS`] (ADR 0036).
//!
//! The document is compressed (zlib, [RFC 1950](https://www.rfc-editor.org/rfc/rfc1950)), so that reading the
//! largest one takes 7 read units.

use std::sync::Arc;

use aws_sdk_dynamodb::types::{Delete, Put, TransactWriteItem};
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::backoff::backoff;
use super::item::{Attribute, Attributes};
use super::transaction::MAX_ATTEMPTS;
use super::transaction_outcome::{TransactionOutcome, outcome};
use super::{Error, ItemStore, StoredCatalog, TokenStore, item};
use crate::catalog::{Catalog, MAX_CATALOG_BYTES};
use crate::change_log::{ChangeEntry, ChangeOutcome};
use crate::clock::Timestamp;
use crate::token::Actor;

/// Maximum size of a compressed document, in bytes: its whole item stays within 28 KiB, which a consistent read
/// of 7 units covers
/// ([read units](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html)).
pub const MAX_STORED_CATALOG_BYTES: usize = 27 * 1024;

/// Maximum number of versions that are kept.
pub const MAX_CATALOG_VERSIONS: u64 = 50;

/// Maximum size of a decompressed document, in bytes. The stored form is longer than the document that was
/// sent.
const MAX_DOCUMENT_BYTES: usize = 4 * MAX_CATALOG_BYTES;

/// zlib's default level: a higher one takes twice the time and saves one percent.
const COMPRESSION_LEVEL: u8 = 6;

/// Outcome of writing a catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogWrite {
    /// Written, with this version.
    Done(u64),
    /// The current version is not the one that the writer has seen. Nothing was written.
    Stale,
    /// The compressed document has this many bytes, more than [`MAX_STORED_CATALOG_BYTES`]. Nothing was
    /// written.
    TooLarge(usize),
}

impl ItemStore {
    /// Reads the current catalog.
    ///
    /// # Errors
    /// When the store fails, or the stored document is invalid.
    pub async fn catalog(&self) -> Result<Arc<StoredCatalog>, Error> {
        let response = self.read(item::catalog_key(), &[item::DOCUMENT, item::VERSION]).await?;
        let Some(item) = response.attributes()? else {
            return Ok(Arc::new(StoredCatalog { catalog: Catalog::default_catalog().clone(), version: 0 }));
        };
        let version = item::number_of(&item, item::VERSION, "CATALOG")?;
        let document = document_of(&item)?;
        if let Some(parsed) = self.parsed_catalog.get(document, version) {
            return Ok(parsed);
        }
        let catalog = Arc::new(StoredCatalog { catalog: parse(document)?, version });
        self.parsed_catalog.set(document, &catalog);
        Ok(catalog)
    }
}

impl TokenStore {
    /// Replaces the catalog if its version is still `seen`; the new version is one more.
    ///
    /// # Errors
    /// When the store fails. The catalog may or may not have been written; read it to find out.
    pub async fn put_catalog(
        &self,
        catalog: &Catalog,
        seen: u64,
        by: &Actor,
        now: Timestamp,
    ) -> Result<CatalogWrite, Error> {
        let document = compress_to_vec_zlib(catalog.to_document().to_string().as_bytes(), COMPRESSION_LEVEL);
        if document.len() > MAX_STORED_CATALOG_BYTES {
            return Ok(CatalogWrite::TooLarge(document.len()));
        }
        let version = seen.saturating_add(1);
        let writes = self.catalog_writes(&document, seen, version, by, now)?;
        let log = |outcome| self.log_change(&ChangeEntry::of_catalog(version, by, now, outcome));
        for tries in 0..MAX_ATTEMPTS {
            // The SDK adds an idempotency token, so an attempt whose response was lost is not refused when repeated.
            let request = self.client().await?.transact_write_items().set_transact_items(Some(writes.clone()));
            match outcome(request.send().await) {
                Ok(TransactionOutcome::Committed) => {
                    log(ChangeOutcome::Done)?;
                    return Ok(CatalogWrite::Done(version));
                }
                Ok(TransactionOutcome::Refused) => return Ok(CatalogWrite::Stale),
                Ok(TransactionOutcome::Conflict) => backoff(tries).await,
                Err(error) => {
                    log(ChangeOutcome::Unknown)?;
                    return Err(error);
                }
            }
        }
        Err(Error::Contention)
    }

    /// The new catalog on the condition of the version that was seen, its version, and the deletion of the version that
    /// is one too many. Up to version [`MAX_CATALOG_VERSIONS`] there is none, and nothing is deleted.
    fn catalog_writes(
        &self,
        document: &[u8],
        seen: u64,
        version: u64,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Vec<TransactWriteItem>, Error> {
        let put = |key| {
            let item = item::catalog(key, document, version, by, now);
            Put::builder().table_name(&self.table).set_item(Some(item))
        };
        let current = put(item::catalog_key());
        let current = if seen == 0 {
            current.condition_expression("attribute_not_exists(pk)")
        } else {
            current.condition_expression("version = :seen").expression_attribute_values(":seen", item::number(seen))
        };
        // Without a condition: a restored table may hold a version of this number, which must not prevent the change.
        let kept = put(item::catalog_version_key(version));
        let oldest = item::catalog_version_key(version.saturating_sub(MAX_CATALOG_VERSIONS));
        let oldest = Delete::builder().table_name(&self.table).set_key(Some(oldest));
        let write = TransactWriteItem::builder;
        Ok(vec![
            write().put(current.build().map_err(Error::unavailable)?).build(),
            write().put(kept.build().map_err(Error::unavailable)?).build(),
            write().delete(oldest.build().map_err(Error::unavailable)?).build(),
        ])
    }
}

/// The compressed document of an item.
pub(super) fn document_of<'a>(item: &'a Attributes<'_>) -> Result<&'a [u8], Error> {
    item.get(item::DOCUMENT).and_then(Attribute::as_bytes).ok_or_else(corrupt)
}

/// Parses a compressed document.
pub(super) fn parse(document: &[u8]) -> Result<Catalog, Error> {
    decompress(document).and_then(|text| Catalog::from_stored(&text)).ok_or_else(corrupt)
}

fn corrupt() -> Error {
    Error::Corrupt { id: "CATALOG".to_owned(), attribute: item::DOCUMENT }
}

fn decompress(document: &[u8]) -> Option<String> {
    let text = decompress_to_vec_zlib_with_limit(document, MAX_DOCUMENT_BYTES).ok()?;
    String::from_utf8(text).ok()
}
