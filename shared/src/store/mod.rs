//! The one store: a DynamoDB table, and the only module that knows it.
//!
//! [`TokenStore`] has a method for each thing that the product does with the table. `Ok(None)`
//! is "not found", `Err` is "the store failed": a caller that cannot tell them apart would
//! let a failing store decide.
//!
//! | module | for |
//! | --- | --- |
//! | `tokens` | the table, and the client that reaches it |
//! | `error` | what the store says when it fails |
//! | `limits` | what the deployment allows, and how long it keeps what has ended |
//! | `item` | attribute names and values, there and nowhere else |
//! | `ttl` | when items may be cleared away |
//! | `update_expression` | update expressions |
//! | `transaction` | transactions, their outcomes, and the backoff between attempts |
//! | `credential` | a token with what is stored of its secrets |
//! | `presented` | which of its secrets was presented |
//! | `rotation_key` | keys of rotations, by which a repeated one is known |
//! | `read` | consistent reads, of one item and of many, and queries |
//! | `cursor` | places in lists, as callers send them back |
//! | `live_slots` | which of an owner's tokens count against the limit |
//! | `create` | the transaction that creates a token within its owner's limit |
//! | `exchange` | the transaction that creates a token for an identity, once |
//! | `update` | changes of a token that lives on |
//! | `ending` | the write of a revocation or a disablement, which nothing can delay |
//! | `revoke`, `disable`, `delete` | each for one token |
//! | `revoke_owner` | revoking all tokens of an owner |
//! | `list` | paging through the tokens |
//! | `events` | a token's history |
//! | `activity` | the events of the whole deployment |
//! | `deferred_write` | what is noted once a response has left |
//! | `usage` | what a token has been used for |
//! | `catalog` | the one item that holds the catalog |
//! | `stored_catalog` | the catalog as it is stored, and the one that was parsed last |
//! | `catalog_cache` | the catalog in memory, for the functions that decide |
//! | `connection` | how to reach DynamoDB |
//! | `client` | the SDK client, tuned for a cold start |
//!
//! To add an operation: a method of [`TokenStore`] in the file of its kind, its attribute
//! names in `item`, its actions in the function's role in `template.yaml`, and a test in
//! `tests/store`, which runs on every engine.

mod activity;
mod catalog;
mod catalog_cache;
mod client;
mod connection;
mod create;
mod credential;
mod cursor;
mod deferred_write;
mod delete;
mod disable;
mod ending;
mod error;
mod events;
mod exchange;
mod item;
mod limits;
mod list;
mod live_slots;
mod presented;
mod read;
mod revoke;
mod revoke_owner;
mod rotation_key;
mod stored_catalog;
mod tokens;
mod transaction;
mod ttl;
mod update;
mod update_expression;
mod usage;

pub use activity::{Activity, ActivityCursor, ActivityFilter, ActivityPage};
pub use catalog::{CatalogWrite, MAX_STORED_CATALOG_BYTES};
pub use catalog_cache::{CATALOG_TTL_SECONDS, CatalogCache};
pub use client::connect;
pub use connection::{Connection, Timeouts};
pub use create::CreateOutcome;
pub use credential::StoredCredential;
pub use deferred_write::{ClientInfo, DeferredWrite};
pub use ending::Ending;
pub use error::Error;
pub use events::{EventCursor, EventPage};
pub use exchange::{ExchangeOutcome, ReplayGuard};
pub use limits::Limits;
pub use list::{Filter, ListCursor, MAX_PER_PAGE, Page, Scope};
pub use presented::Presented;
pub use revoke::RevokeOutcome;
pub use revoke_owner::{OwnerCursor, OwnerRevocation, OwnerRevokeOutcome};
pub use rotation_key::RotationKey;
pub use stored_catalog::StoredCatalog;
pub use tokens::TokenStore;
pub use update::{TokenUpdate, UpdateOutcome};
pub use usage::Usage;
