//! The store: a DynamoDB table, which only this module knows.
//!
//! [`TokenStore`] has a method for each operation. `Ok(None)` means "not found" and `Err` means "the store
//! failed". Callers must distinguish them, so that a failing store never decides.
//!
//! | module | contents |
//! | --- | --- |
//! | `tokens` | the table, its client and its schema version |
//! | `error` | errors of the store |
//! | `limits` | limits and retention times |
//! | `item` | attribute names and values; no other module has them |
//! | `ttl` | TTLs of items |
//! | `update_expression` | update expressions |
//! | `transaction` | transactions, their outcomes, and the backoff between attempts |
//! | `credential` | a token with its stored secrets |
//! | `matched_secret` | a token and the secret that was presented |
//! | `rotation_key` | idempotency keys of rotations |
//! | `read` | consistent reads of tokens, batches, and queries |
//! | `cursor` | encoding of list cursors |
//! | `live_slots` | the tokens that count against an owner's limit |
//! | `create` | creation of a token within its owner's limit |
//! | `exchange` | creation of a token for an identity, once |
//! | `update` | updates of a token |
//! | `status_change` | the write of a revocation or disablement, which contention cannot delay |
//! | `revoke`, `disable`, `delete` | the operations on one token |
//! | `revoke_owner` | revocation of all tokens of an owner |
//! | `list` | token lists |
//! | `events` | a token's history |
//! | `activity` | events of the whole deployment |
//! | `deferred_write` | writes after the response was sent |
//! | `usage` | use of a token's permissions |
//! | `catalog` | the item with the catalog |
//! | `stored_catalog` | a catalog with its version, and a cache of the parsed document |
//! | `catalog_cache` | cache of the catalog, for the functions that make decisions |
//! | `dynamodb_config` | endpoint, credentials, trust and timeouts of DynamoDB |
//! | `client` | the SDK client, tuned for cold starts |
//!
//! To add an operation: a method of [`TokenStore`] in the file of its kind, its attribute names in `item`, its
//! actions in the function's role in `template.yaml`, and a test in `tests/store`, which runs against every
//! engine.

mod activity;
mod catalog;
mod catalog_cache;
mod client;
mod create;
mod credential;
mod cursor;
mod deferred_write;
mod delete;
mod disable;
mod dynamodb_config;
mod error;
mod events;
mod exchange;
mod item;
mod limits;
mod list;
mod live_slots;
mod matched_secret;
mod read;
mod revoke;
mod revoke_owner;
mod rotation_key;
mod status_change;
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
pub use create::CreateOutcome;
pub use credential::StoredCredential;
pub use deferred_write::{ClientInfo, DeferredWrite};
pub use dynamodb_config::{DynamoDbConfig, Timeouts};
pub use error::Error;
pub use events::{EventCursor, EventPage};
pub use exchange::{ExchangeOutcome, ReplayGuard};
pub use limits::Limits;
pub use list::{Filter, ListCursor, MAX_PER_PAGE, Page, Scope};
pub use matched_secret::MatchedSecret;
pub use revoke::RevokeOutcome;
pub use revoke_owner::{OwnerCursor, OwnerRevocation, OwnerRevokeOutcome};
pub use rotation_key::RotationKey;
pub use status_change::StatusChange;
pub use stored_catalog::StoredCatalog;
pub use tokens::TokenStore;
pub use update::{TokenUpdate, UpdateOutcome};
pub use usage::Usage;
