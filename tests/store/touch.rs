//! What is noted of a use.

use aws_sdk_dynamodb::types::AttributeValue;
use portcullis::access::{Day, MOST_USES, Use};
use portcullis::clock::Timestamp;
use portcullis::store::Note;
use portcullis::token::{Actor, AgentFamily, LastUsed, Record};

use super::events::kinds;
use super::{DAY, Sample, Table, alice, caller, now, revoke, used_at};

const READ: &str = "apps:read apps/billing";

async fn noted_after(table: &Table, record: &Record, at: Timestamp) -> Option<Timestamp> {
    used_at(&table.tokens, &record.id, at, Some(READ)).await;
    table.tokens.get(&record.id).await.unwrap().unwrap().last_used.map(|used| used.at)
}

async fn day_of(table: &Table, record: &Record, made: &str) -> Option<Day> {
    let (_, uses) = table.tokens.usage(&record.id).await.unwrap().unwrap();
    uses.last(&Use::stored(made).unwrap())
}

#[tokio::test]
async fn the_last_use_moves_once_a_minute_at_most_and_never_back() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    // Not over midnight, on which each use is noted anew.
    let first = Timestamp::from_seconds(now().seconds() / DAY * DAY + DAY / 2);
    assert_eq!(noted_after(&table, &record, first).await, Some(first));
    assert_eq!(noted_after(&table, &record, first.plus_seconds(59)).await, Some(first));
    assert_eq!(noted_after(&table, &record, first.plus_seconds(-600)).await, Some(first));
    let later = first.plus_seconds(60);
    assert_eq!(noted_after(&table, &record, later).await, Some(later));
}

#[tokio::test]
async fn a_use_tells_from_where_with_what_and_for_what() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    let at = now().to_the_second();
    used_at(&table.tokens, &record.id, at, Some(READ)).await;
    let used = table.tokens.get(&record.id).await.unwrap().unwrap().last_used;
    let agent = AgentFamily::of("curl/8");
    assert_eq!(used, Some(LastUsed { at, source_ip: Some([192, 0, 2, 7].into()), agent }));
    assert_eq!(day_of(&table, &record, READ).await, Some(Day::of(at)));
}

#[tokio::test]
async fn the_first_use_of_a_permission_in_a_day_is_noted_within_the_minute_too() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    let noon = Timestamp::from_seconds(now().seconds() / DAY * DAY + DAY / 2);
    let other = "jobs:start jobs/*";
    used_at(&table.tokens, &record.id, noon, Some(READ)).await;
    used_at(&table.tokens, &record.id, noon.plus_seconds(1), Some(other)).await;
    assert_eq!(day_of(&table, &record, other).await, Some(Day::of(noon)));
    let credential = table.tokens.credential(&record.id).await.unwrap().unwrap();
    for made in [READ, other] {
        let made = Use::stored(made);
        assert_eq!(Note::of_use(&credential, made.clone(), &caller(), noon.plus_seconds(2)), None);
        assert!(Note::of_use(&credential, made, &caller(), noon.plus_seconds(DAY)).is_some());
    }
}

#[tokio::test]
async fn a_token_that_is_used_in_very_many_ways_forgets_the_oldest() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    let start = now().to_the_second();
    for (day, at) in (0_i64..).zip(0..=MOST_USES) {
        used_at(&table.tokens, &record.id, start.plus_seconds(day * DAY), Some(&format!("p:a{at} x"))).await;
    }
    let (_, uses) = table.tokens.usage(&record.id).await.unwrap().unwrap();
    assert!(uses.are_full());
    assert_eq!(day_of(&table, &record, "p:a0 x").await, None);
    assert_eq!(day_of(&table, &record, "p:a1 x").await, Some(Day::of(start.plus_seconds(DAY))));
    assert!(day_of(&table, &record, &format!("p:a{MOST_USES} x")).await.is_some());
}

#[tokio::test]
async fn a_token_from_before_uses_were_noted_gets_them_with_its_next() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    let mut old = table.item(&record.id).await.unwrap();
    old.remove("used");
    table.put(old).await;
    used_at(&table.tokens, &record.id, now(), Some(READ)).await;
    assert_eq!(day_of(&table, &record, READ).await, Some(Day::of(now())));
}

#[tokio::test]
async fn a_use_is_no_change_of_the_token() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    let mut expected = table.item(&record.id).await.unwrap();
    used_at(&table.tokens, &record.id, now(), Some(READ)).await;
    let mut after = table.item(&record.id).await.unwrap();
    for bookkeeping in ["last_used_at", "last_used_from", "used"] {
        assert!(after.remove(bookkeeping).is_some(), "{bookkeeping}");
    }
    assert_eq!(expected.remove("used"), Some(AttributeValue::M([].into())));
    assert_eq!(after, expected);
}

#[tokio::test]
async fn the_first_use_of_all_is_told_once() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    let fresh = table.tokens.credential(&record.id).await.unwrap().unwrap();
    for seconds in [1, 61, 121] {
        // Three authorizers that have both read it before it was used.
        let note = Note::of_use(&fresh, None, &caller(), now().plus_seconds(seconds)).unwrap();
        table.tokens.note(&note).await.unwrap();
    }
    used_at(&table.tokens, &record.id, now().plus_seconds(600), None).await;
    assert_eq!(kinds(&table, &record.id).await, ["first_used", "created"]);
}

#[tokio::test]
async fn a_use_noted_late_does_not_bring_a_deleted_token_back() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    let credential = table.tokens.credential(&record.id).await.unwrap().unwrap();
    table.tokens.delete(&record.id).await.unwrap();
    let note = Note::of_use(&credential, Use::stored(READ), &caller(), now()).unwrap();
    table.tokens.note(&note).await.unwrap();
    assert_eq!(table.item(&record.id).await, None);
    assert_eq!(kinds(&table, &record.id).await, [""; 0]);
}

#[tokio::test]
async fn a_use_noted_late_leaves_a_revoked_token_revoked() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    let revoked = revoke(&table.tokens, &record.id, &Actor::Bootstrap, now(), 30).await.unwrap().unwrap();
    let at = now().to_the_second();
    used_at(&table.tokens, &record.id, at, Some(READ)).await;
    let after = table.tokens.get(&record.id).await.unwrap().unwrap();
    assert_eq!(Record { last_used: None, ..after.clone() }, revoked);
    assert_eq!(after.last_used.map(|used| used.at), Some(at));
}
