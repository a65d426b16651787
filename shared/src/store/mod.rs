//! The one store: a DynamoDB table, and the only module that knows it.
//!
//! [`Tokens`] has a method for each thing that the product does with the table. `Ok(None)`
//! is "not found", `Err` is "the store failed": a caller that cannot tell them apart would
//! let a failing store decide.
//!
//! | module | for |
//! | --- | --- |
//! | `item` | attribute names and values, there and nowhere else |
//! | `create` | the transaction that makes a token within its owner's limit |
//! | `exchange` | the transaction that makes a token for an identity, once |
//! | `change` | every change of a token, with the event that tells of it |
//! | `end` | revoking and deleting, which give the slot back |
//! | `list` | paging through the indexes |
//! | `catalog` | the one item that holds the catalog |
//! | `events` | a token's history |
//! | `used` | what is noted once an answer has left |
//! | `slots` | what an owner's live tokens count |
//! | `client` | the SDK client, tuned for a cold start |
//!
//! To add an operation: a method of [`Tokens`] in the file of its kind, its attribute
//! names in `item`, its actions in the function's role in `template.yaml`, and a test in
//! `tests/store`, which runs on every engine.

mod catalog;
mod change;
mod client;
mod create;
mod end;
mod events;
mod exchange;
mod item;
mod list;
mod slots;
mod used;

use std::error::Error as StdError;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::access::Uses;
use crate::clock::Timestamp;
use crate::token::{Digest, Record, Secrets, TokenId};

pub use catalog::{CATALOG_SECONDS, StoredCatalog};
pub use change::{Change, Changed};
pub use client::connect;
pub use create::{Created, Limits};
pub use end::Revoked;
pub use events::{EventCursor, EventPage};
pub use exchange::{Exchanged, OnceOnly};
pub use list::{Cursor, Filter, MOST_PER_PAGE, Page, Scope};
pub use used::{Caller, Note};

/// The table of tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    client: Client,
    table: String,
}

/// What is known of a token by the functions that are shown secrets.
#[derive(Clone, Debug)]
pub struct Credential {
    /// What is stored of its secrets.
    pub secrets: Secrets,
    /// The requests by which it was given new secrets of late, as far as those had keys.
    pub rotation_keys: Vec<RotationKey>,
    /// What it has been used for; `None` of one from before that was written down.
    pub uses: Option<Uses>,
    /// When it was last noted that a secret was used which had ended.
    pub reuse_seen_at: Option<Timestamp>,
    /// When the record may be cleared away, and what is written beside it with it.
    pub ttl: Option<Timestamp>,
    /// Everything else.
    pub record: Record,
}

/// The key of a request by which a token was given a new secret.
#[derive(Clone, Debug)]
pub struct RotationKey {
    /// SHA-256 of the key.
    pub digest: Digest,
    /// When the request came.
    pub at: Timestamp,
}

impl RotationKey {
    /// For so long a request that is repeated with its key is known again.
    const SECONDS: i64 = 600;

    /// Whether it is known at a moment.
    fn is_known(&self, now: Timestamp) -> bool {
        now < self.at.plus_seconds(Self::SECONDS)
    }
}

impl Credential {
    /// When a request with the same key gave the token a secret, if it is known.
    #[must_use]
    pub fn rotated_by(&self, key: &RotationKey) -> Option<Timestamp> {
        let known = self.rotation_keys.iter().filter(|known| known.is_known(key.at));
        known.into_iter().find(|known| known.digest.matches(&key.digest)).map(|known| known.at)
    }
}

/// The store failed. Whoever gets this has no answer and must not make one up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// DynamoDB could not be reached, was too slow, or refused the call.
    #[error("DynamoDB: {0}")]
    Unavailable(String),
    /// Others changed the same items again and again.
    #[error("too many changes at once")]
    Contention,
    /// An item is not as this version writes it.
    #[error("the item {id} has no good {attribute}")]
    Corrupt {
        /// The token's id or the owner.
        id: String,
        /// The attribute that is missing or wrong.
        attribute: &'static str,
    },
}

impl Error {
    fn unavailable(error: impl StdError) -> Self {
        Self::Unavailable(DisplayErrorContext(error).to_string())
    }
}

impl Tokens {
    /// The tokens in a table.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// One token with what is stored of its secrets, as it is at this moment: for the functions
    /// that are shown secrets.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn credential(&self, id: &TokenId) -> Result<Option<Credential>, Error> {
        let attributes = [&item::RECORD[..], &item::CREDENTIAL[..]].concat();
        self.read(item::token_key(id), &attributes).await?.as_ref().map(item::credential).transpose()
    }

    /// One token without its digest, as it is at this moment.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, id: &TokenId) -> Result<Option<Record>, Error> {
        self.read(item::token_key(id), &item::RECORD).await?.as_ref().map(item::record).transpose()
    }

    /// One token and what it has been used for, as both are at this moment.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn usage(&self, id: &TokenId) -> Result<Option<(Record, Uses)>, Error> {
        let attributes = [&item::RECORD[..], &[item::USED]].concat();
        let Some(item) = self.read(item::token_key(id), &attributes).await? else {
            return Ok(None);
        };
        Ok(Some((item::record(&item)?, item::uses(&item)?)))
    }

    async fn read(&self, key: item::Item, attributes: &[&str]) -> Result<Option<item::Item>, Error> {
        let (expression, names) = item::projection(attributes);
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(key))
            .consistent_read(true)
            .projection_expression(expression)
            .set_expression_attribute_names(Some(names))
            .send()
            .await
            .map_err(Error::unavailable)?;
        Ok(answer.item)
    }
}

fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
