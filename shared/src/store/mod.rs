//! The store: a DynamoDB table, which only this module knows.
//!
//! [`TokenStore`] has a method for each operation; those on single items are [`ItemStore`]'s, which the authorizer uses. `Ok(None)` means "not found" and `Err` means "the store
//! failed". Callers must distinguish them, so that a failing store never decides.
//!
//! | module | contents |
//! | --- | --- |
//! | `item_store` | the calls on single items, and the schema version |
//! | `tokens` | the table with the SDK's client |
//! | `error` | errors of the store |
//! | `limits` | limits and retention times |
//! | `item` | attribute names and values; no other module has them |
//! | `ttl` | TTLs of items |
//! | `update_expression` | update expressions |
//! | `transaction`, `transaction_outcome` | transactions with their events, and their outcomes |
//! | `backoff` | waits between attempts |
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
//! | `approvals` | requests for approval, decisions on them, and their use |
//! | `activity` | events of the whole deployment |
//! | `deferred_write` | writes after the response was sent |
//! | `usage` | use of a token's permissions |
//! | `denials` | a token's recent denials |
//! | `daily_counts` | a token's requests by day and permission |
//! | `catalog` | the item with the catalog |
//! | `stored_catalog` | a catalog with its version, and a cache of the parsed document |
//! | `catalog_cache` | cache of the catalog, for the functions that make decisions |
//! | `dynamodb_config` | endpoint, credentials, trust and timeouts of DynamoDB |
//! | `item_client` | calls on single items, which two clients implement |
//! | `lean_client` | a small client for those calls |
//! | `connect` | connecting the SDK's client, tuned for cold starts |
//! | `sdk_client` | the calls on single items with the SDK's client |
//!
//! To add an operation: a method of [`TokenStore`] (or [`ItemStore`]) in the file of its kind, its attribute names in `item`, its
//! actions in the function's role in `template.yaml`, and a test in `tests/store`, which runs against every
//! engine.

mod activity;
mod approvals;
mod backoff;
mod catalog;
mod catalog_cache;
mod catalog_versions;
#[cfg(feature = "sdk")]
mod connect;
mod create;
mod credential;
mod cursor;
mod daily_counts;
mod deferred_write;
mod delete;
mod denials;
mod disable;
mod dynamodb_config;
mod error;
mod events;
mod exchange;
mod item;
mod item_client;
mod item_store;
mod lean_client;
mod limits;
mod list;
mod live_slots;
mod matched_secret;
mod read;
mod revoke;
mod revoke_owner;
mod rotation_key;
mod sdk_client;
mod status_change;
mod stored_catalog;
mod tokens;
mod transaction;
mod transaction_outcome;
mod ttl;
mod update;
mod update_expression;
mod usage;

pub use activity::{Activity, ActivityCursor, ActivityFilter, ActivityPage};
pub use approvals::{
    ApprovalChange, ApprovalCursor, ApprovalFilter, ApprovalOutcome, ApprovalPage, ApprovalRequestOutcome,
    ApprovalView, new_approval_id,
};
pub use catalog::{CatalogWrite, MAX_CATALOG_VERSIONS, MAX_STORED_CATALOG_BYTES};
pub use catalog_cache::{CATALOG_TTL_SECONDS, CatalogCache};
pub use catalog_versions::{CatalogVersionCursor, CatalogVersionPage};
#[cfg(feature = "sdk")]
pub use connect::connect;
pub use create::CreateOutcome;
pub use credential::StoredCredential;
pub use deferred_write::{ClientInfo, DeferredWrite};
pub use dynamodb_config::{DynamoDbConfig, Timeouts};
pub use error::Error;
pub use events::{EventCursor, EventPage};
pub use exchange::{ExchangeOutcome, ReplayGuard};
pub use item_store::ItemStore;
pub use lean_client::LeanClient;
pub use limits::Limits;
pub use list::{Filter, ListCursor, MAX_PER_PAGE, Page, Scope};
pub use matched_secret::MatchedSecret;
pub use revoke::RevokeOutcome;
pub use revoke_owner::{OwnerCursor, OwnerRevocation, OwnerRevokeOutcome};
pub use rotation_key::RotationKey;
pub use status_change::StatusChange;
pub use stored_catalog::{CatalogVersion, StoredCatalog};
pub use tokens::TokenStore;
pub use update::{TokenUpdate, UpdateOutcome};
pub use usage::{TokenUsage, Usage};
