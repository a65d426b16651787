//! Revocation of a token.

use super::update_expression::UpdateExpression;
use super::{Error, StatusChange, TokenStore, item, ttl};
use crate::token::{EventKind, Revocation, RevocationDetails, TokenApprovals, TokenRecord};

/// A revoked token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokeOutcome {
    /// The record after the revocation.
    pub record: TokenRecord,
    /// Whether this call revoked it.
    pub newly_revoked: bool,
}

impl TokenStore {
    /// Revokes a token and keeps its record for the retention. Later consistent reads never find it active.
    ///
    /// Repeating it has no effect; the first revocation stays. `None` if the token was deleted.
    ///
    /// # Errors
    /// When the store fails. The token may or may not be revoked; retrying is safe.
    pub async fn revoke(
        &self,
        change: &StatusChange<'_>,
        grounds: &RevocationDetails,
    ) -> Result<Option<RevokeOutcome>, Error> {
        let next = |seen: &TokenRecord, _| {
            if seen.revoked.is_some() {
                return None;
            }
            let at = change.clock.now().truncated_to_seconds();
            let revoked = Revocation { at, by: change.actor.clone(), grounds: grounds.clone() };
            let edit = UpdateExpression::of_existing()
                .set(item::REVOKED, item::revocation(&revoked))
                .set_or_remove(item::APPROVALS, None);
            let next = TokenRecord { revoked: Some(revoked), approvals: TokenApprovals::default(), ..seen.clone() };
            let ttl = ttl::record_ttl(&next, change.limits.retention_days);
            Some((next, edit.set_or_remove(item::TTL, ttl.map(item::seconds))))
        };
        let what = EventKind::Revoked(grounds.clone());
        let ended = self.change_status(change, &what, next).await?;
        if ended.as_ref().is_some_and(|(_, newly_revoked)| !newly_revoked) {
            self.log_unchanged(change, &what)?;
        }
        Ok(ended.map(|(record, newly_revoked)| RevokeOutcome { record, newly_revoked }))
    }
}
