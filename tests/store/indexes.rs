//! Contents of the indexes.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use portcullis::token::Actor;

use super::{Sample, Table, alice, now, revoke, used_at};
use crate::store::fixture::Item;

/// All items of one partition of an index.
async fn all_of(table: &Table, index: &str, attribute: &str, partition: &str) -> Vec<Item> {
    let query = table.client.query().table_name(&table.name).index_name(index);
    let query = query.key_condition_expression("#partition = :partition");
    let query = query.expression_attribute_names("#partition", attribute);
    let query = query.expression_attribute_values(":partition", AttributeValue::S(partition.to_owned()));
    query.send().await.unwrap().items.unwrap()
}

#[tokio::test]
async fn an_index_holds_only_keys() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    used_at(&table.tokens, &record.id, now(), Some("apps:read apps/billing")).await;
    revoke(&table.tokens, &record.id, &Actor::Bootstrap, now(), 30).await.unwrap();
    let today = portcullis::clock::Day::from_timestamp(record.created_at).to_string();
    for (index, attribute, partition, keys) in [
        ("by_owner", "owner", "alice", &["created_at", "owner", "pk", "sk"][..]),
        ("by_time", "sk", "TOKEN", &["created_at", "pk", "sk"]),
        ("by_day", "day", &today, &["day", "pk", "sk"]),
    ] {
        // An index is eventually consistent; on one machine it is immediate.
        let mut asked = 0;
        let held = loop {
            let held = all_of(&table, index, attribute, partition).await;
            asked += 1;
            if !held.is_empty() || asked == 200 {
                break held;
            }
        };
        assert!(!held.is_empty(), "{index}");
        for item in held {
            let names: BTreeSet<_> = item.keys().map(String::as_str).collect();
            assert_eq!(names, keys.iter().copied().collect(), "{index}");
        }
    }
}

#[tokio::test]
async fn slots_and_usage_are_in_no_index_of_tokens() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    used_at(&table.tokens, &record.id, now(), Some("apps:read apps/billing")).await;
    assert!(table.slots(&alice()).await.is_some() && table.usage_item(&record.id).await.is_some());
    for (index, attribute, partition) in
        [("by_owner", "owner", "alice"), ("by_time", "sk", "SLOTS"), ("by_time", "sk", "USAGE")]
    {
        let held = all_of(&table, index, attribute, partition).await;
        assert!(held.iter().all(|item| item["sk"] == AttributeValue::S("TOKEN".to_owned())), "{index}");
    }
}
