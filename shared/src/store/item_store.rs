//! The calls on single items of the token table, and its schema version. The authorizer needs no others.
//!
//! No other file has the client: [`ItemStore::client`] and [`ItemStore::read`] check the schema version first, once per
//! instance (ADR 0028).

use std::sync::Arc;

use tokio::sync::OnceCell;

use super::item::Item;
use super::item_client::{ItemClient, ItemResponse};
use super::stored_catalog::ParsedCatalog;
use super::{DynamoDbConfig, Error, LeanClient, item};
use crate::change_log::{ChangeEntry, ChangeLog};
use crate::env::{ConfigError, Env};

/// The newest schema version that this release reads. A table without the item has version 1.
const MAX_SCHEMA_VERSION: u64 = 1;

/// The token table, for reads of single items and for writes after a response.
#[derive(Clone, Debug)]
pub struct ItemStore {
    client: Arc<dyn ItemClient>,
    /// Set once the table's schema version was found to be supported.
    supported: Arc<OnceCell<()>>,
    pub(super) table: String,
    pub(super) parsed_catalog: ParsedCatalog,
    change_log: Option<ChangeLog>,
}

impl ItemStore {
    /// The table named by `PORTCULLIS_TABLE`, with the change log on standard output.
    ///
    /// # Errors
    /// Names the missing variable, or the file in `AWS_CA_BUNDLE` that cannot be read.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        let client = LeanClient::new(DynamoDbConfig::from_env(env)?)?;
        Ok(Self::new(client, env.require("PORTCULLIS_TABLE")?).with_change_log(ChangeLog::stdout()))
    }

    /// A table with a client for it, without a change log.
    pub fn new(client: LeanClient, table: impl Into<String>) -> Self {
        Self::with_client(Arc::new(client), table.into())
    }

    pub(super) fn with_client(client: Arc<dyn ItemClient>, table: String) -> Self {
        let (supported, parsed_catalog) = Default::default();
        Self { client, supported, table, parsed_catalog, change_log: None }
    }

    /// Sets the destination of the change log.
    #[must_use]
    pub fn with_change_log(self, change_log: ChangeLog) -> Self {
        Self { change_log: Some(change_log), ..self }
    }

    pub(super) fn log_change(&self, entry: &ChangeEntry) -> Result<(), Error> {
        self.change_log.as_ref().map_or(Ok(()), |log| log.write(entry)).map_err(Error::ChangeLog)
    }

    /// The client, for writes after a response. The first call waits for the schema check.
    pub(super) async fn item_client(&self) -> Result<&dyn ItemClient, Error> {
        self.check_schema().await?;
        Ok(&*self.client)
    }

    /// Reads one item, consistently. The first read follows the schema check on the same connection: another TLS
    /// handshake would take longer than a request.
    pub(super) async fn read(&self, key: Item, attributes: &[&str]) -> Result<ItemResponse, Error> {
        self.check_schema().await?;
        self.read_unchecked(key, attributes).await
    }

    /// Refuses a table of a newer release. A failure is not cached, so the next call checks again.
    pub(super) async fn check_schema(&self) -> Result<(), Error> {
        let check = async || {
            let response = self.read_unchecked(item::schema_key(), &[item::VERSION]).await?;
            match response.attributes()?.map(|item| item::number_of(&item, item::VERSION, "SCHEMA")).transpose()? {
                Some(found) if found > MAX_SCHEMA_VERSION => {
                    Err(Error::NewerSchema { found, supported: MAX_SCHEMA_VERSION })
                }
                _ => Ok(()),
            }
        };
        self.supported.get_or_try_init(check).await.copied()
    }

    async fn read_unchecked(&self, key: Item, attributes: &[&str]) -> Result<ItemResponse, Error> {
        self.client.get_item(&self.table, key, attributes).await
    }
}
