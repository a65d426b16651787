//! The token table and its client.

use aws_sdk_dynamodb::Client;

use super::stored_catalog::ParsedCatalog;
use super::{DynamoDbConfig, connect};
use crate::env::{ConfigError, Env};

/// The token table.
#[derive(Clone, Debug)]
pub struct TokenStore {
    pub(super) client: Client,
    pub(super) table: String,
    pub(super) parsed_catalog: ParsedCatalog,
}

impl TokenStore {
    /// The table named by `PORTCULLIS_TABLE`.
    ///
    /// # Errors
    /// Names the missing variable, or the file in `AWS_CA_BUNDLE` that cannot be read.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        Ok(Self::new(connect(DynamoDbConfig::from_env(env)?)?, env.require("PORTCULLIS_TABLE")?))
    }

    /// A table with a client for it.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into(), parsed_catalog: ParsedCatalog::default() }
    }
}
