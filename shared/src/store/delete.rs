//! Deletion of a token.

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};

use super::backoff::backoff;
use super::sdk_client::deferred_config;
use super::transaction::MAX_ATTEMPTS;
use super::transaction_outcome::TransactionOutcome;
use super::{Error, StatusChange, TokenStore, item};
use crate::token::{EventKind, TokenRecord};

impl TokenStore {
    /// Deletes a token's record, then its usage. Its events stay until their own TTL. Returns `false` if it was
    /// already deleted.
    ///
    /// # Errors
    /// When the store fails; retrying is safe.
    pub async fn delete(&self, change: &StatusChange<'_>) -> Result<bool, Error> {
        let StatusChange { seen, by, clock, limits, .. } = *change;
        for tries in 0..MAX_ATTEMPTS {
            let delete = Delete::builder()
                .table_name(&self.table)
                .set_key(Some(item::token_key(&seen.id)))
                .condition_expression("attribute_exists(pk)")
                .build();
            let delete = TransactWriteItem::builder().delete(delete.map_err(Error::unavailable)?).build();
            let event = self.event(seen, &EventKind::Deleted, by, clock.now(), limits.history_days)?;
            match self.transact([delete], &event).await? {
                TransactionOutcome::Committed => {
                    if let Err(error) = self.delete_usage(seen).await {
                        // The token is no longer active; the TTL removes its usage.
                        tracing::warn!(%error, token_id = %seen.id, "the usage item could not be deleted");
                    }
                    return Ok(true);
                }
                TransactionOutcome::Refused => return Ok(false),
                TransactionOutcome::Conflict => backoff(tries).await,
            }
        }
        Err(Error::Contention)
    }

    async fn delete_usage(&self, record: &TokenRecord) -> Result<(), Error> {
        let client = self.client().await?;
        let delete = client.delete_item().table_name(&self.table).set_key(Some(item::usage_key(&record.id)));
        let deleted = delete.customize().config_override(deferred_config(client)).send().await;
        deleted.map(drop).map_err(Error::unavailable)
    }
}
