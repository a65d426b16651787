//! A table that was restored from a backup, and that no stack uses yet.
//!
//! Required permissions on it: `dynamodb:GetItem`, `dynamodb:BatchGetItem`, `dynamodb:PutItem`, `dynamodb:UpdateItem`, and
//! `dynamodb:Query` on its indexes.

use aws_config::{Region, SdkConfig};
use portcullis::clock::{Clock, Timestamp};
use portcullis::secret::TokenId;
use portcullis::store::{ApprovalChange, ApprovalFilter, Error, Limits, StatusChange, TokenStore, UpdateOutcome};
use portcullis::token::{
    Actor, Approval, ApprovalId, ApprovalStatus, DisableReason, EventOrigin, RevocationDetails, TokenRecord,
};
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

    /// The approvals that are live and were given at `until` or before, and the pending requests from then.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub(crate) fn open_approvals(&self, until: Timestamp) -> Result<Vec<Approval>, CliError> {
        let mut open = Vec::new();
        for status in [ApprovalStatus::Pending, ApprovalStatus::Approved] {
            let mut after = None;
            loop {
                let (now, limit) = (self.clock.now(), 100);
                let filter = ApprovalFilter { status: Some(status), token: None, after, limit, now };
                let page = self.runtime.block_on(self.tokens.approvals(&filter, |approval| {
                    approval.decision.as_ref().map_or(approval.created_at, |decision| decision.at) <= until
                }));
                let page = page.map_err(|error| self.failed(&error))?;
                open.extend(page.approvals.into_iter().map(|view| view.approval));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(open)
    }

    /// Ends an approval.
    ///
    /// # Errors
    /// When the table cannot be written.
    pub(crate) fn end_approval(&self, id: &ApprovalId) -> Result<(), CliError> {
        let change = ApprovalChange { by: &ACTOR, clock: &self.clock, history_days: self.limits.history_days };
        // Any outcome means that it is no longer live.
        let ended = self.runtime.block_on(self.tokens.end_approval(id, &Actor::Restore, &change));
        ended.map(drop).map_err(|error| self.failed(&error))
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
            let hint = "your AWS credentials need dynamodb:GetItem, dynamodb:BatchGetItem and dynamodb:Query, and for --apply dynamodb:PutItem and dynamodb:UpdateItem";
            (4, format!("access to table {name} denied"), hint)
        } else {
            return CliError::Unreachable(format!("table {name}: {}", io_error::without_code(&text)));
        };
        CliError::Aws { exit_code, message, hint: Some(hint.to_owned()) }
    }
}
