//! The ways in which a token ends by someone's hand. Each gives its slot back.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{Delete, TransactWriteItem, Update};

use super::create::retained;
use super::{Error, Tokens, item, number};
use crate::clock::Timestamp;
use crate::token::{Actor, Record, TokenId};

impl Tokens {
    /// Ends a token for good and keeps its record for `retention_days`. Once this has
    /// answered, no later consistent read finds it alive.
    ///
    /// Revoking it again changes nothing: the first one stands. `None` where there is no
    /// such token.
    ///
    /// # Errors
    /// When the store fails; the token may be revoked or not, and trying again is safe.
    pub async fn revoke(
        &self,
        id: &TokenId,
        by: &Actor,
        now: Timestamp,
        retention_days: u32,
    ) -> Result<Option<Record>, Error> {
        self.until_done(async || {
            let Some(record) = self.get(id).await?.filter(|record| record.revoked.is_none()) else {
                return Ok(None);
            };
            let end = record.expires_at.map_or(now, |expiry| expiry.min(now));
            let update = Update::builder()
                .table_name(&self.table)
                .set_key(Some(item::token_key(id)))
                .update_expression("SET revoked_at = :now, revoked_by = :by, #ttl = :ttl, version = version + :one")
                .condition_expression("attribute_exists(pk) AND attribute_not_exists(revoked_at)")
                .expression_attribute_names("#ttl", "ttl")
                .expression_attribute_values(":now", item::seconds(now))
                .expression_attribute_values(":by", item::string(by.to_string()))
                .expression_attribute_values(":ttl", item::seconds(retained(end, retention_days)))
                .expression_attribute_values(":one", number(1))
                .build();
            let write = update.map(|update| TransactWriteItem::builder().update(update).build());
            self.with_slot_freed(&record, write).await.map(Some)
        })
        .await?;
        self.get(id).await
    }

    /// Removes a token and its record. `false` where there is no such token.
    ///
    /// # Errors
    /// When the store fails; trying again is safe.
    pub async fn delete(&self, id: &TokenId) -> Result<bool, Error> {
        let was_there = self.get(id).await?.is_some();
        self.until_done(async || {
            let Some(record) = self.get(id).await? else {
                return Ok(None);
            };
            let delete = Delete::builder()
                .table_name(&self.table)
                .set_key(Some(item::token_key(id)))
                .condition_expression("attribute_exists(pk)")
                .build();
            let write = delete.map(|delete| TransactWriteItem::builder().delete(delete).build());
            self.with_slot_freed(&record, write).await.map(Some)
        })
        .await?;
        Ok(was_there)
    }

    async fn with_slot_freed(
        &self,
        record: &Record,
        write: Result<TransactWriteItem, BuildError>,
    ) -> Result<Vec<Result<TransactWriteItem, BuildError>>, Error> {
        let mut writes = vec![write];
        if self.slots(&record.owner).await?.holds(&record.id) {
            let update = self.free_slot(&record.owner, &record.id);
            writes.push(update.map(|update| TransactWriteItem::builder().update(update).build()));
        }
        Ok(writes)
    }
}
