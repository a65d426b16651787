//! What a token has been used for: an item of its own, so that the record that each request reads stays
//! small, and bounded by the condition of the write that grows it (ADR 0022).

use std::collections::HashSet;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;

use super::error::condition_held;
use super::item::Item;
use super::{Error, TokenStore, client, item, ttl};
use crate::authz::{MAX_USES, PermissionUse, UsageLog};
use crate::clock::{Day, Timestamp};
use crate::secret::TokenId;
use crate::token::TokenRecord;

/// How many times the first use of a token is tried against another one.
const MAX_ATTEMPTS: u32 = 3;

/// What is known of a token's usage once a use was noted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usage {
    /// The use is there, with this day or a later one.
    Noted,
    /// There are as many uses as are kept, and this is none of them: these are ([`PermissionUse::key`]).
    Full(HashSet<String>),
}

impl TokenStore {
    /// One token and what it has been used for, as both are at this moment.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn usage(&self, id: &TokenId) -> Result<Option<(TokenRecord, UsageLog)>, Error> {
        let usage = self.read(item::usage_key(id), &["pk", item::USES]);
        let (record, usage) = tokio::join!(self.get(id), usage);
        let Some(record) = record? else { return Ok(None) };
        let uses = item::uses(usage?.as_ref(), &record.grants)?;
        Ok(Some((record, uses)))
    }

    /// Notes the day on which a use was made.
    pub(super) async fn note_usage(&self, id: &TokenId, made: &PermissionUse, at: Timestamp) -> Result<Usage, Error> {
        for _ in 0..MAX_ATTEMPTS {
            let Some(usage) = self.update_usage(id, made, at).await? else {
                return Ok(Usage::Noted);
            };
            if let Some(usage) = usage {
                let uses = usage.get(item::USES).and_then(|uses| uses.as_m().ok());
                let keys: HashSet<String> = uses.into_iter().flat_map(|uses| uses.keys().cloned()).collect();
                return Ok(if keys.contains(&made.key()) { Usage::Noted } else { Usage::Full(keys) });
            }
            if self.put_usage(id, made, at).await? {
                return Ok(Usage::Noted);
            }
        }
        Err(Error::Contention)
    }

    /// Sets the day of a use, and adds the use where there is room for it. Where it did not, the usage as
    /// it is: there is none yet, it is full, or the day was noted before.
    async fn update_usage(
        &self,
        id: &TokenId,
        made: &PermissionUse,
        at: Timestamp,
    ) -> Result<Option<Option<Item>>, Error> {
        const CONDITION: &str = "attribute_exists(pk) AND (#uses.#made < :today \
                                 OR (attribute_not_exists(#uses.#made) AND size(#uses) < :max))";
        let written = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(item::usage_key(id)))
            .update_expression("SET #uses.#made = :today, #ttl = :ttl")
            .condition_expression(CONDITION)
            .expression_attribute_names("#uses", item::USES)
            .expression_attribute_names("#made", made.key())
            .expression_attribute_names("#ttl", item::TTL)
            .expression_attribute_values(":today", item::number(Day::of(at).0))
            .expression_attribute_values(":max", item::number(MAX_USES))
            .expression_attribute_values(":ttl", item::seconds(ttl::usage_ttl(at)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .customize()
            .config_override(client::briefly(&self.client))
            .send()
            .await;
        match written {
            Ok(_) => Ok(None),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => Ok(Some(refused.item.clone())),
                _ => Err(Error::unavailable(error)),
            },
        }
    }

    /// Writes the first use of a token; `false` where there is one already.
    async fn put_usage(&self, id: &TokenId, made: &PermissionUse, at: Timestamp) -> Result<bool, Error> {
        let usage = item::new_usage(id, made, Day::of(at), ttl::usage_ttl(at));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(usage));
        let put = put.condition_expression("attribute_not_exists(pk)").customize();
        condition_held(put.config_override(client::briefly(&self.client)).send().await)
    }
}
