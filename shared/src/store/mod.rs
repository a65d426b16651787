//! The one store: a DynamoDB table, and the only module that knows it.
//!
//! [`Tokens`] has a method for each thing that the product does with the table. `Ok(None)`
//! is "not found", `Err` is "the store failed": a caller that cannot tell them apart would
//! let a failing store decide.
//!
//! | module | for |
//! | --- | --- |
//! | `item` | attribute names and values, there and nowhere else |
//! | `ttl` | when items may be cleared away |
//! | `update_expression` | update expressions |
//! | `transaction` | transactions, their conflicts, and the pauses between tries |
//! | `read` | consistent reads, of one item and of many |
//! | `cursor` | places in lists, as callers send them back |
//! | `live_slots` | which of an owner's tokens count against the limit |
//! | `create` | the transaction that creates a token within its owner's limit |
//! | `exchange` | the transaction that creates a token for an identity, once |
//! | `update` | changes of a token that lives on |
//! | `end` | revoke, disable and delete, which nothing can delay |
//! | `owner` | revoking all tokens of an owner |
//! | `list` | paging through the tokens |
//! | `events` | a token's history |
//! | `activity` | the events of the whole deployment |
//! | `deferred_write` | what is noted once a response has left |
//! | `usage` | what a token has been used for |
//! | `catalog` | the one item that holds the catalog |
//! | `catalog_cache` | the catalog in memory, for the functions that decide |
//! | `connection` | how to reach DynamoDB |
//! | `client` | the SDK client, tuned for a cold start |
//!
//! To add an operation: a method of [`Tokens`] in the file of its kind, its attribute
//! names in `item`, its actions in the function's role in `template.yaml`, and a test in
//! `tests/store`, which runs on every engine.

mod activity;
mod catalog;
mod catalog_cache;
mod client;
mod connection;
mod create;
mod cursor;
mod deferred_write;
mod end;
mod events;
mod exchange;
mod item;
mod list;
mod live_slots;
mod owner;
mod read;
mod transaction;
mod ttl;
mod update;
mod update_expression;
mod usage;

use std::error::Error as StdError;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::AttributeValue;

use crate::clock::Timestamp;
use crate::env::{ConfigError, Env};
use crate::secret::{Digest, Proof, Secret, Secrets, TokenId};
use crate::token::Record;

pub use activity::{Activity, ActivityCursor, ActivityFilter, ActivityPage};
pub use catalog::{CatalogWrite, MAX_STORED_CATALOG_BYTES, StoredCatalog};
pub use catalog_cache::{CATALOG_SECONDS, CatalogCache};
pub use client::connect;
pub use connection::{Connection, Timeouts};
pub use create::{Created, Limits};
pub use deferred_write::{Caller, Note};
pub use end::{Ending, Revoked};
pub use events::{EventCursor, EventPage};
pub use exchange::{Exchanged, OnceOnly};
pub use list::{Filter, ListCursor, MAX_PER_PAGE, Page, Scope};
pub use owner::{OwnerCursor, OwnerRevocation, OwnerRevoked};
pub use update::{Change, Changed};
pub use usage::Usage;

/// The table of tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    client: Client,
    table: String,
    parsed_catalog: catalog::ParsedCatalog,
}

/// What is known of a token by the functions that are shown secrets.
#[derive(Clone, Debug)]
pub struct Credential {
    /// What is stored of its secrets.
    pub secrets: Secrets,
    /// The requests by which it was given new secrets of late, as far as those had keys.
    pub rotation_keys: Vec<RotationKey>,
    /// When it was last noted that a secret was used which had ended.
    pub reuse_seen_at: Option<Timestamp>,
    /// Everything else.
    pub record: Record,
}

/// What a presented secret is to its token.
#[derive(Clone, Debug)]
pub enum Presented {
    /// The present secret.
    Current(Credential),
    /// The one before, during its overlap.
    Superseded(Credential),
    /// One that a rotation has ended.
    Ended(Credential),
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
    /// The tokens in the table that `PORTCULLIS_TABLE` names.
    ///
    /// # Errors
    /// Names the variable that is missing, or the file in `AWS_CA_BUNDLE` that cannot be read.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        Ok(Self::new(connect(Connection::from_env(env)?)?, env.require("PORTCULLIS_TABLE")?))
    }

    /// The tokens in a table.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into(), parsed_catalog: catalog::ParsedCatalog::default() }
    }

    /// One token with what is stored of its secrets, as it is at this moment: for the functions
    /// that are shown secrets.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn credential(&self, id: &TokenId) -> Result<Option<Credential>, Error> {
        self.read(item::token_key(id), &item::CREDENTIAL).await?.as_ref().map(item::credential).transpose()
    }

    /// The token that a secret is or was one of, as it is at this moment; `None` alike where there is no
    /// such ID and where the secret is wrong.
    ///
    /// Both do the same: one read, and a comparison with as many digests. The record is decoded only for
    /// a secret of its own.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn present(&self, secret: &Secret, now: Timestamp) -> Result<Option<Presented>, Error> {
        let item = self.read(item::token_key(secret.id()), &item::CREDENTIAL).await?;
        let secrets = item.as_ref().map_or_else(|| Ok(Secrets::of_nobody()), item::stored_secrets)?;
        let proof = match secrets.proof(&secret.digest(), now) {
            Proof::Current => Presented::Current,
            Proof::Superseded => Presented::Superseded,
            Proof::Ended => Presented::Ended,
            Proof::Wrong => return Ok(None),
        };
        item.as_ref().map(|item| item::credential(item).map(proof)).transpose()
    }

    /// One token without its digest, as it is at this moment.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn get(&self, id: &TokenId) -> Result<Option<Record>, Error> {
        self.read(item::token_key(id), &item::SHOWN).await?.as_ref().map(item::record).transpose()
    }
}

fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
