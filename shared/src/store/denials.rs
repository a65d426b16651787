//! A token's recent denials, in its usage item. Their number is bounded by the conditions of the writes that add to
//! them (ADR 0034).

use std::collections::HashMap;

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure, Update};

use super::item_client::ConditionalWrite;
use super::{Error, ItemStore, item, ttl};
use crate::authz::{Denial, MAX_DENIALS};
use crate::secret::TokenId;

/// Maximum number of attempts to write the first denial while other requests do the same.
const MAX_ATTEMPTS: u32 = 2;

impl ItemStore {
    /// Records a denial, in place of the oldest one if there are [`MAX_DENIALS`]. It is dropped if another request
    /// changes the same entries.
    pub(super) async fn record_denial(&self, id: &TokenId, denial: &Denial) -> Result<(), Error> {
        for _ in 0..MAX_ATTEMPTS {
            let ConditionalWrite::Refused(usage) = self.update_denials(id, denial).await? else { return Ok(()) };
            let denials = usage.as_ref().and_then(|usage| usage.get(item::DENIALS)?.as_m().ok());
            if let Some(denials) = denials {
                return self.replace_oldest_denial(id, denial, denials).await;
            }
            if self.put_denials(id, denial).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Adds a denial if there is room, or sets the time of its entry. If the condition fails, returns the current
    /// usage: there are no denials yet, they are full, or the entry is as recent.
    async fn update_denials(&self, id: &TokenId, denial: &Denial) -> Result<ConditionalWrite, Error> {
        const CONDITION: &str = "attribute_exists(#denials) AND (#denials.#this.#at < :at \
                                 OR (attribute_not_exists(#denials.#this) AND size(#denials) < :max))";
        let update = self
            .denial_update(id, denial)
            .update_expression("SET #denials.#this = :this, #ttl = :ttl")
            .condition_expression(CONDITION)
            .expression_attribute_names("#this", denial.key())
            .expression_attribute_names("#at", item::AT)
            .expression_attribute_values(":this", item::denial(denial))
            .expression_attribute_values(":at", item::seconds(denial.at))
            .expression_attribute_values(":max", item::number(MAX_DENIALS))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        self.item_client().await?.update_item(update.build().map_err(Error::unavailable)?).await
    }

    /// Writes the first denial of a token; `false` if there is one already.
    async fn put_denials(&self, id: &TokenId, denial: &Denial) -> Result<bool, Error> {
        let first = HashMap::from([(denial.key(), item::denial(denial))]);
        let update = self
            .denial_update(id, denial)
            // Every usage item has uses.
            .update_expression("SET #denials = :first, #uses = if_not_exists(#uses, :none), #ttl = :ttl")
            .condition_expression("attribute_not_exists(#denials)")
            .expression_attribute_names("#uses", item::USES)
            .expression_attribute_values(":first", AttributeValue::M(first))
            .expression_attribute_values(":none", AttributeValue::M(HashMap::new()));
        let update = update.build().map_err(Error::unavailable)?;
        Ok(self.item_client().await?.update_item(update).await? == ConditionalWrite::Written)
    }

    async fn replace_oldest_denial(
        &self,
        id: &TokenId,
        denial: &Denial,
        stored: &HashMap<String, AttributeValue>,
    ) -> Result<(), Error> {
        let this = denial.key();
        let Some((oldest, at)) = item::oldest_denial(stored).filter(|_| !stored.contains_key(&this)) else {
            return Ok(());
        };
        let update = self
            .denial_update(id, denial)
            .update_expression("SET #denials.#this = :this, #ttl = :ttl REMOVE #denials.#oldest")
            .condition_expression("#denials.#oldest.#at = :seen AND attribute_not_exists(#denials.#this)")
            .expression_attribute_names("#this", this)
            .expression_attribute_names("#oldest", oldest)
            .expression_attribute_names("#at", item::AT)
            .expression_attribute_values(":this", item::denial(denial))
            .expression_attribute_values(":seen", item::seconds(at));
        let update = update.build().map_err(Error::unavailable)?;
        self.item_client().await?.update_item(update).await.map(drop)
    }

    /// An update of the denials and of the item's TTL.
    fn denial_update(&self, id: &TokenId, denial: &Denial) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.table)
            .set_key(Some(item::usage_key(id)))
            .expression_attribute_names("#denials", item::DENIALS)
            .expression_attribute_names("#ttl", item::TTL)
            .expression_attribute_values(":ttl", item::seconds(ttl::usage_ttl(denial.at)))
    }
}
