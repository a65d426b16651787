//! The token table, with the SDK's client.

use std::ops::Deref;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;

use super::{Error, ItemStore, LeanClient};
use crate::change_log::ChangeLog;

/// The token table. It dereferences to its [`ItemStore`].
#[derive(Clone, Debug)]
pub struct TokenStore {
    client: Client,
    items: ItemStore,
}

impl TokenStore {
    /// A table with a client for it, without a change log.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { items: ItemStore::with_client(Arc::new(client.clone()), table.into()), client }
    }

    /// The same table with another client for its [`ItemStore`], without a change log.
    #[must_use]
    pub fn with_lean_client(self, client: LeanClient) -> Self {
        Self { items: ItemStore::new(client, &self.items.table), ..self }
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
