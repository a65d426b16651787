//! The catalog's versions: one item for each change, with its document. The write of a catalog bounds their number.

use std::collections::HashMap;

use super::catalog::{document_of, parse};
use super::cursor::Cursor;
use super::{CatalogVersion, Error, TokenStore, cursor, item};
use crate::catalog::Catalog;
use crate::validation::ValidationError;

/// List name in the cursors of versions; there is one catalog per deployment.
const VERSIONS: &str = "catalog versions";

/// A page of the versions.
#[derive(Clone, Debug)]
pub struct CatalogVersionPage {
    /// The versions, newest first.
    pub versions: Vec<CatalogVersion>,
    /// Cursor of the next page; `None` on the last page.
    pub next: Option<CatalogVersionCursor>,
}

/// Position in the list: the version to continue after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CatalogVersionCursor(u64);

impl CatalogVersionCursor {
    /// Encodes the cursor for the caller.
    #[must_use]
    pub fn encode(&self) -> String {
        cursor::encode(self, &VERSIONS)
    }

    /// Decodes a cursor sent by the caller.
    ///
    /// # Errors
    /// When it was not made by [`CatalogVersionCursor::encode`].
    pub fn decode(text: &str) -> Result<Self, ValidationError> {
        cursor::decode(text, &VERSIONS)
            .ok_or_else(|| ValidationError::new("must be the next_cursor of the previous page"))
    }
}

impl Cursor for CatalogVersionCursor {
    type List = &'static str;

    fn place(&self) -> String {
        self.0.to_string()
    }

    fn read(place: &str) -> Option<Self> {
        place.parse().ok().map(Self)
    }
}

impl TokenStore {
    /// Reads one page of the catalog's versions, consistently. The default catalog was not written, so it is none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn catalog_versions(
        &self,
        after: Option<&CatalogVersionCursor>,
        limit: usize,
    ) -> Result<CatalogVersionPage, Error> {
        let (projection, mut names) = item::projection(&item::CATALOG_VERSION_ATTRIBUTES);
        names.insert("#pk".to_owned(), "pk".to_owned());
        let values = HashMap::from([(":versions".to_owned(), item::string(item::CATALOG_VERSIONS))]);
        let page = self
            .query_newest("#pk = :versions", names, values, limit)
            .await?
            .consistent_read(true)
            .projection_expression(projection)
            .set_exclusive_start_key(after.map(|cursor| item::catalog_version_key(cursor.0)))
            .send()
            .await
            .map_err(Error::unavailable)?;
        let mut versions =
            page.items().iter().map(|item| item::catalog_version(&item.into())).collect::<Result<Vec<_>, _>>()?;
        // A query also ends at 1 MB, with fewer versions.
        let more = versions.len() > limit || page.last_evaluated_key.is_some();
        versions.truncate(limit);
        let next = versions.last().filter(|_| more).map(|last| CatalogVersionCursor(last.version));
        Ok(CatalogVersionPage { versions, next })
    }

    /// Reads the document of a version, consistently; `None` if it is not kept.
    ///
    /// # Errors
    /// When the store fails, or the stored document is invalid.
    pub async fn catalog_version(&self, version: u64) -> Result<Option<Catalog>, Error> {
        let response = self.read(item::catalog_version_key(version), &[item::DOCUMENT]).await?;
        response.attributes()?.map(|item| parse(document_of(&item)?)).transpose()
    }
}
