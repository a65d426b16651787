//! The token table, and its schema version.
//!
//! No other file has the client: [`TokenStore::client`] and [`TokenStore::read`] check the schema version first, once
//! per instance (ADR 0028).

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use tokio::sync::OnceCell;

use super::item::Item;
use super::stored_catalog::ParsedCatalog;
use super::{DynamoDbConfig, Error, connect, item};
use crate::change_log::{ChangeEntry, ChangeLog};
use crate::env::{ConfigError, Env};

/// The newest schema version that this release reads. A table without the item has version 1.
const MAX_SCHEMA_VERSION: u64 = 1;

/// The token table.
#[derive(Clone, Debug)]
pub struct TokenStore {
    client: Client,
    /// Set once the table's schema version was found to be supported.
    supported: Arc<OnceCell<()>>,
    pub(super) table: String,
    pub(super) parsed_catalog: ParsedCatalog,
    change_log: Option<ChangeLog>,
}

impl TokenStore {
    /// The table named by `PORTCULLIS_TABLE`, with the change log on standard output.
    ///
    /// # Errors
    /// Names the missing variable, or the file in `AWS_CA_BUNDLE` that cannot be read.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        let tokens = Self::new(connect(DynamoDbConfig::from_env(env)?)?, env.require("PORTCULLIS_TABLE")?);
        Ok(tokens.with_change_log(ChangeLog::stdout()))
    }

    /// A table with a client for it, without a change log.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self {
            client,
            supported: Arc::default(),
            table: table.into(),
            parsed_catalog: ParsedCatalog::default(),
            change_log: None,
        }
    }

    /// A table at AWS, with the settings and credentials that the SDK found.
    pub fn from_sdk_config(config: &aws_config::SdkConfig, table: impl Into<String>) -> Self {
        Self::new(Client::new(config), table)
    }

    /// Sets the destination of the change log.
    #[must_use]
    pub fn with_change_log(self, change_log: ChangeLog) -> Self {
        Self { change_log: Some(change_log), ..self }
    }

    pub(super) fn log_change(&self, entry: &ChangeEntry) -> Result<(), Error> {
        self.change_log.as_ref().map_or(Ok(()), |log| log.write(entry)).map_err(Error::ChangeLog)
    }

    /// The client, for writes, queries and batches. The first call waits for the schema check.
    pub(super) async fn client(&self) -> Result<&Client, Error> {
        self.check_schema().await?;
        Ok(&self.client)
    }

    /// Reads one item, consistently. The first read runs concurrently with the schema check.
    pub(super) async fn read(&self, key: Item, attributes: &[&str]) -> Result<Option<Item>, Error> {
        let ((), item) = tokio::try_join!(self.check_schema(), self.read_unchecked(key, attributes))?;
        Ok(item)
    }

    /// Refuses a table of a newer release. A failure is not cached, so the next call checks again.
    async fn check_schema(&self) -> Result<(), Error> {
        let check = async || {
            let item = self.read_unchecked(item::schema_key(), &[item::VERSION]).await?;
            match item.map(|item| item::number_of(&item, item::VERSION, "SCHEMA")).transpose()? {
                Some(found) if found > MAX_SCHEMA_VERSION => {
                    Err(Error::NewerSchema { found, supported: MAX_SCHEMA_VERSION })
                }
                _ => Ok(()),
            }
        };
        self.supported.get_or_try_init(check).await.copied()
    }

    async fn read_unchecked(&self, key: Item, attributes: &[&str]) -> Result<Option<Item>, Error> {
        let (expression, names) = item::projection(attributes);
        let request = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .consistent_read(true)
            .projection_expression(expression)
            .set_expression_attribute_names(Some(names));
        // Boxed, because the compiler limits how deep futures are nested.
        let response = Box::pin(request.send()).await.map_err(Error::unavailable)?;
        Ok(response.item)
    }
}
