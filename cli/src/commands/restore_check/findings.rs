//! What the change log says and the restored table lacks.

use portcullis::clock::Timestamp;
use portcullis::secret::TokenId;
use portcullis::token::{Approval, TokenRecord};
use serde::Serialize;

use super::change_lines::{Change, ChangeLines, TokenChanges};
use crate::CliError;
use crate::aws::RestoredTable;

/// What to do with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Its revocation or deletion is final, or its current secret is not in the table.
    Revoke,
    /// An admin has to check it.
    Disable,
}

impl Action {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Revoke => "revoke",
            Self::Disable => "disable",
        }
    }
}

/// A token that the table accepts although it should not.
pub(super) struct Finding {
    pub(super) record: TokenRecord,
    /// The change that the table lacks.
    pub(super) change: Change,
    pub(super) action: Action,
}

impl Finding {
    /// Comment of the revocation.
    pub(super) fn comment(&self) -> String {
        let Change { at, kind, by, .. } = &self.change;
        let by = by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
        format!("After a restore: {} at {at}{by}", kind.name())
    }
}

/// A catalog that is newer than the table's.
#[derive(Debug, Serialize)]
pub(super) struct CatalogFinding {
    pub(super) at: Timestamp,
    pub(super) by: Option<String>,
    pub(super) version: u64,
    pub(super) restored_version: u64,
}

/// All differences.
pub(super) struct Findings {
    /// Tokens to revoke or disable.
    pub(super) tokens: Vec<Finding>,
    /// Approvals of other tokens, and pending requests, to end: the table lacks whether they were used, decided or ended.
    pub(super) approvals: Vec<Approval>,
    /// Tokens that were created later, so that the table lacks them.
    pub(super) lost: Vec<String>,
    /// Number of tokens that were issued to CI jobs later.
    pub(super) lost_exchanged: u64,
    pub(super) catalog: Option<CatalogFinding>,
}

impl Findings {
    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.tokens.is_empty() && self.approvals.is_empty()
    }
}

/// Compares the lines with the table. Approvals and requests from `until` or before are findings.
///
/// # Errors
/// When the table cannot be read.
pub(super) fn check(lines: &ChangeLines, table: &RestoredTable, until: Timestamp) -> Result<Findings, CliError> {
    let (mut tokens, mut lost) = (Vec::new(), Vec::new());
    for (id, changes) in lines.tokens() {
        match table.token(id)? {
            None if changes.created && changes.revoking.is_none() => lost.push(id.to_string()),
            None => {}
            Some(record) => tokens.extend(finding(id, changes, record, table)?),
        }
    }
    let mut approvals = table.open_approvals(until)?;
    // They end with their tokens.
    approvals.retain(|approval| !tokens.iter().any(|finding| finding.record.id == approval.token));
    let restored_version = table.catalog_version()?;
    let catalog = lines.catalog().filter(|change| change.version > restored_version);
    let catalog = catalog.cloned().map(|change| CatalogFinding {
        at: change.at,
        by: change.by,
        version: change.version,
        restored_version,
    });
    Ok(Findings { tokens, approvals, lost, lost_exchanged: lines.exchanged(), catalog })
}

fn finding(
    id: &TokenId,
    changes: &TokenChanges,
    record: TokenRecord,
    table: &RestoredTable,
) -> Result<Option<Finding>, CliError> {
    if record.revoked.is_some() {
        return Ok(None);
    }
    // The table has a change if it has its event.
    let is_lacking = |change: &Change| match &change.event_id {
        Some(event) => table.has_event(id, event).map(|has| !has),
        None => Ok(true),
    };
    if let Some(change) = &changes.revoking
        && is_lacking(change)?
    {
        return Ok(Some(Finding { record, change: change.clone(), action: Action::Revoke }));
    }
    let disabled = changes.disabled.as_ref().filter(|change| changes.enabled.is_none_or(|at| at <= change.at));
    for change in [disabled, changes.restricted.as_ref()].into_iter().flatten() {
        // Enabled later in this table: an admin has checked it.
        let is_checked = record.enabled_at.is_some_and(|at| at >= change.at);
        if record.disabled.is_none() && !is_checked && is_lacking(change)? {
            return Ok(Some(Finding { record, change: change.clone(), action: Action::Disable }));
        }
    }
    Ok(None)
}
