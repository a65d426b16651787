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
//! | `end` | revoking and deleting, which give the slot back |
//! | `list` | paging through the indexes |
//! | `catalog` | the one item that holds the catalog |
//! | `slots` | what an owner's live tokens count |
//! | `client` | the SDK client, tuned for a cold start |
//!
//! To add an operation: a method of [`Tokens`] in the file of its kind, its attribute
//! names in `item`, its actions in the function's role in `template.yaml`, and a test in
//! `tests/store`, which runs on every engine.

mod catalog;
mod client;
mod create;
mod end;
mod item;
mod list;
mod slots;

use std::error::Error as StdError;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::clock::Timestamp;
use crate::token::{Digest, Record, TokenId};

pub use catalog::{CATALOG_SECONDS, StoredCatalog};
pub use client::connect;
pub use create::{Created, Limits};
pub use list::{Cursor, Filter, MOST_PER_PAGE, Page, Scope};

/// Between two writes of a token's last use there is at least a minute.
const LAST_USE_SECONDS: i64 = 60;

/// The table of tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    client: Client,
    table: String,
}

/// What the authorizer compares a presented token with.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The stored digest of the whole token.
    pub digest: Digest,
    /// Everything else.
    pub record: Record,
}

/// That a token opened a door, to be written once the answer has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// Which.
    pub id: TokenId,
    /// When.
    pub at: Timestamp,
}

impl LastUse {
    /// The use of a token now, unless one was already noted within the last minute.
    #[must_use]
    pub fn worth_noting(record: &Record, now: Timestamp) -> Option<Self> {
        let noted = record.last_used_at.is_some_and(|last| last.plus_seconds(LAST_USE_SECONDS) > now);
        (!noted).then(|| Self { id: record.id.clone(), at: now.to_the_second() })
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

    /// One token with its digest, as it is at this moment: for the authorizer alone.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn credential(&self, id: &TokenId) -> Result<Option<Credential>, Error> {
        let Some(item) = self.read(item::token_key(id), &[&item::RECORD[..], &[item::DIGEST]].concat()).await? else {
            return Ok(None);
        };
        Ok(Some(Credential { digest: item::digest(&item)?, record: item::record(&item)? }))
    }

    /// One token without its digest, as it is at this moment.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, id: &TokenId) -> Result<Option<Record>, Error> {
        self.read(item::token_key(id), &item::RECORD).await?.as_ref().map(item::record).transpose()
    }

    /// Notes a token's last use, unless one within the last minute is noted already or the
    /// token is gone.
    ///
    /// # Errors
    /// When the store fails. Nothing depends on it: log it and go on.
    pub async fn touch(&self, used: &LastUse) -> Result<(), Error> {
        let written = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::token_key(&used.id)))
            .update_expression("SET last_used_at = :now")
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(last_used_at) OR last_used_at <= :before)",
            )
            .expression_attribute_values(":now", item::seconds(used.at))
            .expression_attribute_values(":before", item::seconds(used.at.plus_seconds(-LAST_USE_SECONDS)))
            .customize()
            .config_override(client::briefly())
            .send()
            .await;
        match written {
            Err(error)
                if error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
            {
                Ok(())
            }
            other => other.map(drop).map_err(Error::unavailable),
        }
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
