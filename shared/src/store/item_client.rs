//! The calls on single items: reads, and the writes after a response. The authorizer makes no others, so they have a
//! client of their own ([`LeanClient`](super::LeanClient), ADR 0029) beside the SDK's.

use std::fmt::Debug;
use std::pin::Pin;

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use bytes::Bytes;

use super::item::{Attributes, Item};
use super::transaction_outcome::TransactionOutcome;
use super::{Error, item};

/// Future of a call. Boxed, because the compiler limits how deep futures are nested.
pub(super) type CallFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A client for calls on single items. It keeps its connections between calls.
pub(super) trait ItemClient: Debug + Send + Sync {
    /// Reads attributes of an item, consistently. Failures that may be temporary are retried within the operation
    /// timeout.
    fn get_item<'a>(&'a self, table: &'a str, key: Item, attributes: &'a [&'a str]) -> CallFuture<'a, ItemResponse>;

    /// Updates an item, in one attempt with a fifth of the operation timeout.
    fn update_item(&self, update: Update) -> CallFuture<'_, ConditionalWrite>;

    /// Runs a transaction, in one attempt with a fifth of the operation timeout.
    fn transact_write_items(&self, writes: Vec<TransactWriteItem>) -> CallFuture<'_, TransactionOutcome>;
}

/// The response of a read. It may hold digests, so it cannot be printed.
pub(super) enum ItemResponse {
    /// The item that the SDK has decoded.
    Decoded(Option<Item>),
    /// The body of a response.
    Json(Bytes),
}

impl ItemResponse {
    /// The attributes of the item, if there is one.
    pub(super) fn attributes(&self) -> Result<Option<Attributes<'_>>, Error> {
        match self {
            Self::Decoded(item) => Ok(item.as_ref().map(Attributes::from)),
            Self::Json(body) => item::attributes_of(body),
        }
    }
}

/// Outcome of a write with a condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ConditionalWrite {
    /// It was written.
    Written,
    /// The condition failed; nothing was written. With the item, if the write asked for it and there is one.
    Refused(Option<Item>),
}

/// Share of the operation timeout that a write after a response has. In Lambda that is less than the time left after
/// all other timeouts.
pub(super) const DEFERRED_SHARE: u32 = 5;
