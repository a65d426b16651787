//! Every change of a token: its record, the event that tells of it, and its owner's slots, in
//! one transaction that holds only if nobody changed the record since it was read.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use rand::TryRng;
use rand::rngs::SysRng;
use ulid::Ulid;

use super::create::{MOST_TRIES, Transacted, end_of_life, pause};
use super::events::MOST_IN_ONE_TRANSACTION;
use super::{Credential, Error, Limits, RotationKey, Tokens, item, number};
use crate::clock::Timestamp;
use crate::token::{Author, Digest, Event, Happened, Record, TokenId};

/// The most keys of rotations that are remembered; nobody gives a token that many secrets in
/// the time for which one is.
const MOST_KEYS: usize = 50;

/// A change of one token: what was read, what is to be, and what to tell of it.
#[derive(Debug)]
pub struct Change<'a> {
    /// As it was read.
    pub seen: &'a Record,
    /// As it is to be; its version is seen to by the store.
    pub next: Record,
    /// What happened.
    pub what: Happened,
    /// Who did it.
    pub by: &'a Author,
    /// When.
    pub now: Timestamp,
    /// What the deployment allows.
    pub limits: Limits,
}

/// How changing a token ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is as it was to be.
    Done(Box<Record>),
    /// Somebody was quicker: so it is now, and nothing was written.
    Stale(Box<Record>),
    /// It is not there any more.
    Gone,
    /// The owner has as many live tokens as are allowed; nothing was written.
    LimitReached,
}

type Attributes = Vec<(&'static str, Option<AttributeValue>)>;

impl Tokens {
    /// Changes a token as it was read.
    ///
    /// Its slot follows it: given back where it ends, taken again where it comes back to life,
    /// and moved with its expiry. The events are kept as long as the record.
    ///
    /// # Errors
    /// When the store fails; the change may be written or not, and reading tells.
    pub async fn change(&self, change: &Change<'_>) -> Result<Changed, Error> {
        self.changed(change, &Vec::new()).await
    }

    /// Changes a token to have another secret; the one that it has works on until the next
    /// record's `previous_secret_until`. `key` is that of the request, which is not to do it
    /// twice.
    ///
    /// # Errors
    /// As [`Tokens::change`].
    pub async fn rotate(
        &self,
        change: &Change<'_>,
        seen: &Credential,
        new: Digest,
        key: Option<&RotationKey>,
    ) -> Result<Changed, Error> {
        let secrets = seen.secrets.rotated(new, change.next.previous_secret_until, change.now);
        let known = seen.rotation_keys.iter().filter(|known| known.is_known(change.now));
        let keys: Vec<_> = key.into_iter().chain(known).take(MOST_KEYS).collect();
        let attributes = vec![
            (item::DIGEST, Some(item::bytes(secrets.current.as_bytes()))),
            (item::SUPERSEDED, Some(item::superseded(&secrets))),
            (item::ROTATION_KEYS, (!keys.is_empty()).then(|| item::rotation_keys(keys.into_iter()))),
            // The next reuse is one of another secret.
            (item::REUSE_SEEN_AT, None),
        ];
        self.changed(change, &attributes).await
    }

    async fn changed(&self, change: &Change<'_>, also: &Attributes) -> Result<Changed, Error> {
        let next = Record { version: change.seen.version.saturating_add(1), ..change.next.clone() };
        let event = event(&next, &change.what, change.by, change.now)?;
        for tried in 0..MOST_TRIES {
            let Some(writes) = self.writes(change, &next, &event, also).await? else {
                return Ok(Changed::LimitReached);
            };
            let writes = writes.into_iter().collect::<Result<_, _>>().map_err(Error::unavailable)?;
            if self.transact(writes).await? == Transacted::Done {
                return Ok(Changed::Done(Box::new(next)));
            }
            match self.get(&next.id).await? {
                None => return Ok(Changed::Gone),
                Some(now) if now.version != change.seen.version => return Ok(Changed::Stale(Box::new(now))),
                // It was about the slots or the events, or two were at it at the same time.
                Some(_) => pause(tried).await,
            }
        }
        Err(Error::Contention)
    }

    /// The transaction; `None` where there is no slot for it.
    async fn writes(
        &self,
        change: &Change<'_>,
        next: &Record,
        event: &Event,
        also: &Attributes,
    ) -> Result<Option<Vec<Result<TransactWriteItem, BuildError>>>, Error> {
        let ttl = |record: &Record| end_of_life(record, change.limits.retention_days);
        let (ttl_before, ttl_next) = (ttl(change.seen), ttl(next));
        let before = item::of(change.seen, ttl_before);
        let mut edit = Edit::new(change.seen.version);
        let after = item::of(next, ttl_next);
        for (name, value) in &after {
            if before.get(name) != Some(value) {
                edit.set(name, value.clone());
            }
        }
        for name in before.keys().filter(|name| !after.contains_key(*name)) {
            edit.remove(name);
        }
        for (name, value) in also {
            match value {
                Some(value) => edit.set(name, value.clone()),
                None => edit.remove(name),
            }
        }
        let mut writes = vec![
            edit.of(&self.table, item::token_key(&next.id)).map(update),
            self.put_event(&next.id, event, ttl_next),
        ];
        match self.slot_change(change, next).await? {
            Slot::Unchanged => {}
            Slot::Written(write) => writes.push(Ok(update(*write))),
            Slot::None => return Ok(None),
        }
        if ttl_before != ttl_next {
            let mut keys = self.event_keys(&next.id).await?;
            let older = keys.split_off(keys.len().min(MOST_IN_ONE_TRANSACTION));
            self.restamp(older, ttl_next).await?;
            writes.extend(keys.into_iter().map(|key| self.event_ttl(key, ttl_next).map(update)));
        }
        Ok(Some(writes))
    }

    async fn slot_change(&self, change: &Change<'_>, next: &Record) -> Result<Slot, Error> {
        let (seen, now) = (change.seen, change.now);
        let ends = next.revoked.is_some() && seen.revoked.is_none();
        if ends {
            let held = self.slots(&seen.owner).await?.holds(&seen.id);
            return if held { written(self.free_slot(&seen.owner, &seen.id)) } else { Ok(Slot::Unchanged) };
        }
        if change.limits.live_tokens == 0 || next.expires_at == seen.expires_at {
            return Ok(Slot::Unchanged);
        }
        let mut slots = self.slots(&seen.owner).await?.without_expired(now);
        if !slots.holds(&seen.id) {
            // One that was made where there was no limit is not counted later either.
            if !seen.has_expired(now) {
                return Ok(Slot::Unchanged);
            }
            if slots.count() >= usize::try_from(change.limits.live_tokens).unwrap_or(usize::MAX) {
                return Ok(Slot::None);
            }
        }
        slots.take(&seen.id, next.expires_at);
        written(self.write_slots(&seen.owner, &slots))
    }

    pub(super) fn put_event(
        &self,
        id: &TokenId,
        event: &Event,
        ttl: Option<Timestamp>,
    ) -> Result<TransactWriteItem, BuildError> {
        self.put_new(item::event(id, event, ttl))
    }
}

/// What becomes of a token's slot.
enum Slot {
    Unchanged,
    Written(Box<Update>),
    /// There is none left for it.
    None,
}

fn written(update: Result<Update, BuildError>) -> Result<Slot, Error> {
    update.map(Box::new).map(Slot::Written).map_err(Error::unavailable)
}

/// What happened to a token, as it is written down.
pub(super) fn event(record: &Record, what: &Happened, by: &Author, now: Timestamp) -> Result<Event, Error> {
    let drawn = SysRng.try_next_u32().map_err(Error::unavailable)?;
    // Two changes of one millisecond are told apart, and in order, by the version.
    let order = (u128::from(record.version) << 32) | u128::from(drawn);
    let id = Ulid::from_parts(u64::try_from(now.millis()).unwrap_or(0), order);
    let (kind, detail) = (what.kind().to_owned(), what.detail());
    Ok(Event { id: id.to_string(), at: now, kind, by: by.clone(), detail })
}

pub(super) fn update(update: Update) -> TransactWriteItem {
    TransactWriteItem::builder().update(update).build()
}

/// An update expression, in which every attribute goes by a placeholder.
struct Edit {
    sets: Vec<String>,
    removes: Vec<String>,
    names: Vec<(String, String)>,
    values: Vec<(String, AttributeValue)>,
    seen: u64,
}

impl Edit {
    fn new(seen: u64) -> Self {
        Self { sets: Vec::new(), removes: Vec::new(), names: Vec::new(), values: Vec::new(), seen }
    }

    fn set(&mut self, name: &str, value: AttributeValue) {
        self.sets.push(format!("#{name} = :{name}"));
        self.names.push((format!("#{name}"), name.to_owned()));
        self.values.push((format!(":{name}"), value));
    }

    fn remove(&mut self, name: &str) {
        self.removes.push(format!("#{name}"));
        self.names.push((format!("#{name}"), name.to_owned()));
    }

    fn of(self, table: &str, key: item::Item) -> Result<Update, BuildError> {
        let mut expression = format!("SET {}", self.sets.join(", "));
        if !self.removes.is_empty() {
            expression.push_str(&format!(" REMOVE {}", self.removes.join(", ")));
        }
        Update::builder()
            .table_name(table)
            .set_key(Some(key))
            .update_expression(expression)
            // The version is among what is set, so its placeholder is there.
            .condition_expression("#version = :seen")
            .set_expression_attribute_names(Some(self.names.into_iter().collect()))
            .set_expression_attribute_values(Some(self.values.into_iter().collect()))
            .expression_attribute_values(":seen", number(self.seen))
            .build()
    }
}
