//! A token's history: an item for each event, beside its record, kept as long as that.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::change::update;
use super::create::Transacted;
use super::item::Item;
use super::{Error, Tokens, item};
use crate::clock::Timestamp;
use crate::token::{Event, Invalid, TokenId};

/// A transaction has at most 100 items; a change has three of its own.
pub(super) const MOST_IN_ONE_TRANSACTION: usize = 90;

/// A page of a token's history.
#[derive(Clone, Debug)]
pub struct EventPage {
    /// Newest first.
    pub events: Vec<Event>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<EventCursor>,
}

/// A place in a token's history, behind one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventCursor(String);

impl EventCursor {
    /// As the caller gets it.
    #[must_use]
    pub fn encode(&self, id: &TokenId) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}.{:08x}", self.0, checksum(&self.0, id)))
    }

    /// As the caller sends it back.
    ///
    /// # Errors
    /// When it was not made by [`EventCursor::encode`] for the same token.
    pub fn decode(text: &str, id: &TokenId) -> Result<Self, Invalid> {
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let (event, sum) = std::str::from_utf8(&bytes).ok()?.split_once('.')?;
            (format!("{:08x}", checksum(event, id)) == sum).then(|| Self(event.to_owned()))
        };
        read().ok_or_else(|| Invalid::new("must be the next_cursor of the page before, of the same token's events"))
    }
}

fn checksum(event: &str, id: &TokenId) -> u32 {
    crc32fast::hash(format!("{event} {id}").as_bytes())
}

impl Tokens {
    /// One page of a token's history, as it is at this moment.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn events(&self, id: &TokenId, after: Option<&EventCursor>, limit: usize) -> Result<EventPage, Error> {
        let start = after.map(|cursor| item::event_key(id, &cursor.0));
        // One more than is asked for tells whether there is another page.
        let (items, _) = self.query_events(id, &item::EVENT, start, Some(limit.saturating_add(1))).await?;
        let mut events = items.iter().map(item::read_event).collect::<Result<Vec<_>, _>>()?;
        let more = events.len() > limit;
        events.truncate(limit);
        let next = events.last().filter(|_| more).map(|event| EventCursor(event.id.clone()));
        Ok(EventPage { events, next })
    }

    /// The keys of all of a token's events, newest first.
    pub(super) async fn event_keys(&self, id: &TokenId) -> Result<Vec<Item>, Error> {
        let mut keys = Vec::new();
        let mut start = None;
        loop {
            let (page, last) = self.query_events(id, &["pk", "sk"], start, None).await?;
            keys.extend(page);
            match last {
                None => return Ok(keys),
                last => start = last,
            }
        }
    }

    async fn query_events(
        &self,
        id: &TokenId,
        attributes: &[&str],
        start: Option<Item>,
        limit: Option<usize>,
    ) -> Result<(Vec<Item>, Option<Item>), Error> {
        let (projection, mut names) = item::projection(attributes);
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
            .set_limit(limit.and_then(|limit| i32::try_from(limit).ok()))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(Error::unavailable)?;
        Ok((page.items.unwrap_or_else(Vec::new), page.last_evaluated_key))
    }

    /// Lets events be cleared away when their record is. One that is gone stays gone.
    pub(super) fn event_ttl(&self, key: Item, ttl: Option<Timestamp>) -> Result<Update, BuildError> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key))
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#ttl", item::TTL);
        match ttl {
            Some(at) => {
                update.update_expression("SET #ttl = :ttl").expression_attribute_values(":ttl", item::seconds(at))
            }
            None => update.update_expression("REMOVE #ttl"),
        }
        .build()
    }

    /// The same for those that do not fit into the change's own transaction, before it.
    pub(super) async fn restamp(&self, keys: Vec<Item>, ttl: Option<Timestamp>) -> Result<(), Error> {
        let writes = keys.into_iter().map(|key| self.event_ttl(key, ttl).map(update));
        self.in_transactions(writes.collect()).await
    }

    /// Removes events, in as many transactions as it takes.
    pub(super) async fn delete_events(&self, keys: Vec<Item>) -> Result<(), Error> {
        let writes = keys.into_iter().map(|key| self.delete_item(key)).collect();
        self.in_transactions(writes).await
    }

    pub(super) fn delete_item(&self, key: Item) -> Result<TransactWriteItem, BuildError> {
        let delete = Delete::builder().table_name(&self.table).set_key(Some(key)).build();
        delete.map(|delete| TransactWriteItem::builder().delete(delete).build())
    }

    async fn in_transactions(&self, writes: Vec<Result<TransactWriteItem, BuildError>>) -> Result<(), Error> {
        let writes = writes.into_iter().collect::<Result<Vec<_>, _>>().map_err(Error::unavailable)?;
        for chunk in writes.chunks(MOST_IN_ONE_TRANSACTION) {
            if self.transact(chunk.to_vec()).await? == Transacted::Conflict {
                return Err(Error::Contention);
            }
        }
        Ok(())
    }
}
