//! The activity: the events of all tokens, newest first, read through an index by day.

use std::collections::HashMap;

use ulid::Ulid;

use super::cursor::Cursor;
use super::item::Item;
use super::{Error, MAX_PER_PAGE, TokenStore, cursor, item};
use crate::clock::{DAY_SECONDS, Day, Timestamp};
use crate::secret::TokenId;
use crate::text::OwnerId;
use crate::token::Event;
use crate::validation::ValidationError;

/// List name in the activity's cursors; there is one activity per deployment.
const ACTIVITY: &str = "activity";
/// Queries after which a page ends early, with a cursor; most deployments have many days without events.
const MAX_QUERIES: u32 = 40;
/// Read events after which a page ends early, with a cursor, if few match.
const MAX_READ: usize = 1_000;

/// Filter of the activity, with paging.
#[derive(Clone, Debug)]
pub struct ActivityFilter {
    /// Start of the period, inclusive.
    pub from: Timestamp,
    /// End of the period, inclusive.
    pub to: Timestamp,
    /// Only events of this kind.
    pub kind: Option<String>,
    /// Only events by this actor, in its text form.
    pub actor: Option<String>,
    /// Only events of this owner's tokens.
    pub owner: Option<OwnerId>,
    /// Cursor to continue after; `None` starts with the newest event.
    pub after: Option<ActivityCursor>,
    /// Maximum number of events.
    pub limit: usize,
}

/// An event with its token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// ID of the token.
    pub token: TokenId,
    /// Owner of the token.
    pub owner: OwnerId,
    /// The event.
    pub event: Event,
}

/// A page of the activity.
#[derive(Clone, Debug)]
pub struct ActivityPage {
    /// The events, newest first.
    pub activities: Vec<Activity>,
    /// Cursor of the next page; `None` on the last page.
    pub next: Option<ActivityCursor>,
}

/// Position in the activity: older events follow. It is the ID of an event that the activity shows, or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActivityCursor(Ulid);

impl Cursor for ActivityCursor {
    type List = &'static str;

    fn place(&self) -> String {
        self.0.to_string()
    }

    fn read(place: &str) -> Option<Self> {
        Ulid::from_string(place).ok().map(Self)
    }
}

impl ActivityCursor {
    /// Encodes the cursor for the caller.
    #[must_use]
    pub fn encode(&self) -> String {
        cursor::encode(self, &ACTIVITY)
    }

    /// Decodes a cursor sent by the caller.
    ///
    /// # Errors
    /// When it was not made by [`ActivityCursor::encode`].
    pub fn decode(text: &str) -> Result<Self, ValidationError> {
        cursor::decode(text, &ACTIVITY)
            .ok_or_else(|| ValidationError::new("must be the next_cursor of the previous page"))
    }

    /// The position after an event, given its ID or key.
    fn behind(event: &str) -> Option<Self> {
        Ulid::from_string(event).ok().map(Self)
    }

    /// The newest possible event after this position.
    fn newest(self) -> Ulid {
        Ulid(self.0.0.saturating_sub(1))
    }
}

impl ActivityFilter {
    fn lets_through(&self, activity: &Activity) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        let by = activity.event.by.actor.as_ref().map(ToString::to_string).unwrap_or_default();
        is(&self.kind, &activity.event.kind)
            && is(&self.actor, &by)
            && self.owner.as_ref().is_none_or(|owner| *owner == activity.owner)
            // As in the ULIDs, times are compared in whole milliseconds.
            && (self.from..=self.to).contains(&activity.event.at)
    }
}

impl TokenStore {
    /// Reads one page of the activity. The index is eventually consistent.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn activity(&self, filter: &ActivityFilter) -> Result<ActivityPage, Error> {
        let oldest = bound(filter.from, 0);
        let newest = bound(filter.to, u128::MAX);
        let start = filter.after.map_or(newest, |after| after.newest().min(newest));
        let mut newest = start;
        let mut activities = Vec::new();
        let (mut queries, mut read) = (0, 0);
        while newest >= oldest {
            // If few match, larger queries need fewer calls, and a page goes farther back.
            let size = if queries == 0 { filter.limit } else { MAX_PER_PAGE - 1 };
            let (keys, last) = self.event_keys(day_of(newest), oldest, newest, size).await?;
            queries += 1;
            read += keys.len();
            let found = self.batch(keys, &item::EVENT_ATTRIBUTES).await?;
            let found = found.iter().map(|item| item::event_and_token(&item.into())).filter_map(|read| {
                // An invalid event must not make the whole activity unreadable.
                read.inspect_err(|error| tracing::error!(%error, "an invalid event was omitted from the activity")).ok()
            });
            let found = found.map(|(token, owner, event)| Activity { token, owner, event });
            activities.extend(found.filter(|activity| filter.lets_through(activity)));
            if activities.len() > filter.limit {
                activities.truncate(filter.limit);
                let next = activities.last().and_then(|activity| ActivityCursor::behind(&activity.event.id));
                return Ok(ActivityPage { activities, next });
            }
            newest = match last.as_ref().and_then(item::event_id_of).and_then(ActivityCursor::behind) {
                Some(behind) => behind.newest(),
                // Continue with the last millisecond of the previous day.
                None => bound(Timestamp::from_millis(day_of(newest).0 * DAY_SECONDS * 1000 - 1), u128::MAX),
            };
            let end = cursor::boundary(millis(newest), millis(start));
            if let Some(end) = end.filter(|_| newest >= oldest && (queries >= MAX_QUERIES || read >= MAX_READ)) {
                let end = Timestamp::from_millis(end);
                // The next page shows the others.
                activities.retain(|activity: &Activity| activity.event.at >= end);
                return Ok(ActivityPage { activities, next: Some(ActivityCursor(bound(end, 0))) });
            }
        }
        Ok(ActivityPage { activities, next: None })
    }

    /// Keys of a day's events, newest first, and where to continue.
    async fn event_keys(
        &self,
        day: Day,
        oldest: Ulid,
        newest: Ulid,
        limit: usize,
    ) -> Result<(Vec<Item>, Option<Item>), Error> {
        let key = |ulid: Ulid| item::string(format!("{}{ulid}", item::EVENT_PREFIX));
        let values = HashMap::from([
            (":day".to_owned(), item::string(day.to_string())),
            (":oldest".to_owned(), key(oldest)),
            (":newest".to_owned(), key(newest)),
        ]);
        let names = HashMap::from([("#day".to_owned(), item::DAY.to_owned()), ("#sk".to_owned(), "sk".to_owned())]);
        let condition = "#day = :day AND #sk BETWEEN :oldest AND :newest";
        let query = self.query_newest(condition, names, values, limit).await?.index_name("by_day");
        let page = query.send().await.map_err(Error::unavailable)?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }
}

/// The ULID of a time with this random part.
fn bound(at: Timestamp, random: u128) -> Ulid {
    Ulid::from_parts(u64::try_from(at.millis()).unwrap_or(0), random)
}

fn day_of(ulid: Ulid) -> Day {
    Day::from_timestamp(Timestamp::from_millis(millis(ulid)))
}

fn millis(ulid: Ulid) -> i64 {
    i64::try_from(ulid.timestamp_ms()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_activity_cursor_decodes_to_the_same_position() {
        let place = ActivityCursor(Ulid::from_parts(1_795_908_318_385, 7));
        assert_eq!(ActivityCursor::decode(&place.encode()).unwrap(), place);
        assert!(ActivityCursor::decode("x").is_err());
    }

    #[test]
    fn the_previous_day_ends_one_millisecond_before_midnight() {
        let midnight = Timestamp::from_seconds(20_000 * DAY_SECONDS);
        let before = bound(Timestamp::from_millis(midnight.millis() - 1), u128::MAX);
        assert_eq!((day_of(bound(midnight, 0)).0, day_of(before).0), (20_000, 19_999));
        assert!(before < bound(midnight, 0));
    }
}
