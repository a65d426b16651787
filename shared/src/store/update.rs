//! Updates of a token: the record, the event and, if the expiry changes, its owner's slots in one transaction,
//! on the condition that the record has not changed since it was read.

use aws_sdk_dynamodb::types::AttributeValue;

use super::backoff::backoff;
use super::transaction::{MAX_ATTEMPTS, write};
use super::transaction_outcome::TransactionOutcome;
use super::update_expression::UpdateExpression;
use super::{Error, Limits, RotationKey, StoredCredential, TokenStore, item};
use crate::clock::Clock;
use crate::secret::TokenDigest;
use crate::token::{EventKind, EventOrigin, TokenRecord};

/// Maximum number of idempotency keys that are remembered. No client rotates one token that often while a key
/// is recognized.
const MAX_ROTATION_KEYS: usize = 50;

/// An update of a token.
#[derive(Clone, Debug)]
pub struct TokenUpdate<'a> {
    /// The record as it was read.
    pub seen: &'a TokenRecord,
    /// The new record; the store sets its version.
    pub next: TokenRecord,
    /// The event to record.
    pub what: EventKind,
    /// Origin of the event.
    pub by: &'a EventOrigin,
    /// The clock, read at each attempt.
    pub clock: &'a Clock,
    /// Limits and retention settings.
    pub limits: Limits,
}

/// Outcome of an update.
#[derive(Debug, PartialEq, Eq)]
pub enum UpdateOutcome {
    /// Applied.
    Done(Box<TokenRecord>),
    /// The current record, which differs from the one that was read; nothing was written.
    Stale(Box<TokenRecord>),
    /// The token was deleted.
    Gone,
    /// The owner has reached the maximum number of live tokens; nothing was written.
    LimitReached,
}

impl TokenStore {
    /// Updates a token as it was read.
    ///
    /// Its slot gets the new expiry. A token that has expired in the meantime is not updated, because that
    /// would reactivate its old secret.
    ///
    /// # Errors
    /// When the store fails. The update may or may not be written; read the token to find out.
    pub async fn update(&self, change: &TokenUpdate<'_>) -> Result<UpdateOutcome, Error> {
        self.write_change(change, None).await
    }

    /// Rotates a token. The current secret stays valid until the new record's `previous_secret_until`. `key` is
    /// the request's idempotency key.
    ///
    /// # Errors
    /// As [`TokenStore::update`].
    pub async fn rotate(
        &self,
        change: &TokenUpdate<'_>,
        seen: &StoredCredential,
        new: TokenDigest,
        key: Option<&RotationKey>,
    ) -> Result<UpdateOutcome, Error> {
        let now = change.clock.now();
        let secrets = seen.secrets.rotate(new, change.next.previous_secret_until);
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
            // Only a rotation reactivates an expired token, and the previous secret must not be valid then.
            let revives = secrets.is_some() && next.previous_secret_until.is_none();
            let has_expired = seen.has_expired(now);
            if has_expired && !revives {
                return Ok(UpdateOutcome::Stale(Box::new(seen.clone())));
            }
            let edit = edit(seen, &next, limits.retention_days);
            // The approvals ended with the token.
            let closed = seen.approvals.closed();
            let edit = if has_expired { edit.set_or_remove(item::APPROVALS, item::approvals(&closed)) } else { edit };
            let edit = match &secrets {
                // The next reuse is that of another secret.
                Some(secrets) => edit.set(item::SECRETS, secrets.clone()).set_or_remove(item::REUSE, None),
                None => edit,
            };
            let mut writes = vec![edit.build(&self.table, item::token_key(&next.id)).map(write)?];
            let event = self.event(&next, &change.what, change.by, now, limits.history_days)?;
            if next.counted && limits.live_tokens > 0 && next.expires_at != seen.expires_at {
                let Some(slot) = self.take_slot(&next, now, limits.live_tokens).await? else {
                    return Ok(UpdateOutcome::LimitReached);
                };
                writes.push(slot);
            }
            if self.transact(writes, &event).await? == TransactionOutcome::Committed {
                let approvals = if has_expired { closed } else { next.approvals };
                return Ok(UpdateOutcome::Done(Box::new(TokenRecord { approvals, ..next })));
            }
            match self.get(&next.id).await? {
                None => return Ok(UpdateOutcome::Gone),
                Some(record) if record.version != seen.version => return Ok(UpdateOutcome::Stale(Box::new(record))),
                // The slots have changed, or a concurrent transaction was in progress.
                Some(_) => backoff(tries).await,
            }
        }
        Err(Error::Contention)
    }
}

/// The groups that differ, each as a whole, on the condition of the version that was read.
fn edit(seen: &TokenRecord, next: &TokenRecord, retention_days: u32) -> UpdateExpression {
    let (before, after) = (item::token_item(seen, retention_days), item::token_item(next, retention_days));
    let edit = UpdateExpression::default().when_still(item::VERSION, Some(item::number(seen.version)));
    let names: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .fold(edit, |edit, name| edit.set_or_remove(name, after.get(name).cloned()))
}
