//! Revocation of all tokens of an owner: active ones first, continuing after errors, resumable.

use super::cursor::Cursor;
use super::{Error, Filter, Limits, ListCursor, MAX_PER_PAGE, Scope, StatusChange, TokenStore, cursor};
use crate::clock::{Clock, Timestamp};
use crate::secret::TokenId;
use crate::text::OwnerId;
use crate::token::{Actor, EventOrigin, RevocationDetails, TokenRecord};
use crate::validation::ValidationError;

/// Parameters of the revocation of an owner's tokens.
#[derive(Debug)]
pub struct OwnerRevocation<'a> {
    /// The owner.
    pub owner: &'a OwnerId,
    /// The actor. A token that revokes its own owner's tokens is revoked last, so that the call can be
    /// repeated.
    pub actor: &'a Actor,
    /// Actor, IP address and user agent, for events.
    pub by: &'a EventOrigin,
    /// Reason and comment.
    pub grounds: &'a RevocationDetails,
    /// The clock.
    pub clock: &'a Clock,
    /// Retention settings.
    pub limits: Limits,
    /// Deadline, after which the call returns a cursor.
    pub until: Timestamp,
    /// Cursor to continue from.
    pub after: Option<OwnerCursor>,
}

/// Result of one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnerRevokeOutcome {
    /// Number of tokens revoked.
    pub revoked: u64,
    /// Tokens that could not be revoked.
    pub failed: Vec<TokenId>,
    /// Cursor to continue from; `None` if the end was reached.
    pub next: Option<OwnerCursor>,
    /// Whether no token is left to revoke, including those that failed in earlier calls.
    pub done: bool,
}

/// Position among an owner's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerCursor {
    pass: Phase,
    /// Whether a token before this position could not be revoked, so that reaching the end is not enough.
    failed: bool,
    /// `None` starts with the newest token.
    after: Option<ListCursor>,
}

/// Expired tokens come last, because only a rotation could reactivate them. The second pass covers every token,
/// as one may have been reactivated in the meantime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Live,
    All,
}

impl OwnerCursor {
    const START: Self = Self { pass: Phase::Live, failed: false, after: None };

    /// Encodes the cursor for the caller.
    #[must_use]
    pub fn encode(&self, owner: &OwnerId) -> String {
        cursor::encode(self, owner)
    }

    /// Decodes a cursor sent by the caller.
    ///
    /// # Errors
    /// When it was not made by [`OwnerCursor::encode`] for the same owner.
    pub fn decode(text: &str, owner: &OwnerId) -> Result<Self, ValidationError> {
        let wrong = "must be the next_cursor of the previous call, for the same owner";
        cursor::decode(text, owner).ok_or_else(|| ValidationError::new(wrong))
    }
}

impl Cursor for OwnerCursor {
    type List = OwnerId;

    fn place(&self) -> String {
        let pass = match self.pass {
            Phase::Live => "alive",
            Phase::All => "all",
        };
        let failed = if self.failed { "failed" } else { "" };
        format!("{pass} {failed} {}", self.after.as_ref().map(Cursor::place).unwrap_or_default())
    }

    fn read(place: &str) -> Option<Self> {
        let (pass, rest) = place.split_once(' ')?;
        let (failed, after) = rest.split_once(' ')?;
        let pass = match pass {
            "alive" => Phase::Live,
            "all" => Phase::All,
            _ => return None,
        };
        let after = if after.is_empty() { None } else { Some(Cursor::read(after)?) };
        Some(Self { pass, failed: failed == "failed", after })
    }
}

impl TokenStore {
    /// Revokes all tokens of an owner until the deadline.
    ///
    /// # Errors
    /// When the tokens cannot be listed. Some may be revoked already, and retrying is safe. A token that cannot
    /// be revoked is no error but is listed as failed.
    pub async fn revoke_all(&self, revocation: &OwnerRevocation<'_>) -> Result<OwnerRevokeOutcome, Error> {
        let mut revoked = OwnerRevokeOutcome::default();
        let mut place = revocation.after.clone().unwrap_or(OwnerCursor::START);
        if revocation.after.is_none() {
            // The slots are consistent, while the index is only eventually consistent.
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
                // A token that cannot be revoked does not block the next call either.
                place.after = Some(ListCursor::from_record(&record));
                if place.pass == Phase::All || !record.has_expired(revocation.clock.now()) {
                    self.revoke_one(revocation, &record, &mut revoked).await;
                }
            }
            match (page.next, place.pass) {
                (Some(next), _) => place.after = Some(next),
                (None, Phase::Live) => (place.pass, place.after) = (Phase::All, None),
                (None, Phase::All) => break,
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
        match self.revoke(&StatusChange { seen, actor, by, clock, limits }, grounds).await {
            Ok(outcome) => revoked.revoked += u64::from(outcome.is_some_and(|outcome| outcome.newly_revoked)),
            Err(error) => {
                tracing::error!(%error, token_id = %seen.id, "a token of the owner could not be revoked");
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
