//! The token table and its client.

use aws_sdk_dynamodb::Client;

use super::stored_catalog::ParsedCatalog;
use super::{DynamoDbConfig, Error, connect};
use crate::change_log::{ChangeEntry, ChangeLog};
use crate::env::{ConfigError, Env};

/// The token table.
#[derive(Clone, Debug)]
pub struct TokenStore {
    pub(super) client: Client,
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
        Self { client, table: table.into(), parsed_catalog: ParsedCatalog::default(), change_log: None }
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
}
