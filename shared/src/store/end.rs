//! The ways in which a person ends a token: revoke, disable, delete.
//!
//! Each is the smallest write there is: one transaction of the record and the event, under the
//! condition that the token is not revoked yet. It depends neither on the record's version nor on the
//! owner's slots, so nothing that a holder or an owner can contend for delays it (ADR 0020).

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};

use super::transaction::{MAX_ATTEMPTS, TransactionOutcome, backoff, write};
use super::update::Changed;
use super::update_expression::Edit;
use super::{Error, Limits, Tokens, client, item, ttl};
use crate::clock::Clock;
use crate::token::{Actor, Author, Disablement, Grounds, Happened, Record, Revocation, WhyDisabled};

/// How many times an admin's disablement looks at how others disabled the token.
const MAX_CONSIDERATE_ATTEMPTS: u32 = 3;

/// The end of a token: which one, who ends it, and what the deployment keeps of it.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    /// As it was read.
    pub seen: &'a Record,
    /// Who ends it.
    pub actor: &'a Actor,
    /// The same, and from where.
    pub by: &'a Author,
    /// The clock, read at each try.
    pub clock: &'a Clock,
    /// What the deployment keeps.
    pub limits: Limits,
}

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
        let mut seen = ending.seen.clone();
        for tries in 0..MAX_ATTEMPTS {
            if seen.revoked.is_some() {
                return Ok(Some(Revoked { record: seen, by_this: false }));
            }
            let at = ending.clock.now().to_the_second();
            let revoked = Revocation { at, by: ending.actor.clone(), grounds: grounds.clone() };
            let next = Record { revoked: Some(revoked.clone()), ..seen.clone() };
            let edit = Edit::of_existing()
                .set(item::REVOKED, item::revocation(&revoked))
                .set_or_remove(item::TTL, ttl::record_ttl(&next, ending.limits.retention_days).map(item::seconds));
            match self.end(ending, edit, &Happened::Revoked(grounds.clone())).await? {
                TransactionOutcome::Committed => return Ok(Some(Revoked { record: after(next), by_this: true })),
                TransactionOutcome::Conflict => backoff(tries).await,
                TransactionOutcome::Refused => match self.get(&seen.id).await? {
                    Some(record) => seen = record,
                    None => return Ok(None),
                },
            }
        }
        Err(Error::Contention)
    }

    /// Disables a token; with a version, only if that is the record's.
    ///
    /// An owner's disablement does not replace an admin's. An admin's replaces any other, so that only an
    /// admin enables the token again.
    ///
    /// # Errors
    /// When the store fails; the token may be disabled or not, and trying again is safe.
    pub async fn disable(&self, ending: &Ending<'_>, why: WhyDisabled, version: Option<u64>) -> Result<Changed, Error> {
        let mut seen = ending.seen.clone();
        for tries in 0..MAX_ATTEMPTS {
            if seen.revoked.is_some() || version.is_some_and(|version| version != seen.version) {
                return Ok(Changed::Stale(Box::new(seen)));
            }
            if seen.disabled.as_ref().is_some_and(|disabled| disabled.stands_against(why)) {
                return Ok(Changed::Done(Box::new(seen)));
            }
            let at = ending.clock.now().to_the_second();
            let disabled = Disablement { at, by: Some(ending.actor.clone()), why };
            let mut edit = Edit::of_existing().set(item::DISABLED, item::disablement(&disabled));
            // What others disabled in the meantime stands, if it can; an owner who enables the token again
            // and again does not keep an admin from disabling it.
            if why != WhyDisabled::Admin || tries < MAX_CONSIDERATE_ATTEMPTS {
                edit = edit.when_still(item::DISABLED, seen.disabled.as_ref().map(item::disablement));
            }
            if let Some(version) = version {
                edit = edit.when_still(item::VERSION, Some(item::number(version)));
            }
            match self.end(ending, edit, &Happened::Disabled(why)).await? {
                TransactionOutcome::Committed => {
                    let next = Record { disabled: Some(disabled), ..seen };
                    return Ok(Changed::Done(Box::new(after(next))));
                }
                TransactionOutcome::Conflict => backoff(tries).await,
                TransactionOutcome::Refused => match self.get(&seen.id).await? {
                    Some(record) => seen = record,
                    None => return Ok(Changed::Gone),
                },
            }
        }
        Err(Error::Contention)
    }

    /// Deletes a token's record, and then what is known of its usage. Its events stay for their own
    /// time. `false` where it was deleted before.
    ///
    /// # Errors
    /// When the store fails; trying again is safe.
    pub async fn delete(&self, ending: &Ending<'_>) -> Result<bool, Error> {
        let Ending { seen, by, clock, limits, .. } = *ending;
        for tries in 0..MAX_ATTEMPTS {
            let delete = Delete::builder()
                .table_name(&self.table)
                .set_key(Some(item::token_key(&seen.id)))
                .condition_expression("attribute_exists(pk)")
                .build();
            let delete = TransactWriteItem::builder().delete(delete.map_err(Error::unavailable)?).build();
            let event = self.event(seen, &Happened::Deleted, by, clock.now(), limits.history_days)?;
            match self.transact([delete, event]).await? {
                TransactionOutcome::Committed => {
                    self.delete_usage(seen).await;
                    return Ok(true);
                }
                TransactionOutcome::Refused => return Ok(false),
                TransactionOutcome::Conflict => backoff(tries).await,
            }
        }
        Err(Error::Contention)
    }

    /// One try to end a token that is not revoked.
    async fn end(&self, ending: &Ending<'_>, edit: Edit, what: &Happened) -> Result<TransactionOutcome, Error> {
        let edit = edit.increment(item::VERSION).when_absent(item::REVOKED);
        let update = edit.build(&self.table, item::token_key(&ending.seen.id)).map(write)?;
        let history_days = ending.limits.history_days;
        let event = self.event(ending.seen, what, ending.by, ending.clock.now(), history_days)?;
        self.transact([update, event]).await
    }

    /// The token has ended already: what is left of its usage is cleared away by its TTL.
    async fn delete_usage(&self, record: &Record) {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(item::usage_key(&record.id)));
        if let Err(error) = delete.customize().config_override(client::briefly(&self.client)).send().await {
            tracing::warn!(error = %Error::unavailable(error), token_id = %record.id, "the usage was not deleted");
        }
    }
}

/// The record after an ending, as far as that knows: another change may have come in between, and the
/// version is one more then.
fn after(record: Record) -> Record {
    Record { version: record.version.saturating_add(1), ..record }
}
