//! Counts of a token's requests by permission: an item for each day, which expires after 13 weeks (ADR 0035).

use std::collections::HashMap;
use std::fmt::Write as _;

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure, Update};

use super::item_client::ConditionalWrite;
use super::{Error, ItemStore, TokenStore, item, ttl};
use crate::authz::{COUNTED_DAYS, DailyCounts, MAX_COUNTED_PERMISSIONS};
use crate::clock::Day;
use crate::secret::TokenId;

/// Maximum number of attempts to write the first counts of a day while other requests do the same.
const MAX_ATTEMPTS: u32 = 2;

impl ItemStore {
    /// Adds counts to those of their day. They are dropped if the day has too many permissions. A write has room for
    /// about 40: an expression has at most 4 KB.
    pub(super) async fn add_counts(&self, id: &TokenId, added: &DailyCounts) -> Result<(), Error> {
        for _ in 0..MAX_ATTEMPTS {
            match self.update_counts(id, added).await? {
                ConditionalWrite::Written | ConditionalWrite::Refused(Some(_)) => return Ok(()),
                ConditionalWrite::Refused(None) => {}
            }
            if self.put_counts(id, added).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Adds to the counts of a day if there is room. If the condition fails, returns the current ones.
    async fn update_counts(&self, id: &TokenId, added: &DailyCounts) -> Result<ConditionalWrite, Error> {
        let (mut sets, mut known) = (String::new(), String::new());
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item::day_key(id, added.day)))
            .expression_attribute_names("#counts", item::COUNTS)
            .expression_attribute_values(":zero", item::number(0))
            .expression_attribute_values(
                ":room",
                item::number(MAX_COUNTED_PERMISSIONS.saturating_sub(added.counts.len())),
            )
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        for (at, (permission, count)) in added.counts.iter().enumerate() {
            let (comma, and) = if at == 0 { ("", "") } else { (", ", " AND ") };
            let _ = write!(sets, "{comma}#counts.#p{at} = if_not_exists(#counts.#p{at}, :zero) + :n{at}");
            let _ = write!(known, "{and}attribute_exists(#counts.#p{at})");
            update = update
                .expression_attribute_names(format!("#p{at}"), permission.to_string())
                .expression_attribute_values(format!(":n{at}"), item::number(count));
        }
        let update = update
            .update_expression(format!("SET {sets}"))
            .condition_expression(format!("attribute_exists(#counts) AND (size(#counts) <= :room OR ({known}))"));
        self.item_client().await?.update_item(update.build().map_err(Error::unavailable)?).await
    }

    /// Writes the first counts of a day; `false` if there are some already.
    async fn put_counts(&self, id: &TokenId, added: &DailyCounts) -> Result<bool, Error> {
        let counts = added.counts.iter().map(|(permission, count)| (permission.to_string(), item::number(count)));
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item::day_key(id, added.day)))
            .update_expression("SET #counts = :counts, #ttl = :ttl")
            .condition_expression("attribute_not_exists(#counts)")
            .expression_attribute_names("#counts", item::COUNTS)
            .expression_attribute_names("#ttl", item::TTL)
            .expression_attribute_values(":counts", AttributeValue::M(counts.collect()))
            .expression_attribute_values(":ttl", item::seconds(ttl::counts_ttl(added.day)));
        let update = update.build().map_err(Error::unavailable)?;
        Ok(self.item_client().await?.update_item(update).await? == ConditionalWrite::Written)
    }
}

impl TokenStore {
    /// Reads a token's counts of the last [`COUNTED_DAYS`], oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn daily_counts(&self, id: &TokenId, today: Day) -> Result<Vec<DailyCounts>, Error> {
        let (projection, mut names) = item::projection(&item::DAY_ATTRIBUTES);
        names.insert("#pk".to_owned(), "pk".to_owned());
        let key = |day: Day| item::string(item::day_sk(day));
        let values = HashMap::from([
            (":token".to_owned(), item::string(item::usage_pk(id))),
            (":first".to_owned(), key(today.minus(COUNTED_DAYS - 1))),
            (":today".to_owned(), key(today)),
        ]);
        let client = self.client().await?;
        let query = client.query().table_name(&self.table).projection_expression(projection);
        let query = query.key_condition_expression("#pk = :token AND #sk BETWEEN :first AND :today");
        let query = query.set_expression_attribute_names(Some(names)).set_expression_attribute_values(Some(values));
        // One page: all days together are smaller than 1 MB.
        let page = query.send().await.map_err(Error::unavailable)?;
        Ok(page.items().iter().filter_map(|item| item::daily_counts(&item.into())).collect())
    }
}
