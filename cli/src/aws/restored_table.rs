//! A table that was restored from a backup, and that no stack uses yet.
//!
//! Required permissions on it: `dynamodb:GetItem`, `dynamodb:PutItem`, `dynamodb:UpdateItem`.

use aws_config::{Region, SdkConfig};
use portcullis::clock::Clock;
use portcullis::secret::TokenId;
use portcullis::store::{Error, Limits, StatusChange, TokenStore, UpdateOutcome};
use portcullis::token::{Actor, DisableReason, EventOrigin, RevocationDetails, TokenRecord};
use tokio::runtime::Runtime;

use super::deployed_stack::{config, runtime};
use super::{Retention, StackLocation};
use crate::{CliError, io_error};

/// The actor of all changes, as their events show it.
static ACTOR: EventOrigin = EventOrigin { actor: Some(Actor::Restore), source_ip: None, agent: None };

/// A restored table.
pub(crate) struct RestoredTable {
    name: String,
    tokens: TokenStore,
    limits: Limits,
    clock: Clock,
    config: SdkConfig,
    runtime: Runtime,
}

impl RestoredTable {
    /// Opens a table of the region, and checks that it can be read.
    ///
    /// # Errors
    /// When there are no credentials, or no such table.
    pub(crate) fn open(name: &str, location: &StackLocation, retention: Retention) -> Result<Self, CliError> {
        let runtime = runtime()?;
        let config = runtime.block_on(config(location.region.clone()))?;
        let tokens = TokenStore::from_sdk_config(&config, name);
        let Retention { record_days, event_days } = retention;
        let limits = Limits { retention_days: record_days, history_days: event_days, ..Limits::default() };
        let table = Self { name: name.to_owned(), tokens, limits, clock: Clock::system(), config, runtime };
        table.catalog_version()?;
        Ok(table)
    }

    /// Reads a token; `None` if the table does not have it.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub(crate) fn token(&self, id: &TokenId) -> Result<Option<TokenRecord>, CliError> {
        self.runtime.block_on(self.tokens.get(id)).map_err(|error| self.failed(&error))
    }

    /// Whether the table has an event of a token, and so the change that it records.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub(crate) fn has_event(&self, id: &TokenId, event: &str) -> Result<bool, CliError> {
        self.runtime.block_on(self.tokens.has_event(id, event)).map_err(|error| self.failed(&error))
    }

    /// Version of the catalog; 0 is the default catalog.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub(crate) fn catalog_version(&self) -> Result<u64, CliError> {
        let catalog = self.runtime.block_on(self.tokens.catalog());
        catalog.map(|catalog| catalog.version).map_err(|error| self.failed(&error))
    }

    /// Revokes a token.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub(crate) fn revoke(&self, token: &TokenRecord, comment: &str) -> Result<(), CliError> {
        let grounds = RevocationDetails { reason: None, comment: comment.parse().ok() };
        let revoked = self.runtime.block_on(self.tokens.revoke(&self.change(token), &grounds));
        revoked.map(drop).map_err(|error| self.failed(&error))
    }

    /// Disables a token, so that only an admin can enable it.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub(crate) fn disable(&self, token: &TokenRecord) -> Result<(), CliError> {
        let disabled = self.runtime.block_on(self.tokens.disable(&self.change(token), DisableReason::Admin, None));
        match disabled.map_err(|error| self.failed(&error))? {
            // Stale: it was revoked in the meantime.
            UpdateOutcome::Done(_) | UpdateOutcome::Stale(_) | UpdateOutcome::Gone => Ok(()),
            UpdateOutcome::LimitReached => Err(CliError::Unfinished(format!("token {} cannot be disabled", token.id))),
        }
    }

    fn change<'a>(&'a self, seen: &'a TokenRecord) -> StatusChange<'a> {
        StatusChange { seen, actor: &Actor::Restore, by: &ACTOR, clock: &self.clock, limits: self.limits }
    }

    fn failed(&self, error: &Error) -> CliError {
        let Self { name, config, .. } = self;
        let text = error.to_string();
        let (exit_code, message, hint) = if text.contains("ResourceNotFoundException") {
            let region = config.region().map(Region::as_ref).unwrap_or_default();
            (5, format!("table {name} not found in {region} with these credentials"), "set --table and --region")
        } else if text.contains("AccessDeniedException") {
            let hint =
                "your AWS credentials need dynamodb:GetItem, and for --apply dynamodb:PutItem and dynamodb:UpdateItem";
            (4, format!("access to table {name} denied"), hint)
        } else {
            return CliError::Unreachable(format!("table {name}: {}", io_error::without_code(&text)));
        };
        CliError::Aws { exit_code, message, hint: Some(hint.to_owned()) }
    }
}
