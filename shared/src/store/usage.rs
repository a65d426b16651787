//! Usage of a token's permissions. It is an item of its own, so that the record stays small, and its size is
//! bounded by the condition of the write that adds to it (ADR 0022).

use std::collections::HashSet;

use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, Update};

use super::item_client::ConditionalWrite;
use super::update_expression::UpdateExpression;
use super::{Error, ItemStore, item, ttl};
use crate::authz::{Denial, MAX_USES, PermissionUse, UsageLog};
use crate::clock::{Day, Timestamp};
use crate::secret::TokenId;
use crate::token::TokenRecord;

/// Maximum number of attempts to write the first use while other requests do the same.
const MAX_ATTEMPTS: u32 = 3;

/// A token's usage after a use was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Usage {
    /// The use is recorded, with this day or a later one.
    Recorded,
    /// The usage is full without this use; it has these ([`PermissionUse::key`]).
    Full(HashSet<String>),
}

/// A token with its usage.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenUsage {
    /// The token.
    pub record: TokenRecord,
    /// Day of the last use of each permission.
    pub uses: UsageLog,
    /// Recent denials, newest first.
    pub denials: Vec<Denial>,
}

impl ItemStore {
    /// Reads a token and its usage, consistently.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn usage(&self, id: &TokenId) -> Result<Option<TokenUsage>, Error> {
        let usage = self.read(item::usage_key(id), &item::USAGE_ATTRIBUTES);
        let (record, usage) = tokio::join!(self.get(id), usage);
        let Some(record) = record? else { return Ok(None) };
        let usage = usage?;
        let usage = usage.attributes()?;
        let uses = item::uses(usage.as_ref(), &record.grants)?;
        Ok(Some(TokenUsage { record, uses, denials: item::denials(usage.as_ref()) }))
    }

    /// Records the day of a use.
    pub(super) async fn record_usage(&self, id: &TokenId, made: &PermissionUse, at: Timestamp) -> Result<Usage, Error> {
        for _ in 0..MAX_ATTEMPTS {
            let usage = match self.update_usage(id, made, at).await? {
                ConditionalWrite::Written => return Ok(Usage::Recorded),
                ConditionalWrite::Refused(usage) => usage,
            };
            if let Some(usage) = usage {
                let uses = usage.get(item::USES).and_then(|uses| uses.as_m().ok());
                let keys: HashSet<String> = uses.into_iter().flat_map(|uses| uses.keys().cloned()).collect();
                return Ok(if keys.contains(&made.key()) { Usage::Recorded } else { Usage::Full(keys) });
            }
            if self.put_usage(id, made, at).await? {
                return Ok(Usage::Recorded);
            }
        }
        Err(Error::Contention)
    }

    /// Sets the day of a use, adding it if there is room. If the condition fails, returns the current usage:
    /// there is none yet, it is full, or the day is already recorded.
    async fn update_usage(&self, id: &TokenId, made: &PermissionUse, at: Timestamp) -> Result<ConditionalWrite, Error> {
        const CONDITION: &str = "attribute_exists(pk) AND (#uses.#made < :today \
                                 OR (attribute_not_exists(#uses.#made) AND size(#uses) < :max))";
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item::usage_key(id)))
            .update_expression("SET #uses.#made = :today, #ttl = :ttl")
            .condition_expression(CONDITION)
            .expression_attribute_names("#uses", item::USES)
            .expression_attribute_names("#made", made.key())
            .expression_attribute_names("#ttl", item::TTL)
            .expression_attribute_values(":today", item::number(Day::from_timestamp(at).0))
            .expression_attribute_values(":max", item::number(MAX_USES))
            .expression_attribute_values(":ttl", item::seconds(ttl::usage_ttl(at)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        self.item_client().await?.update_item(update.build().map_err(Error::unavailable)?).await
    }

    /// Writes the first use of a token; `false` if there is one already.
    async fn put_usage(&self, id: &TokenId, made: &PermissionUse, at: Timestamp) -> Result<bool, Error> {
        let attributes = item::first_use(made, Day::from_timestamp(at), ttl::usage_ttl(at)).into_iter();
        let update = attributes.fold(UpdateExpression::of_new(), |update, (name, value)| update.set(name, value));
        let update = update.build(&self.table, item::usage_key(id))?;
        Ok(self.item_client().await?.update_item(update).await? == ConditionalWrite::Written)
    }
}
