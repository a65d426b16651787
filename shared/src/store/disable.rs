//! Disabling of a token.

use super::update::UpdateOutcome;
use super::update_expression::UpdateExpression;
use super::{Error, StatusChange, TokenStore, item};
use crate::token::{DisableReason, DisabledState, EventKind, TokenApprovals, TokenRecord};

/// Maximum number of attempts of an admin's disablement while others change the token.
const MAX_PRESERVING_ATTEMPTS: u32 = 3;

impl TokenStore {
    /// Disables a token, which ends its approvals; with a version, only if the record has that version.
    ///
    /// An owner's disablement does not replace an admin's. An admin's replaces any other, so that only an admin
    /// can enable the token again.
    ///
    /// # Errors
    /// When the store fails. The token may or may not be disabled; retrying is safe.
    pub async fn disable(
        &self,
        change: &StatusChange<'_>,
        why: DisableReason,
        version: Option<u64>,
    ) -> Result<UpdateOutcome, Error> {
        let is_stale =
            |seen: &TokenRecord| seen.revoked.is_some() || version.is_some_and(|version| version != seen.version);
        let next = |seen: &TokenRecord, tries| {
            if is_stale(seen) || seen.disabled.as_ref().is_some_and(|disabled| disabled.stands_against(why)) {
                return None;
            }
            let at = change.clock.now().truncated_to_seconds();
            let disabled = DisabledState { at, by: Some(change.actor.clone()), why };
            let mut edit = UpdateExpression::of_existing()
                .set(item::DISABLED, item::disablement(&disabled))
                .set_or_remove(item::APPROVALS, item::approvals(&seen.approvals.closed()));
            // A concurrent disablement stays unless this one takes precedence. An owner who keeps enabling the
            // token cannot prevent an admin from disabling it.
            if why != DisableReason::Admin || tries < MAX_PRESERVING_ATTEMPTS {
                edit = edit.when_still(item::DISABLED, seen.disabled.as_ref().map(item::disablement));
            }
            if let Some(version) = version {
                edit = edit.when_still(item::VERSION, Some(item::number(version)));
            }
            let approvals = TokenApprovals::default();
            Some((TokenRecord { disabled: Some(disabled), approvals, ..seen.clone() }, edit))
        };
        let what = EventKind::Disabled(why);
        Ok(match self.change_status(change, &what, next).await? {
            None => UpdateOutcome::Gone,
            Some((record, false)) if is_stale(&record) => UpdateOutcome::Stale(Box::new(record)),
            Some((record, written)) => {
                if !written {
                    self.log_unchanged(change, &what)?;
                }
                UpdateOutcome::Done(Box::new(record))
            }
        })
    }
}
