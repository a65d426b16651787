//! Revoking a token.

use super::update_expression::Edit;
use super::{Ending, Error, Tokens, item, ttl};
use crate::token::{Grounds, Happened, Record, Revocation};

/// A token that is revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// As it is now.
    pub record: Record,
    /// Whether this is what revoked it.
    pub by_this: bool,
}

impl Tokens {
    /// Revokes a token and keeps its record for the retention. Once this has answered, no later
    /// consistent read finds it alive.
    ///
    /// Revoking it again changes nothing: the first revocation stands. `None` where the token was
    /// deleted.
    ///
    /// # Errors
    /// When the store fails; the token may be revoked or not, and trying again is safe.
    pub async fn revoke(&self, ending: &Ending<'_>, grounds: &Grounds) -> Result<Option<Revoked>, Error> {
        let next = |seen: &Record, _| {
            if seen.revoked.is_some() {
                return None;
            }
            let at = ending.clock.now().to_the_second();
            let revoked = Revocation { at, by: ending.actor.clone(), grounds: grounds.clone() };
            let edit = Edit::of_existing().set(item::REVOKED, item::revocation(&revoked));
            let next = Record { revoked: Some(revoked), ..seen.clone() };
            let ttl = ttl::record_ttl(&next, ending.limits.retention_days);
            Some((next, edit.set_or_remove(item::TTL, ttl.map(item::seconds))))
        };
        let ended = self.end(ending, &Happened::Revoked(grounds.clone()), next).await?;
        Ok(ended.map(|(record, by_this)| Revoked { record, by_this }))
    }
}
