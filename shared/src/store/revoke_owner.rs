//! Revoking all tokens of an owner: those that are alive first, past every error, resumable.

use super::cursor::Cursor;
use super::{Ending, Error, Filter, Limits, ListCursor, MAX_PER_PAGE, Scope, TokenStore, cursor};
use crate::clock::{Clock, Timestamp};
use crate::secret::TokenId;
use crate::text::OwnerId;
use crate::token::{Actor, EventOrigin, RevocationDetails, TokenRecord};
use crate::validation::ValidationError;

/// Whose tokens to revoke, who does it, and for how long.
#[derive(Debug)]
pub struct OwnerRevocation<'a> {
    /// Whose tokens.
    pub owner: &'a OwnerId,
    /// Who revokes them. A token that revokes its own owner's tokens comes last, so that the call can be
    /// made again.
    pub actor: &'a Actor,
    /// The same, and from where.
    pub by: &'a EventOrigin,
    /// Why.
    pub grounds: &'a RevocationDetails,
    /// The time.
    pub clock: &'a Clock,
    /// What the deployment keeps.
    pub limits: Limits,
    /// When to stop, and say where to go on.
    pub until: Timestamp,
    /// Where to go on.
    pub after: Option<OwnerCursor>,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnerRevokeOutcome {
    /// How many tokens were revoked.
    pub revoked: u64,
    /// Those that could not be revoked.
    pub failed: Vec<TokenId>,
    /// Where to go on; `None` where the end was reached.
    pub next: Option<OwnerCursor>,
    /// Whether no token is left, as far as is known: also none that could not be revoked by a call before.
    pub done: bool,
}

/// A place among an owner's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerCursor {
    pass: Pass,
    /// Whether a token could not be revoked before this place: then the end is not all there is to do.
    failed: bool,
    /// From the newest token on where there is none.
    after: Option<ListCursor>,
}

/// Expired tokens come after all others: they could only be brought back with another secret. The second
/// pass takes every token, as one may have been brought back in the meantime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    Alive,
    All,
}

impl OwnerCursor {
    const BEGINNING: Self = Self { pass: Pass::Alive, failed: false, after: None };

    /// As the caller gets it.
    #[must_use]
    pub fn encode(&self, owner: &OwnerId) -> String {
        cursor::encode(self, owner)
    }

    /// As the caller sends it back.
    ///
    /// # Errors
    /// When it was not made by [`OwnerCursor::encode`] for the same owner.
    pub fn decode(text: &str, owner: &OwnerId) -> Result<Self, ValidationError> {
        let wrong = "must be the next_cursor of the call before, for the same owner";
        cursor::decode(text, owner).ok_or_else(|| ValidationError::new(wrong))
    }
}

impl Cursor for OwnerCursor {
    type List = OwnerId;

    fn place(&self) -> String {
        let pass = match self.pass {
            Pass::Alive => "alive",
            Pass::All => "all",
        };
        let failed = if self.failed { "failed" } else { "" };
        format!("{pass} {failed} {}", self.after.as_ref().map(Cursor::place).unwrap_or_default())
    }

    fn read(place: &str) -> Option<Self> {
        let (pass, rest) = place.split_once(' ')?;
        let (failed, after) = rest.split_once(' ')?;
        let pass = match pass {
            "alive" => Pass::Alive,
            "all" => Pass::All,
            _ => return None,
        };
        let after = if after.is_empty() { None } else { Some(Cursor::read(after)?) };
        Some(Self { pass, failed: failed == "failed", after })
    }
}

impl TokenStore {
    /// Revokes all tokens of an owner, as far as the time allows.
    ///
    /// # Errors
    /// When the store cannot say which tokens there are. Tokens may be revoked then, and trying again is
    /// safe. A token that cannot be revoked is no error: it is among those that failed.
    pub async fn revoke_all(&self, revocation: &OwnerRevocation<'_>) -> Result<OwnerRevokeOutcome, Error> {
        let mut revoked = OwnerRevokeOutcome::default();
        let mut place = revocation.after.clone().unwrap_or(OwnerCursor::BEGINNING);
        if revocation.after.is_none() {
            // The table knows of these at this moment, while the index follows it.
            let ids = self.ids_with_slots(revocation.owner).await?;
            let records = self.records(&ids).await?;
            let alive = records.into_iter().filter(|record| !record.has_expired(revocation.clock.now()));
            for record in alive {
                if revocation.is_over() {
                    return Ok(revoked.stopped_at(place));
                }
                self.revoke_one(revocation, &record, &mut revoked).await;
            }
        }
        loop {
            let page = self.list(&revocation.page(&place)).await?;
            for record in page.tokens {
                if revocation.is_over() {
                    return Ok(revoked.stopped_at(place));
                }
                // So a token that cannot be revoked does not hold up the next call either.
                place.after = Some(ListCursor::of(&record));
                if place.pass == Pass::All || !record.has_expired(revocation.clock.now()) {
                    self.revoke_one(revocation, &record, &mut revoked).await;
                }
            }
            match (page.next, place.pass) {
                (Some(next), _) => place.after = Some(next),
                (None, Pass::Alive) => (place.pass, place.after) = (Pass::All, None),
                (None, Pass::All) => break,
            }
        }
        if revoked.failed.is_empty() && !place.failed {
            revoked.done = true;
            if let Actor::Token(id) = revocation.actor
                && let Some(own) = self.get(id).await?.filter(|own| own.owner == *revocation.owner)
            {
                self.write_revocation(revocation, &own, &mut revoked).await;
                revoked.done = revoked.failed.is_empty();
            }
        }
        Ok(revoked)
    }

    /// Revokes one token, unless it is the caller's own or was tried before.
    async fn revoke_one(&self, revocation: &OwnerRevocation<'_>, seen: &TokenRecord, revoked: &mut OwnerRevokeOutcome) {
        let is_own = *revocation.actor == Actor::Token(seen.id.clone());
        if seen.revoked.is_none() && !is_own && !revoked.failed.contains(&seen.id) {
            self.write_revocation(revocation, seen, revoked).await;
        }
    }

    async fn write_revocation(
        &self,
        revocation: &OwnerRevocation<'_>,
        seen: &TokenRecord,
        revoked: &mut OwnerRevokeOutcome,
    ) {
        let OwnerRevocation { actor, by, clock, limits, grounds, .. } = *revocation;
        match self.revoke(&Ending { seen, actor, by, clock, limits }, grounds).await {
            Ok(outcome) => revoked.revoked += u64::from(outcome.is_some_and(|outcome| outcome.by_this)),
            Err(error) => {
                tracing::error!(%error, token_id = %seen.id, "a token of the owner was not revoked");
                revoked.failed.push(seen.id.clone());
            }
        }
    }
}

impl OwnerRevokeOutcome {
    fn stopped_at(self, place: OwnerCursor) -> Self {
        let failed = place.failed || !self.failed.is_empty();
        Self { next: Some(OwnerCursor { failed, ..place }), ..self }
    }
}

impl OwnerRevocation<'_> {
    fn is_over(&self) -> bool {
        self.clock.now() >= self.until
    }

    fn page(&self, place: &OwnerCursor) -> Filter {
        Filter {
            scope: Scope::Owner(self.owner.clone()),
            status: None,
            after: place.after.clone(),
            idle_since: None,
            max_idle_days: 0,
            limit: MAX_PER_PAGE,
            now: self.clock.now(),
        }
    }
}
