//! The activity: the events of all tokens, newest first, through the index over their days.

use std::collections::HashMap;

use ulid::Ulid;

use super::cursor::Cursor;
use super::item::Item;
use super::{Error, TokenStore, cursor, item};
use crate::clock::{DAY_SECONDS, Day, Timestamp};
use crate::secret::TokenId;
use crate::text::OwnerId;
use crate::token::Event;
use crate::validation::ValidationError;

/// What the cursors of the activity are for: there is one for the whole deployment.
const ACTIVITY: &str = "activity";
/// The most queries for one page of the activity: most days of most deployments have none.
const MAX_QUERIES: u32 = 40;
/// The most events that are read for one page: a filter that matches little ends it early, with a cursor.
const MAX_READ: usize = 1_000;

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

/// A place in the activity: what comes next is older than this. It names no token, as it may be that of
/// an event which the caller does not see.
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
    /// As the caller gets it.
    #[must_use]
    pub fn encode(&self) -> String {
        cursor::encode(self, &ACTIVITY)
    }

    /// As the caller sends it back.
    ///
    /// # Errors
    /// When it was not made by [`ActivityCursor::encode`].
    pub fn decode(text: &str) -> Result<Self, ValidationError> {
        cursor::decode(text, &ACTIVITY)
            .ok_or_else(|| ValidationError::new("must be the next_cursor of the page before"))
    }

    /// Behind an event, or behind its key.
    fn behind(event: &str) -> Option<Self> {
        Ulid::from_string(event).ok().map(Self)
    }

    /// The newest event that may come behind this place.
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
            // ULIDs are compared with whole milliseconds, and so is this.
            && (self.from..=self.to).contains(&activity.event.at)
    }
}

impl TokenStore {
    /// One page of the activity of the deployment. The index follows the table within moments.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn activity(&self, filter: &ActivityFilter) -> Result<ActivityPage, Error> {
        let oldest = bound(filter.from, 0);
        let newest = bound(filter.to, u128::MAX);
        let mut newest = filter.after.map_or(newest, |after| after.newest().min(newest));
        let mut activities = Vec::new();
        let mut read = 0;
        for _ in 0..MAX_QUERIES {
            if newest < oldest {
                return Ok(ActivityPage { activities, next: None });
            }
            let (keys, last) = self.event_keys(day_of(newest), oldest, newest, filter.limit).await?;
            read += keys.len();
            let found = self.batch(keys, &item::EVENT).await?;
            let found = found.iter().map(item::event_and_token).filter_map(|read| {
                // One event that something else wrote must not take the activity away.
                read.inspect_err(|error| tracing::error!(%error, "an event is left out of the activity")).ok()
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
                // The last millisecond of the day before.
                None => bound(Timestamp::from_millis(day_of(newest).0 * DAY_SECONDS * 1000 - 1), u128::MAX),
            };
            if read >= MAX_READ {
                break;
            }
        }
        let next = (newest >= oldest).then(|| ActivityCursor(Ulid(newest.0.saturating_add(1))));
        Ok(ActivityPage { activities, next })
    }

    /// The keys of some events of a day, newest first, and where it goes on.
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
        let query = self.query_newest(condition, names, values, limit).index_name("by_day");
        let page = query.send().await.map_err(Error::unavailable)?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }
}

/// The ULID of a moment with this random part.
fn bound(at: Timestamp, random: u128) -> Ulid {
    Ulid::from_parts(u64::try_from(at.millis()).unwrap_or(0), random)
}

fn day_of(ulid: Ulid) -> Day {
    Day::of(Timestamp::from_millis(i64::try_from(ulid.timestamp_ms()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_activity_reads_back_and_names_no_token() {
        let place = ActivityCursor(Ulid::from_parts(1_795_908_318_385, 7));
        assert_eq!(ActivityCursor::decode(&place.encode()).unwrap(), place);
        assert!(ActivityCursor::decode("x").is_err());
    }

    #[test]
    fn the_day_before_ends_a_millisecond_before_a_day() {
        let midnight = Timestamp::from_seconds(20_000 * DAY_SECONDS);
        let before = bound(Timestamp::from_millis(midnight.millis() - 1), u128::MAX);
        assert_eq!((day_of(bound(midnight, 0)).0, day_of(before).0), (20_000, 19_999));
        assert!(before < bound(midnight, 0));
    }
}
