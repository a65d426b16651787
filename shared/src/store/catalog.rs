//! The catalog: one item, changed only by whoever has seen what it changes.

use aws_sdk_dynamodb::operation::put_item::PutItemError;

use super::{Error, Tokens, item, number};
use crate::access::Catalog;
use crate::clock::Timestamp;
use crate::token::Actor;

/// For how long whoever decides may go on with the catalog that it has read.
pub const CATALOG_SECONDS: i64 = 60;

/// A catalog, and which one it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCatalog {
    /// The catalog.
    pub catalog: Catalog,
    /// Counts its changes; 0 is the deployment's own, which nobody has changed yet.
    pub version: u64,
}

impl Tokens {
    /// The catalog that is in force at this moment.
    ///
    /// # Errors
    /// When the store fails, or what it holds is no catalog.
    pub async fn catalog(&self) -> Result<StoredCatalog, Error> {
        let Some(item) = self.read(item::catalog_key(), &["document", "version"]).await? else {
            return Ok(StoredCatalog { catalog: Catalog::of_the_deployment().clone(), version: 0 });
        };
        let text = item.get("document").and_then(|value| value.as_s().ok());
        let catalog = text.and_then(|text| Catalog::stored(text));
        let corrupt = || Error::Corrupt { id: "CATALOG".to_owned(), attribute: "document" };
        Ok(StoredCatalog {
            catalog: catalog.ok_or_else(corrupt)?,
            version: item::number_of(&item, "version", "CATALOG")?,
        })
    }

    /// Puts a catalog in the place of the one with the version `seen`; its own version is
    /// one more. `None` where somebody was quicker: nothing was written.
    ///
    /// # Errors
    /// When the store fails; the catalog may have been written or not, and reading it tells.
    pub async fn put_catalog(
        &self,
        catalog: &Catalog,
        seen: u64,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Option<u64>, Error> {
        let version = seen.saturating_add(1);
        let mut item = item::catalog_key();
        item.insert("document".to_owned(), item::string(catalog.to_document().to_string()));
        item.insert("version".to_owned(), number(version));
        item.insert("updated_at".to_owned(), item::seconds(now));
        item.insert("updated_by".to_owned(), item::string(by.to_string()));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        let put = if seen == 0 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("version = :seen").expression_attribute_values(":seen", number(seen))
        };
        match put.send().await {
            Ok(_) => Ok(Some(version)),
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => {
                // A first try whose answer was lost may have been written: then it is there.
                let found = self.catalog().await?;
                Ok((found.version == version && found.catalog == *catalog).then_some(version))
            }
            Err(error) => Err(Error::unavailable(error)),
        }
    }
}
