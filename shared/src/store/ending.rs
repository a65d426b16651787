//! What revoking, disabling and deleting a token have in common.
//!
//! Each is the smallest write there is: one transaction of the record and the event, under the
//! condition that the token is not revoked yet. It depends neither on the record's version nor on the
//! owner's slots, so nothing that a holder or an owner can contend for delays it (ADR 0020).

use super::transaction::{MAX_ATTEMPTS, TransactionOutcome, backoff, write};
use super::update_expression::Edit;
use super::{Error, Limits, TokenStore, item};
use crate::clock::Clock;
use crate::token::{Actor, EventKind, EventOrigin, TokenRecord};

/// The end of a token: which one, who ends it, and what the deployment keeps of it.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    /// As it was read.
    pub seen: &'a TokenRecord,
    /// Who ends it.
    pub actor: &'a Actor,
    /// The same, and from where.
    pub by: &'a EventOrigin,
    /// The clock, read at each try.
    pub clock: &'a Clock,
    /// What the deployment keeps.
    pub limits: Limits,
}

impl TokenStore {
    /// Writes `next` of a token that is not revoked: the record as it is to be and the edit, given the
    /// record as it was read last and the number of attempts before; `None` where it is to stay as it is.
    ///
    /// The record as it is now, and whether this is what wrote it; `None` where the token was deleted.
    pub(super) async fn end(
        &self,
        ending: &Ending<'_>,
        what: &EventKind,
        next: impl Fn(&TokenRecord, u32) -> Option<(TokenRecord, Edit)>,
    ) -> Result<Option<(TokenRecord, bool)>, Error> {
        let Ending { by, clock, limits, .. } = *ending;
        let mut seen = ending.seen.clone();
        for tries in 0..MAX_ATTEMPTS {
            let Some((next, edit)) = next(&seen, tries) else { return Ok(Some((seen, false))) };
            let edit = edit.increment(item::VERSION).when_absent(item::REVOKED);
            let update = edit.build(&self.table, item::token_key(&seen.id)).map(write)?;
            let event = self.event(ending.seen, what, by, clock.now(), limits.history_days)?;
            match self.transact([update, event]).await? {
                TransactionOutcome::Committed => {
                    // Another change may have come in between, and the version is one more then.
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
}
