//! Changes of a token that lives on: the record, the event and, where the expiry moves, its owner's
//! slots, in one transaction that holds only if the record has not changed since it was read.

use aws_sdk_dynamodb::types::AttributeValue;

use super::transaction::{MAX_ATTEMPTS, TransactionOutcome, backoff, write};
use super::update_expression::Edit;
use super::{Error, Limits, RotationKey, StoredCredential, TokenStore, item};
use crate::clock::Clock;
use crate::secret::TokenDigest;
use crate::token::{EventKind, EventOrigin, TokenRecord};

/// The most keys of rotations that are remembered. No client rotates one token that often in the time
/// for which one is.
const MAX_ROTATION_KEYS: usize = 50;

/// A change of one token: what was read, what is to be, and what to tell of it.
#[derive(Clone, Debug)]
pub struct TokenUpdate<'a> {
    /// As it was read.
    pub seen: &'a TokenRecord,
    /// As it is to be; the store sees to its version.
    pub next: TokenRecord,
    /// What happened.
    pub what: EventKind,
    /// Who did it.
    pub by: &'a EventOrigin,
    /// The clock, read at each try.
    pub clock: &'a Clock,
    /// What the deployment allows.
    pub limits: Limits,
}

/// How changing a token ended.
#[derive(Debug, PartialEq, Eq)]
pub enum UpdateOutcome {
    /// It is as it was to be.
    Done(Box<TokenRecord>),
    /// It is like this now, which is not what the change was for; nothing was written.
    Stale(Box<TokenRecord>),
    /// It is not there any more.
    Gone,
    /// The owner has as many live tokens as are allowed; nothing was written.
    LimitReached,
}

impl TokenStore {
    /// Changes a token as it was read.
    ///
    /// Its slot moves with its expiry. A token that has expired in the meantime is not changed: it would live
    /// again with the secret that has ended.
    ///
    /// # Errors
    /// When the store fails; the change may be written or not, and reading tells.
    pub async fn update(&self, change: &TokenUpdate<'_>) -> Result<UpdateOutcome, Error> {
        self.write_change(change, None).await
    }

    /// Gives a token another secret. The one that it has works until the next record's
    /// `previous_secret_until`. `key` is that of the request, which is not to do it twice.
    ///
    /// # Errors
    /// As [`TokenStore::change`].
    pub async fn rotate(
        &self,
        change: &TokenUpdate<'_>,
        seen: &StoredCredential,
        new: TokenDigest,
        key: Option<&RotationKey>,
    ) -> Result<UpdateOutcome, Error> {
        let now = change.clock.now();
        let secrets = seen.secrets.rotate(new, change.next.previous_secret_until, now);
        let known = seen.rotation_keys.iter().filter(|known| known.is_known(now));
        let keys: Vec<_> = key.into_iter().chain(known).take(MAX_ROTATION_KEYS).collect();
        self.write_change(change, Some(item::secrets(&secrets, &keys))).await
    }

    async fn write_change(
        &self,
        change: &TokenUpdate<'_>,
        secrets: Option<AttributeValue>,
    ) -> Result<UpdateOutcome, Error> {
        let (seen, limits) = (change.seen, change.limits);
        let next = TokenRecord { version: seen.version.saturating_add(1), ..change.next.clone() };
        for tries in 0..MAX_ATTEMPTS {
            let now = change.clock.now();
            // Only another secret brings it back, and then the one before must not work.
            let revives = secrets.is_some() && next.previous_secret_until.is_none();
            if seen.has_expired(now) && !revives {
                return Ok(UpdateOutcome::Stale(Box::new(seen.clone())));
            }
            let edit = edit(seen, &next, limits.retention_days);
            let edit = match &secrets {
                // The next reuse is one of another secret.
                Some(secrets) => edit.set(item::SECRETS, secrets.clone()).set_or_remove(item::REUSE, None),
                None => edit,
            };
            let mut writes = vec![
                edit.build(&self.table, item::token_key(&next.id)).map(write)?,
                self.event(&next, &change.what, change.by, now, limits.history_days)?,
            ];
            if next.counted && limits.live_tokens > 0 && next.expires_at != seen.expires_at {
                let Some(slot) = self.take_slot(&next, now, limits.live_tokens).await? else {
                    return Ok(UpdateOutcome::LimitReached);
                };
                writes.push(slot);
            }
            if self.transact(writes).await? == TransactionOutcome::Committed {
                return Ok(UpdateOutcome::Done(Box::new(next)));
            }
            match self.get(&next.id).await? {
                None => return Ok(UpdateOutcome::Gone),
                Some(record) if record.version != seen.version => return Ok(UpdateOutcome::Stale(Box::new(record))),
                // It was about the slots, or another transaction was in flight.
                Some(_) => backoff(tries).await,
            }
        }
        Err(Error::Contention)
    }
}

/// The groups that are different, each as a whole, under the version that was read.
fn edit(seen: &TokenRecord, next: &TokenRecord, retention_days: u32) -> Edit {
    let (before, after) = (item::of(seen, retention_days), item::of(next, retention_days));
    let edit = Edit::default().when_still(item::VERSION, Some(item::number(seen.version)));
    let names: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .fold(edit, |edit, name| edit.set_or_remove(name, after.get(name).cloned()))
}
