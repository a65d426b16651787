//! What the indexes hold.

use aws_sdk_dynamodb::types::AttributeValue;
use portcullis::store::{Change, Changed};
use portcullis::token::{Actor, Disablement, Happened, Record, WhyDisabled};

use super::{LIMITS, Sample, Table, alice, by_whom, now, revoke, used_at};
use crate::store::table::Item;

/// Everything that an index holds of one partition.
async fn all_of(table: &Table, index: &str, attribute: &str, partition: &str) -> Vec<Item> {
    let query = table.client.query().table_name(&table.name).index_name(index);
    let query = query.key_condition_expression("#partition = :partition");
    let query = query.expression_attribute_names("#partition", attribute);
    let query = query.expression_attribute_values(":partition", AttributeValue::S(partition.to_owned()));
    query.send().await.unwrap().items.unwrap()
}

#[tokio::test]
async fn an_index_holds_everything_that_a_list_shows_and_never_a_digest() {
    let table = Table::fresh().await;
    let mut full = Sample::of(&alice()).until(now().to_the_second().plus_seconds(3600));
    full.record.description = Some("what for".parse().unwrap());
    let record = full.in_table(&table).await;
    used_at(&table.tokens, &record.id, now(), Some("apps:read apps/billing")).await;
    let seen = table.tokens.get(&record.id).await.unwrap().unwrap();
    let disabled = Some(Disablement { at: now().to_the_second(), by: None, why: WhyDisabled::SecretReuse });
    let changed = Record {
        disabled,
        enabled_at: Some(now().to_the_second()),
        rotated_at: Some(now().to_the_second()),
        previous_secret_until: Some(now().to_the_second()),
        allowed_ips: vec!["192.0.2.0/24".parse().unwrap()].into(),
        ..seen.clone()
    };
    let (by, what) = (&by_whom(), Happened::Disabled(WhyDisabled::SecretReuse));
    let change = Change { seen: &seen, next: changed, what, by, now: now(), limits: LIMITS };
    assert!(matches!(table.tokens.change(&change).await.unwrap(), Changed::Done(_)));
    revoke(&table.tokens, &record.id, &Actor::Bootstrap, now(), 30).await.unwrap();

    let mut shown = table.item(&record.id).await.unwrap();
    for hidden in ["digest", "used", "ttl"] {
        assert!(shown.remove(hidden).is_some(), "{hidden} is in the table");
    }
    for (index, attribute, partition) in [("by_owner", "owner", "alice"), ("by_time", "sk", "TOKEN")] {
        // An index follows its table within moments; on one machine it is there at once.
        let mut asked = 0;
        let held = loop {
            let held = all_of(&table, index, attribute, partition).await;
            asked += 1;
            if held.iter().any(|item| item.contains_key("revoked_at")) || asked == 200 {
                break held;
            }
        };
        assert_eq!(held, [shown.clone()], "{index}");
    }
}

#[tokio::test]
async fn slots_are_in_no_index() {
    let table = Table::fresh().await;
    Sample::of(&alice()).in_table(&table).await;
    assert!(table.slots(&alice()).await.is_some());
    for (index, attribute, partition) in [("by_owner", "owner", "alice"), ("by_time", "sk", "SLOTS")] {
        let held = all_of(&table, index, attribute, partition).await;
        assert!(held.iter().all(|item| item["sk"] == AttributeValue::S("TOKEN".to_owned())), "{index}");
    }
}
