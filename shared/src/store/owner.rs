//! Revoking all tokens of an owner: those that are alive first, past every error, resumable.

use super::cursor::{self, Cursor};
use super::{Ending, Error, Filter, Limits, ListCursor, MAX_PER_PAGE, Scope, Tokens};
use crate::clock::{Clock, Timestamp};
use crate::token::{Actor, Author, Grounds, Invalid, OwnerId, Record, TokenId};

/// Whose tokens to revoke, who does it, and for how long.
#[derive(Debug)]
pub struct OwnerRevocation<'a> {
    /// Whose tokens.
    pub owner: &'a OwnerId,
    /// Who revokes them. A token that revokes its own owner's tokens comes last, so that the call can be
    /// made again.
    pub actor: &'a Actor,
    /// The same, and from where.
    pub by: &'a Author,
    /// Why.
    pub grounds: &'a Grounds,
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
pub struct OwnerRevoked {
    /// How many tokens were revoked.
    pub revoked: u64,
    /// Those that could not be revoked.
    pub failed: Vec<TokenId>,
    /// Where to go on; `None` where the end was reached.
    pub next: Option<OwnerCursor>,
}

/// A place among an owner's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerCursor {
    pass: Pass,
    /// From the newest token on where there is none.
    after: Option<ListCursor>,
}

/// Expired tokens come after all others: they could only be brought back with another secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    Alive,
    Expired,
}

impl OwnerCursor {
    const BEGINNING: Self = Self { pass: Pass::Alive, after: None };

    /// As the caller gets it.
    #[must_use]
    pub fn encode(&self, owner: &OwnerId) -> String {
        cursor::encode(self, owner)
    }

    /// As the caller sends it back.
    ///
    /// # Errors
    /// When it was not made by [`OwnerCursor::encode`] for the same owner.
    pub fn decode(text: &str, owner: &OwnerId) -> Result<Self, Invalid> {
        let wrong = "must be the next_cursor of the call before, for the same owner";
        cursor::decode(text, owner).ok_or_else(|| Invalid::new(wrong))
    }
}

impl Cursor for OwnerCursor {
    type List = OwnerId;

    fn place(&self) -> String {
        let pass = match self.pass {
            Pass::Alive => "alive",
            Pass::Expired => "expired",
        };
        format!("{pass} {}", self.after.as_ref().map(Cursor::place).unwrap_or_default())
    }

    fn read(place: &str) -> Option<Self> {
        let (pass, after) = place.split_once(' ')?;
        let pass = match pass {
            "alive" => Pass::Alive,
            "expired" => Pass::Expired,
            _ => return None,
        };
        let after = if after.is_empty() { None } else { Some(Cursor::read(after)?) };
        Some(Self { pass, after })
    }
}

impl Tokens {
    /// Revokes all tokens of an owner, as far as the time allows.
    ///
    /// # Errors
    /// When the store cannot say which tokens there are. Tokens may be revoked then, and trying again is
    /// safe. A token that cannot be revoked is no error: it is among those that failed.
    pub async fn revoke_all(&self, revocation: &OwnerRevocation<'_>) -> Result<OwnerRevoked, Error> {
        let mut revoked = OwnerRevoked::default();
        let mut place = revocation.after.clone().unwrap_or(OwnerCursor::BEGINNING);
        if revocation.after.is_none() {
            // The table knows of these at this moment, while the index follows it.
            let ids = self.ids_with_slots(revocation.owner).await?;
            let records = self.records(&ids).await?;
            let alive = records.into_iter().filter(|record| !record.has_expired(revocation.clock.now()));
            if !self.revoke_each(revocation, alive.collect(), &mut revoked).await {
                revoked.next = Some(place);
                return Ok(revoked);
            }
        }
        loop {
            let page = self.list(&revocation.page(&place)).await?;
            let wanted = |record: &Record| record.has_expired(revocation.clock.now()) == (place.pass == Pass::Expired);
            let records = page.tokens.into_iter().filter(wanted).collect();
            if !self.revoke_each(revocation, records, &mut revoked).await {
                revoked.next = Some(place);
                return Ok(revoked);
            }
            place = match (page.next, place.pass) {
                (Some(next), pass) => OwnerCursor { pass, after: Some(next) },
                (None, Pass::Alive) => OwnerCursor { pass: Pass::Expired, after: None },
                (None, Pass::Expired) => break,
            };
        }
        if revoked.failed.is_empty()
            && let Actor::Token(id) = revocation.actor
            && let Some(own) = self.get(id).await?.filter(|own| own.owner == *revocation.owner)
        {
            self.revoke_one(revocation, &own, &mut revoked).await;
        }
        Ok(revoked)
    }

    /// Revokes these tokens but for the caller's own; `false` where the time is up.
    async fn revoke_each(
        &self,
        revocation: &OwnerRevocation<'_>,
        records: Vec<Record>,
        revoked: &mut OwnerRevoked,
    ) -> bool {
        let is_own = |record: &Record| *revocation.actor == Actor::Token(record.id.clone());
        for record in records.into_iter().filter(|record| record.revoked.is_none() && !is_own(record)) {
            if revocation.clock.now() >= revocation.until {
                return false;
            }
            if !revoked.failed.contains(&record.id) {
                self.revoke_one(revocation, &record, revoked).await;
            }
        }
        revocation.clock.now() < revocation.until
    }

    async fn revoke_one(&self, revocation: &OwnerRevocation<'_>, seen: &Record, revoked: &mut OwnerRevoked) {
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

impl OwnerRevocation<'_> {
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
