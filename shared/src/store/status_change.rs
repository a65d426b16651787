//! The write shared by revoking, disabling and deleting a token.
//!
//! It is minimal: one transaction of record and event, on the condition that the token is not revoked. It
//! depends neither on the record's version nor on the owner's slots, so contention on those cannot delay it
//! (ADR 0020).

use super::backoff::backoff;
use super::transaction::{MAX_ATTEMPTS, write};
use super::transaction_outcome::TransactionOutcome;
use super::update_expression::UpdateExpression;
use super::{Error, Limits, TokenStore, item};
use crate::change_log::{ChangeEntry, ChangeOutcome};
use crate::clock::Clock;
use crate::token::{Actor, EventKind, EventOrigin, TokenRecord};

/// The token, the actor and the limits of the operation.
#[derive(Clone, Copy, Debug)]
pub struct StatusChange<'a> {
    /// The record as it was read.
    pub seen: &'a TokenRecord,
    /// The actor.
    pub actor: &'a Actor,
    /// Actor, IP address and user agent, for the event.
    pub by: &'a EventOrigin,
    /// The clock, read at each attempt.
    pub clock: &'a Clock,
    /// Retention settings.
    pub limits: Limits,
}

impl TokenStore {
    /// Writes the record and update that `next` returns for a token that is not revoked. `next` gets the last
    /// read record and the number of previous attempts, and returns `None` to leave the record unchanged.
    ///
    /// Returns the current record and whether this call wrote it; `None` if the token was deleted.
    pub(super) async fn change_status(
        &self,
        change: &StatusChange<'_>,
        what: &EventKind,
        next: impl Fn(&TokenRecord, u32) -> Option<(TokenRecord, UpdateExpression)>,
    ) -> Result<Option<(TokenRecord, bool)>, Error> {
        let StatusChange { by, clock, limits, .. } = *change;
        let mut seen = change.seen.clone();
        for tries in 0..MAX_ATTEMPTS {
            let Some((next, edit)) = next(&seen, tries) else { return Ok(Some((seen, false))) };
            let edit = edit.increment(item::VERSION).when_absent(item::REVOKED);
            let update = edit.build(&self.table, item::token_key(&seen.id)).map(write)?;
            let event = self.event(change.seen, what, by, clock.now(), limits.history_days)?;
            match self.transact([update], &event).await? {
                TransactionOutcome::Committed => {
                    // Another change may have incremented the version in between.
                    return Ok(Some((TokenRecord { version: next.version.saturating_add(1), ..next }, true)));
                }
                TransactionOutcome::Conflict => backoff(tries).await,
                TransactionOutcome::Refused => match self.get(&seen.id).await? {
                    Some(record) => seen = record,
                    None => return Ok(None),
                },
            }
        }
        Err(Error::Contention)
    }

    /// Logs a change that is acknowledged without a write, because an earlier one had the same effect. The
    /// function that made that one may have been stopped before it wrote its line.
    pub(super) fn log_unchanged(&self, change: &StatusChange<'_>, what: &EventKind) -> Result<(), Error> {
        let StatusChange { seen, by, clock, limits, .. } = *change;
        let event = self.event(seen, what, by, clock.now(), limits.history_days)?;
        self.log_change(&ChangeEntry { event_id: None, ..event.entry(ChangeOutcome::Unchanged) })
    }
}
