//! Events: a token's history, and the activity of the whole deployment. Each is an item beside the
//! record that is written once, with a TTL of its own (ADR 0021).

use std::collections::HashMap;

use aws_sdk_dynamodb::types::TransactWriteItem;
use rand::TryRng;
use rand::rngs::SysRng;
use ulid::Ulid;

use super::cursor::{self, Cursor};
use super::item::Item;
use super::{Error, Tokens, item, ttl};
use crate::access::Day;
use crate::clock::Timestamp;
use crate::token::{Author, Event, Happened, Invalid, OwnerId, Record, TokenId};

/// What the cursors of the activity are for: there is one for the whole deployment.
const ACTIVITY: &str = "activity";
/// The most queries for one page of the activity: most days of most deployments have none.
const MAX_QUERIES: u32 = 40;
/// The most events that are read for one page: a filter that matches little ends it early, with a cursor.
const MAX_READ: usize = 1_000;

/// A page of a token's history.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// Newest first.
    pub events: Vec<Event>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<EventCursor>,
}

/// A place in a token's history: the ID of the event behind which it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventCursor(String);

impl EventCursor {
    /// As the caller gets it.
    #[must_use]
    pub fn encode(&self, id: &TokenId) -> String {
        cursor::encode(self, id)
    }

    /// As the caller sends it back.
    ///
    /// # Errors
    /// When it was not made by [`EventCursor::encode`] for the same token.
    pub fn decode(text: &str, id: &TokenId) -> Result<Self, Invalid> {
        let wrong = "must be the next_cursor of the page before, of the same token's events";
        cursor::decode(text, id).ok_or_else(|| Invalid::new(wrong))
    }
}

impl Cursor for EventCursor {
    type List = TokenId;

    fn place(&self) -> String {
        self.0.clone()
    }

    fn read(place: &str) -> Option<Self> {
        Some(Self(place.to_owned()))
    }
}

/// Which events of the deployment, and how many of them.
#[derive(Clone, Debug)]
pub struct ActivityFilter {
    /// From this moment on.
    pub from: Timestamp,
    /// Until and including this moment.
    pub to: Timestamp,
    /// Of this kind alone.
    pub kind: Option<String>,
    /// By this actor alone, as it is written down.
    pub actor: Option<String>,
    /// About this owner's tokens alone.
    pub owner: Option<OwnerId>,
    /// Behind which; from the newest on where there is none.
    pub after: Option<ActivityCursor>,
    /// How many at most.
    pub limit: usize,
}

/// An event, and the token that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// The token.
    pub token: TokenId,
    /// Its owner.
    pub owner: OwnerId,
    /// The event.
    pub event: Event,
}

/// A page of the activity.
#[derive(Clone, Debug)]
pub struct ActivityPage {
    /// Newest first.
    pub activities: Vec<Activity>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<ActivityCursor>,
}

/// A place in the activity: the event behind which it is, or the end of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActivityCursor {
    day: Day,
    behind: Option<(TokenId, String)>,
}

impl Cursor for ActivityCursor {
    type List = &'static str;

    fn place(&self) -> String {
        let behind = self.behind.as_ref().map(|(token, event)| format!("{token}.{event}"));
        format!("{}.{}", self.day.number(), behind.unwrap_or_default())
    }

    fn read(place: &str) -> Option<Self> {
        let (day, behind) = place.split_once('.')?;
        let behind = match behind.split_once('.') {
            Some((token, event)) => Some((token.parse().ok()?, event.to_owned())),
            None => None,
        };
        Some(Self { day: Day::from_number(day.parse().ok()?), behind })
    }
}

impl ActivityCursor {
    /// As the caller gets it.
    #[must_use]
    pub fn encode(&self) -> String {
        cursor::encode(self, &ACTIVITY)
    }

    /// As the caller sends it back.
    ///
    /// # Errors
    /// When it was not made by [`ActivityCursor::encode`].
    pub fn decode(text: &str) -> Result<Self, Invalid> {
        cursor::decode(text, &ACTIVITY).ok_or_else(|| Invalid::new("must be the next_cursor of the page before"))
    }

    fn of(activity: &Activity) -> Self {
        let behind = Some((activity.token.clone(), activity.event.id.clone()));
        Self { day: Day::of(activity.event.at), behind }
    }

    fn of_key(key: &Item) -> Option<Self> {
        let (token, event) = (item::id_of(key)?.parse().ok()?, item::event_id_of(key)?);
        let at = Ulid::from_string(event).ok()?.timestamp_ms();
        let day = Day::of(Timestamp::from_millis(i64::try_from(at).ok()?));
        Some(Self { day, behind: Some((token, event.to_owned())) })
    }

    fn key(&self) -> Option<Item> {
        let (token, event) = self.behind.as_ref()?;
        let mut key = item::event_key(token, event);
        key.insert(item::DAY.to_owned(), item::string(self.day.to_string()));
        Some(key)
    }
}

impl ActivityFilter {
    fn lets_through(&self, activity: &Activity) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        let by = activity.event.by.actor.as_ref().map(ToString::to_string).unwrap_or_default();
        is(&self.kind, &activity.event.kind)
            && is(&self.actor, &by)
            && self.owner.as_ref().is_none_or(|owner| *owner == activity.owner)
            // ULIDs are compared with whole milliseconds, and so is this.
            && (self.from..=self.to).contains(&activity.event.at)
    }
}

impl Tokens {
    /// The write of an event, with its own TTL.
    pub(super) fn event(
        &self,
        record: &Record,
        what: &Happened,
        by: &Author,
        at: Timestamp,
        history_days: u32,
    ) -> Result<TransactWriteItem, Error> {
        let drawn = SysRng.try_next_u32().map_err(Error::unavailable)?;
        // Two changes of one millisecond are told apart, and in order, by the version.
        let order = (u128::from(record.version) << 32) | u128::from(drawn);
        let id = Ulid::from_parts(u64::try_from(at.millis()).unwrap_or(0), order).to_string();
        let (kind, detail) = (what.kind().to_owned(), what.detail());
        let event = Event { id, at, kind, by: by.clone(), detail };
        self.put_new(item::event(record, &event, ttl::of_event(at, history_days)))
    }

    /// One page of a token's history, as it is at this moment.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn events(&self, id: &TokenId, after: Option<&EventCursor>, limit: usize) -> Result<EventPage, Error> {
        let (projection, mut names) = item::projection(&item::EVENT);
        names.extend([("#pk".to_owned(), "pk".to_owned()), ("#sk".to_owned(), "sk".to_owned())]);
        let values = HashMap::from([
            (":token".to_owned(), item::string(item::token_pk(id))),
            (":events".to_owned(), item::string(item::EVENT_PREFIX)),
        ]);
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("#pk = :token AND begins_with(#sk, :events)")
            .projection_expression(projection)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .scan_index_forward(false)
            // One more than is asked for tells whether there is another page.
            .limit(i32::try_from(limit).unwrap_or(i32::MAX).saturating_add(1))
            .set_exclusive_start_key(after.map(|cursor| item::event_key(id, &cursor.0)))
            .send()
            .await
            .map_err(Error::unavailable)?;
        let mut events = page.items().iter().map(item::read_event).collect::<Result<Vec<_>, _>>()?;
        let more = events.len() > limit;
        events.truncate(limit);
        let next = events.last().filter(|_| more).map(|event| EventCursor(event.id.clone()));
        Ok(EventPage { events, next })
    }

    /// One page of the activity of the deployment. The index follows the table within moments.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn activity(&self, filter: &ActivityFilter) -> Result<ActivityPage, Error> {
        let first = Day::of(filter.from);
        let newest = ActivityCursor { day: Day::of(filter.to), behind: None };
        let mut place = filter.after.clone().filter(|after| after.day <= newest.day).unwrap_or(newest);
        let mut activities = Vec::new();
        let mut read = 0;
        if filter.from > filter.to {
            return Ok(ActivityPage { activities, next: None });
        }
        for _ in 0..MAX_QUERIES {
            if place.day < first {
                return Ok(ActivityPage { activities, next: None });
            }
            let (keys, last) = self.event_keys(filter, &place).await?;
            read += keys.len();
            let found = self.batch(keys, &item::EVENT).await?;
            let found = found.iter().filter_map(|item| match item::activity(item) {
                Ok(activity) => Some(activity),
                Err(error) => {
                    // One event that something else wrote must not take the activity away.
                    tracing::error!(%error, "an event is left out of the activity");
                    None
                }
            });
            activities.extend(found.filter(|activity| filter.lets_through(activity)));
            if activities.len() > filter.limit {
                activities.truncate(filter.limit);
                let next = activities.last().map(ActivityCursor::of);
                return Ok(ActivityPage { activities, next });
            }
            place = match last.as_ref().and_then(ActivityCursor::of_key) {
                Some(behind) => behind,
                None => ActivityCursor { day: place.day.minus(1), behind: None },
            };
            if read >= MAX_READ {
                break;
            }
        }
        let next = (place.day >= first).then_some(place);
        Ok(ActivityPage { activities, next })
    }

    /// The keys of some events of a day, newest first, and where it goes on.
    async fn event_keys(
        &self,
        filter: &ActivityFilter,
        place: &ActivityCursor,
    ) -> Result<(Vec<Item>, Option<Item>), Error> {
        let bound = |at: Timestamp, order| {
            let ulid = Ulid::from_parts(u64::try_from(at.millis()).unwrap_or(0), order);
            item::string(format!("{}{ulid}", item::EVENT_PREFIX))
        };
        let values = HashMap::from([
            (":day".to_owned(), item::string(place.day.to_string())),
            (":from".to_owned(), bound(filter.from, 0)),
            (":to".to_owned(), bound(filter.to, u128::MAX)),
        ]);
        let names = HashMap::from([("#day".to_owned(), item::DAY.to_owned()), ("#sk".to_owned(), "sk".to_owned())]);
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .index_name("by_day")
            .key_condition_expression("#day = :day AND #sk BETWEEN :from AND :to")
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .scan_index_forward(false)
            .limit(i32::try_from(filter.limit).unwrap_or(i32::MAX).saturating_add(1))
            .set_exclusive_start_key(place.key())
            .send()
            .await
            .map_err(Error::unavailable)?;
        let last = page.last_evaluated_key;
        Ok((page.items.unwrap_or_default(), last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_activity_reads_back() {
        let day = Day::from_number(20_000);
        let behind = ("0123456789abcdef".parse().unwrap(), "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned());
        for place in [ActivityCursor { day, behind: None }, ActivityCursor { day, behind: Some(behind) }] {
            assert_eq!(ActivityCursor::decode(&place.encode()).unwrap(), place);
        }
    }
}
