//! Deletion of a token.

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};

use super::transaction::{MAX_ATTEMPTS, TransactionOutcome, backoff};
use super::{Error, StatusChange, TokenStore, client, item};
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
                    self.delete_usage(seen).await;
                    return Ok(true);
                }
                TransactionOutcome::Refused => return Ok(false),
                TransactionOutcome::Conflict => backoff(tries).await,
            }
        }
        Err(Error::Contention)
    }

    /// The token is no longer active; the TTL removes its usage if this fails.
    async fn delete_usage(&self, record: &TokenRecord) {
        let delete = self.client.delete_item().table_name(&self.table).set_key(Some(item::usage_key(&record.id)));
        if let Err(error) = delete.customize().config_override(client::best_effort_config(&self.client)).send().await {
            tracing::warn!(error = %Error::unavailable(error), token_id = %record.id, "the usage item could not be deleted");
        }
    }
}
