//! Events: a token's history, one item per event. An event is written once, with a TTL of its own (ADR 0021).

use std::collections::HashMap;

use aws_sdk_dynamodb::types::TransactWriteItem;
use rand::TryRng;
use rand::rngs::SysRng;
use ulid::Ulid;

use super::cursor::Cursor;
use super::{Error, ItemStore, TokenStore, cursor, item, ttl};
use crate::change_log::{ChangeEntry, ChangeOutcome};
use crate::clock::Timestamp;
use crate::secret::TokenId;
use crate::token::{Event, EventKind, EventOrigin, TokenRecord};
use crate::validation::ValidationError;

/// A page of a token's history.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// The events, newest first.
    pub events: Vec<Event>,
    /// Cursor of the next page; `None` on the last page.
    pub next: Option<EventCursor>,
}

/// Position in a token's history: the ID of the event to continue after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventCursor(String);

impl EventCursor {
    /// Encodes the cursor for the caller.
    #[must_use]
    pub fn encode(&self, id: &TokenId) -> String {
        cursor::encode(self, id)
    }

    /// Decodes a cursor sent by the caller.
    ///
    /// # Errors
    /// When it was not made by [`EventCursor::encode`] for the same token.
    pub fn decode(text: &str, id: &TokenId) -> Result<Self, ValidationError> {
        let wrong = "must be the next_cursor of the previous page, of the same token's events";
        cursor::decode(text, id).ok_or_else(|| ValidationError::new(wrong))
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

/// A write of an event, with what its line of the change log needs.
#[derive(Clone, Debug)]
pub(super) struct EventWrite {
    put: TransactWriteItem,
    entry: ChangeEntry,
}

impl EventWrite {
    /// These writes and the event's.
    pub(super) fn with(&self, writes: impl IntoIterator<Item = TransactWriteItem>) -> Vec<TransactWriteItem> {
        writes.into_iter().chain([self.put.clone()]).collect()
    }

    /// The event's line of the change log.
    pub(super) fn entry(&self, outcome: ChangeOutcome) -> ChangeEntry {
        ChangeEntry { outcome, ..self.entry.clone() }
    }
}

impl ItemStore {
    /// The write of an event's item, with its TTL.
    pub(super) fn event(
        &self,
        record: &TokenRecord,
        what: &EventKind,
        by: &EventOrigin,
        at: Timestamp,
        history_days: u32,
    ) -> Result<EventWrite, Error> {
        let drawn = SysRng.try_next_u32().map_err(Error::unavailable)?;
        // The version orders two changes within the same millisecond.
        let order = (u128::from(record.version) << 32) | u128::from(drawn);
        let id = Ulid::from_parts(u64::try_from(at.millis()).unwrap_or(0), order).to_string();
        let (kind, detail) = (what.kind().to_owned(), what.detail());
        let event = Event { id, at, kind, by: by.clone(), detail };
        let put = self.put_new(item::event(record, &event, ttl::event_ttl(at, history_days)))?;
        Ok(EventWrite { put, entry: ChangeEntry::of_event(record, &event, ChangeOutcome::Done) })
    }
}

impl TokenStore {
    /// Whether an event of a token is stored, consistently.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn has_event(&self, id: &TokenId, event: &str) -> Result<bool, Error> {
        Ok(self.read(item::event_key(id, event), &["pk"]).await?.attributes()?.is_some())
    }

    /// Reads one page of a token's history, consistently.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn events(&self, id: &TokenId, after: Option<&EventCursor>, limit: usize) -> Result<EventPage, Error> {
        let (projection, mut names) = item::projection(&item::EVENT_ATTRIBUTES);
        names.extend([("#pk".to_owned(), "pk".to_owned()), ("#sk".to_owned(), "sk".to_owned())]);
        let values = HashMap::from([
            (":token".to_owned(), item::string(item::token_pk(id))),
            (":events".to_owned(), item::string(item::EVENT_PREFIX)),
        ]);
        let page = self
            .query_newest("#pk = :token AND begins_with(#sk, :events)", names, values, limit)
            .await?
            .consistent_read(true)
            .projection_expression(projection)
            .set_exclusive_start_key(after.map(|cursor| item::event_key(id, &cursor.0)))
            .send()
            .await
            .map_err(Error::unavailable)?;
        let mut events =
            page.items().iter().map(|item| item::read_event(&item.into())).collect::<Result<Vec<_>, _>>()?;
        // A query also ends at 1 MB, with fewer events.
        let more = events.len() > limit || page.last_evaluated_key.is_some();
        events.truncate(limit);
        let next = events.last().filter(|_| more).map(|event| EventCursor(event.id.clone()));
        Ok(EventPage { events, next })
    }
}
