//! The table's TTL.

use super::{DAY, Sample, Table, alice, now};

#[tokio::test]
async fn the_table_deletes_items_after_their_ttl() {
    let table = Table::fresh().await;
    let described = table.client.describe_time_to_live().table_name(&table.name).send().await.unwrap();
    let described = described.time_to_live_description.unwrap();
    assert_eq!(described.attribute_name.as_deref(), Some("ttl"));

    let Some(engine) = &table.engine else {
        // Other engines delete later; DynamoDB takes up to a few days.
        return;
    };
    let ago = |days: i64| now().truncated_to_seconds().plus_seconds(-days * DAY);
    let over = Sample::owned_by(&alice()).made_at(ago(60)).until(ago(31)).in_table(&table).await;
    let retained = Sample::owned_by(&alice()).made_at(ago(60)).until(ago(29)).in_table(&table).await;
    let immortal = Sample::owned_by(&alice()).in_table(&table).await;
    // The engine also does this by itself, now and then.
    engine.sweep().unwrap();
    assert_eq!(table.tokens.get(&over.id).await.unwrap(), None);
    assert_eq!(table.event_items(&over.id).await.len(), 1, "an event has the history's TTL");
    for record in [retained, immortal] {
        assert_eq!(table.tokens.get(&record.id).await.unwrap(), Some(record));
    }
    assert!(table.slots(&alice()).await.is_some(), "slots have no ttl");
}

#[tokio::test]
async fn an_expired_token_is_expired_before_and_after_ttl_deletion() {
    let table = Table::fresh().await;
    let end = now().truncated_to_seconds().plus_seconds(3600);
    let record = Sample::owned_by(&alice()).until(end).in_table(&table).await;
    let found = table.tokens.get(&record.id).await.unwrap().unwrap();
    assert_eq!(found.state(end.plus_seconds(-1), 0).status(), portcullis::token::Status::Active);
    assert_eq!(found.state(end, 0).status(), portcullis::token::Status::Expired);
}
