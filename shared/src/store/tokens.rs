//! The token table, with the SDK's client.

use std::ops::Deref;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;

use super::{DynamoDbConfig, Error, ItemStore, LeanClient, connect};
use crate::change_log::ChangeLog;
use crate::env::{ConfigError, Env};

/// The token table. It dereferences to its [`ItemStore`].
#[derive(Clone, Debug)]
pub struct TokenStore {
    client: Client,
    items: ItemStore,
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
        Self { items: ItemStore::with_client(Arc::new(client.clone()), table.into()), client }
    }

    /// The same table with another client for its [`ItemStore`], without a change log.
    #[must_use]
    pub fn with_lean_client(self, client: LeanClient) -> Self {
        Self { items: ItemStore::new(client, &self.items.table), ..self }
    }

    /// A table at AWS, with the settings and credentials that the SDK found.
    pub fn from_sdk_config(config: &aws_config::SdkConfig, table: impl Into<String>) -> Self {
        Self::new(Client::new(config), table)
    }

    /// Sets the destination of the change log.
    #[must_use]
    pub fn with_change_log(self, change_log: ChangeLog) -> Self {
        Self { items: self.items.with_change_log(change_log), ..self }
    }

    /// The part of the store that the authorizer uses.
    #[must_use]
    pub fn items(&self) -> &ItemStore {
        &self.items
    }

    /// The SDK's client, for writes, queries and batches. The first call waits for the schema check.
    pub(super) async fn client(&self) -> Result<&Client, Error> {
        self.check_schema().await?;
        Ok(&self.client)
    }
}

impl Deref for TokenStore {
    type Target = ItemStore;

    fn deref(&self) -> &ItemStore {
        &self.items
    }
}
