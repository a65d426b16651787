//! A small DynamoDB client for the calls on single items: JSON over HTTP/1.1, signed with AWS Signature Version 4.
//!
//! It takes less CPU time than the SDK's client, which was more than half of a request's (ADR 0029). Sources:
//! [the protocol](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html),
//! [errors and retries](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html).

mod call_error;
mod credentials;
mod endpoint;
mod requests;
mod signature;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::{TransactWriteItem, Update};
use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout_at};

use super::backoff::random_part;
use super::item::Item;
use super::item_client::{CallFuture, ConditionalWrite, DEFERRED_SHARE, ItemClient, ItemResponse};
use super::transaction_outcome::TransactionOutcome;
use super::{DynamoDbConfig, Error, Timeouts};
use crate::env::ConfigError;
use crate::http_client::Connections;
use crate::tls;
use call_error::CallError;
use credentials::CredentialSource;
use signature::Signer;

/// Maximum number of attempts of a read.
const MAX_ATTEMPTS: u32 = 3;
/// Longest wait before the second attempt; it doubles for the third.
const MAX_BACKOFF: Duration = Duration::from_millis(50);
/// Maximum size of a response in bytes: an item has at most 400 KB, and JSON at most doubles it.
const MAX_RESPONSE_BYTES: usize = 1 << 20;

/// A DynamoDB client for the calls on single items.
#[derive(Debug)]
pub struct LeanClient {
    connections: Connections,
    signer: Signer,
    timeouts: Timeouts,
}

impl LeanClient {
    /// A client without connections.
    ///
    /// # Errors
    /// The endpoint is invalid, or the file named by `AWS_CA_BUNDLE` cannot be read.
    pub fn new(config: DynamoDbConfig) -> Result<Self, ConfigError> {
        let connections = Connections::new(endpoint::endpoint(&config)?, config.timeouts.connect, || {
            tls::client_config(config.ca_bundle.as_deref()).map(Arc::new)
        })?;
        let credentials = CredentialSource::new(config.static_credentials);
        let signer = Signer::new(credentials, config.region, connections.host().to_owned());
        Ok(Self { connections, signer, timeouts: config.timeouts })
    }

    /// A call that is repeated after a failure that may be temporary, on a new connection.
    async fn call_repeatedly(&self, operation: &'static str, body: Bytes) -> Result<Bytes, CallError> {
        let deadline = Instant::now() + self.timeouts.operation;
        let mut tries = 1;
        loop {
            let attempt_deadline = deadline.min(Instant::now() + self.timeouts.attempt);
            match self.call_until(attempt_deadline, operation, body.clone()).await {
                Err(error) if error.is_temporary() && tries < MAX_ATTEMPTS && Instant::now() < deadline => {
                    self.connections.close_idle();
                    // A lost connection is no sign of load.
                    if !matches!(error, CallError::Connection(_)) || tries > 1 {
                        sleep(random_part(MAX_BACKOFF * tries)).await;
                    }
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    /// A call in one attempt.
    async fn call_once(&self, operation: &'static str, body: Bytes) -> Result<Bytes, CallError> {
        self.call_until(Instant::now() + self.timeouts.operation / DEFERRED_SHARE, operation, body).await
    }

    async fn call_until(&self, deadline: Instant, operation: &'static str, body: Bytes) -> Result<Bytes, CallError> {
        let call = async {
            let request = self.signer.signed(operation, body)?;
            let (status, body) = self.connections.send(request, MAX_RESPONSE_BYTES).await?;
            if status.is_success() { Ok(body) } else { Err(CallError::from_response(status, &body)) }
        };
        timeout_at(deadline, call).await.unwrap_or(Err(CallError::Timeout))
    }
}

impl ItemClient for LeanClient {
    fn get_item<'a>(&'a self, table: &'a str, key: Item, attributes: &'a [&'a str]) -> CallFuture<'a, ItemResponse> {
        Box::pin(async move {
            let body = requests::get_item(table, &key, attributes)?;
            Ok(ItemResponse::Json(self.call_repeatedly("GetItem", body).await?))
        })
    }

    fn update_item(&self, update: Update) -> CallFuture<'_, ConditionalWrite> {
        Box::pin(async move {
            let body = requests::update_item(&update)?;
            match self.call_once("UpdateItem", body).await {
                Ok(_) => Ok(ConditionalWrite::Written),
                Err(CallError::ConditionFailed(item)) => Ok(ConditionalWrite::Refused(item)),
                Err(error) => Err(error.into()),
            }
        })
    }

    fn transact_write_items(&self, writes: Vec<TransactWriteItem>) -> CallFuture<'_, TransactionOutcome> {
        Box::pin(async move {
            let body = requests::transact_write_items(&writes)?;
            match self.call_once("TransactWriteItems", body).await {
                Ok(_) => Ok(TransactionOutcome::Committed),
                Err(error) => error.transaction_outcome().ok_or_else(|| Error::from(error)),
            }
        })
    }
}
