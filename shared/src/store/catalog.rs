//! The stored catalog: one item, replaced only if the writer has seen the current version.
//!
//! The document is compressed (zlib, [RFC 1950](https://www.rfc-editor.org/rfc/rfc1950)), so that reading the
//! largest one takes 7 read units.

use std::sync::Arc;

use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::error::condition_held;
use super::item::Attribute;
use super::{Error, ItemStore, StoredCatalog, TokenStore, item};
use crate::catalog::{Catalog, MAX_CATALOG_BYTES};
use crate::change_log::{ChangeEntry, ChangeOutcome};
use crate::clock::Timestamp;
use crate::token::Actor;

/// Maximum size of a compressed document, in bytes: its whole item stays within 28 KiB, which a consistent read
/// of 7 units covers
/// ([read units](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html)).
pub const MAX_STORED_CATALOG_BYTES: usize = 27 * 1024;

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
        let corrupt = || Error::Corrupt { id: "CATALOG".to_owned(), attribute: item::DOCUMENT };
        let document = item.get(item::DOCUMENT).and_then(Attribute::as_bytes).ok_or_else(corrupt)?;
        if let Some(parsed) = self.parsed_catalog.get(document, version) {
            return Ok(parsed);
        }
        let catalog = decompress(document).and_then(|text| Catalog::from_stored(&text)).ok_or_else(corrupt)?;
        let catalog = Arc::new(StoredCatalog { catalog, version });
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
        let item = item::catalog(document, version, by, now);
        let put = self.client().await?.put_item().table_name(&self.table).set_item(Some(item));
        let put = if seen == 0 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("version = :seen").expression_attribute_values(":seen", item::number(seen))
        };
        let log = |outcome| self.log_change(&ChangeEntry::of_catalog(version, by, now, outcome));
        match condition_held(put.send().await) {
            Ok(true) => {}
            Ok(false) => {
                // An attempt whose response was lost may have succeeded.
                let found = self.catalog().await?;
                if found.version != version || found.catalog != *catalog {
                    return Ok(CatalogWrite::Stale);
                }
            }
            Err(error) => {
                log(ChangeOutcome::Unknown)?;
                return Err(error);
            }
        }
        log(ChangeOutcome::Done)?;
        Ok(CatalogWrite::Done(version))
    }
}

fn decompress(document: &[u8]) -> Option<String> {
    let text = decompress_to_vec_zlib_with_limit(document, MAX_DOCUMENT_BYTES).ok()?;
    String::from_utf8(text).ok()
}
