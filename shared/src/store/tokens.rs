//! The table of tokens, and the client that reaches it.

use aws_sdk_dynamodb::Client;

use super::stored_catalog::ParsedCatalog;
use super::{Connection, connect};
use crate::env::{ConfigError, Env};

/// The table of tokens.
#[derive(Clone, Debug)]
pub struct TokenStore {
    pub(super) client: Client,
    pub(super) table: String,
    pub(super) parsed_catalog: ParsedCatalog,
}

impl TokenStore {
    /// The tokens in the table that `PORTCULLIS_TABLE` names.
    ///
    /// # Errors
    /// Names the variable that is missing, or the file in `AWS_CA_BUNDLE` that cannot be read.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        Ok(Self::new(connect(Connection::from_env(env)?)?, env.require("PORTCULLIS_TABLE")?))
    }

    /// The tokens in a table.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into(), parsed_catalog: ParsedCatalog::default() }
    }
}
