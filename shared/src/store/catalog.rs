//! The catalog: one item, replaced only under the version that the writer has seen.
//!
//! The document is stored compressed (zlib, [RFC 1950](https://www.rfc-editor.org/rfc/rfc1950)), so
//! that reading the largest one takes 7 read units.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::error::condition_held;
use super::{Error, StoredCatalog, TokenStore, item};
use crate::catalog::{Catalog, MAX_CATALOG_BYTES};
use crate::clock::Timestamp;
use crate::token::Actor;

/// The most bytes of a compressed document: with the rest of its item it stays within 28 KiB, which
/// a consistent read of 7 units covers
/// ([read units](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html)).
pub const MAX_STORED_CATALOG_BYTES: usize = 27 * 1024;

/// The most bytes of a document once it is decompressed. Written out in full, a document is longer
/// than what was sent.
const MAX_DOCUMENT_BYTES: usize = 4 * MAX_CATALOG_BYTES;

/// zlib's usual level: a higher one takes twice the time and saves one percent.
const COMPRESSION_LEVEL: u8 = 6;

/// The outcome of putting a catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatalogWrite {
    /// It is in force, with this version.
    Done(u64),
    /// Another version is in force than the writer has seen. Nothing was written.
    Stale,
    /// Compressed, it takes this many bytes, which is more than [`MAX_STORED_CATALOG_BYTES`]. Nothing
    /// was written.
    TooLarge(usize),
}

impl TokenStore {
    /// The catalog that is in force at this moment.
    ///
    /// # Errors
    /// When the store fails, or the stored document is no catalog.
    pub async fn catalog(&self) -> Result<Arc<StoredCatalog>, Error> {
        let Some(mut item) = self.read(item::catalog_key(), &[item::DOCUMENT, item::VERSION]).await? else {
            return Ok(Arc::new(StoredCatalog { catalog: Catalog::default_catalog().clone(), version: 0 }));
        };
        let version = item::number_of(&item, item::VERSION, "CATALOG")?;
        let corrupt = || Error::Corrupt { id: "CATALOG".to_owned(), attribute: item::DOCUMENT };
        let Some(AttributeValue::B(document)) = item.remove(item::DOCUMENT) else {
            return Err(corrupt());
        };
        if let Some(parsed) = self.parsed_catalog.get(&document, version) {
            return Ok(parsed);
        }
        let catalog = decompress(document.as_ref()).and_then(|text| Catalog::from_stored(&text)).ok_or_else(corrupt)?;
        let catalog = Arc::new(StoredCatalog { catalog, version });
        self.parsed_catalog.set(document, &catalog);
        Ok(catalog)
    }

    /// Replaces the catalog with the version `seen`. The version of the new one is one more.
    ///
    /// # Errors
    /// When the store fails; the catalog may have been written or not, and reading it tells.
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
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = if seen == 0 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("version = :seen").expression_attribute_values(":seen", item::number(seen))
        };
        if condition_held(put.send().await)? {
            return Ok(CatalogWrite::Done(version));
        }
        // A first try whose answer was lost may have been written: then it is there.
        let found = self.catalog().await?;
        let done = found.version == version && found.catalog == *catalog;
        Ok(if done { CatalogWrite::Done(version) } else { CatalogWrite::Stale })
    }
}

fn decompress(document: &[u8]) -> Option<String> {
    let text = decompress_to_vec_zlib_with_limit(document, MAX_DOCUMENT_BYTES).ok()?;
    String::from_utf8(text).ok()
}
