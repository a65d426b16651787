//! The last use.

use portcullis::clock::Timestamp;
use portcullis::store::LastUse;
use portcullis::token::{Actor, Record};

use super::{Sample, Table, alice, now};

async fn noted_after(table: &Table, record: &Record, at: Timestamp) -> Option<Timestamp> {
    table.tokens.touch(&LastUse { id: record.id.clone(), at }).await.unwrap();
    table.tokens.get(&record.id).await.unwrap().unwrap().last_used_at
}

#[tokio::test]
async fn the_last_use_moves_once_a_minute_at_most_and_never_back() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    let first = now().to_the_second();
    assert_eq!(noted_after(&table, &record, first).await, Some(first));
    assert_eq!(noted_after(&table, &record, first.plus_seconds(59)).await, Some(first));
    assert_eq!(noted_after(&table, &record, first.plus_seconds(-600)).await, Some(first));
    let later = first.plus_seconds(60);
    assert_eq!(noted_after(&table, &record, later).await, Some(later));
}

#[tokio::test]
async fn a_use_is_no_change_of_the_token() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    let mut expected = table.item(&record.id).await.unwrap();
    let at = now().to_the_second();
    noted_after(&table, &record, at).await;
    let number = aws_sdk_dynamodb::types::AttributeValue::N(at.seconds().to_string());
    expected.insert("last_used_at".to_owned(), number);
    assert_eq!(table.item(&record.id).await, Some(expected));
}

#[tokio::test]
async fn a_use_noted_late_does_not_bring_a_deleted_token_back() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    table.tokens.delete(&record.id).await.unwrap();
    table.tokens.touch(&LastUse { id: record.id.clone(), at: now() }).await.unwrap();
    assert_eq!(table.item(&record.id).await, None);
}

#[tokio::test]
async fn a_use_noted_late_leaves_a_revoked_token_revoked() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    let revoked = table.tokens.revoke(&record.id, &Actor::Bootstrap, now(), 30).await.unwrap().unwrap();
    let at = now().to_the_second();
    noted_after(&table, &record, at).await;
    let after = table.tokens.get(&record.id).await.unwrap();
    assert_eq!(after, Some(Record { last_used_at: Some(at), ..revoked }));
}
