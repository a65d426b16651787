//! Last use and usage.

use aws_sdk_dynamodb::types::AttributeValue;
use portcullis::authz::{MAX_USES, PermissionUse};
use portcullis::clock::{Day, Timestamp};
use portcullis::store::{DeferredWrite, Usage};
use portcullis::token::{Actor, LastUse, TokenRecord, UserAgentFamily};
use tokio::task::JoinSet;

use super::events::kinds;
use super::{DAY, LIMITS, Sample, Table, alice, caller, clock_at, delete, now, revoke, used_at};

const READ: &str = "apps:read apps/billing";

async fn noted_after(table: &Table, record: &TokenRecord, at: Timestamp) -> Option<Timestamp> {
    used_at(&table.tokens, &record.id, at, Some(READ)).await;
    table.tokens.get(&record.id).await.unwrap().unwrap().last_used.map(|used| used.at)
}

async fn day_of(table: &Table, record: &TokenRecord, made: &str) -> Option<Day> {
    let uses = table.tokens.usage(&record.id).await.unwrap().unwrap().uses;
    uses.last(&PermissionUse::from_stored(made).unwrap())
}

#[tokio::test]
async fn the_last_use_is_written_at_most_once_a_minute_and_never_back() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    // Not across midnight, when each use is written again.
    let first = Timestamp::from_seconds(now().seconds() / DAY * DAY + DAY / 2);
    assert_eq!(noted_after(&table, &record, first).await, Some(first));
    assert_eq!(noted_after(&table, &record, first.plus_seconds(59)).await, Some(first));
    assert_eq!(noted_after(&table, &record, first.plus_seconds(-600)).await, Some(first));
    let later = first.plus_seconds(60);
    assert_eq!(noted_after(&table, &record, later).await, Some(later));
}

#[tokio::test]
async fn a_use_records_the_address_the_user_agent_and_the_permission() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let at = now().truncated_to_seconds();
    used_at(&table.tokens, &record.id, at, Some(READ)).await;
    let used = table.tokens.get(&record.id).await.unwrap().unwrap().last_used;
    let agent = UserAgentFamily::from_header("curl/8");
    assert_eq!(used, Some(LastUse { at, source_ip: Some([192, 0, 2, 7].into()), agent }));
    assert_eq!(day_of(&table, &record, READ).await, Some(Day::from_timestamp(at)));
}

#[tokio::test]
async fn the_first_use_of_a_permission_in_a_day_is_always_written() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let noon = Timestamp::from_seconds(now().seconds() / DAY * DAY + DAY / 2);
    let other = "jobs:start jobs/*";
    used_at(&table.tokens, &record.id, noon, Some(READ)).await;
    used_at(&table.tokens, &record.id, noon.plus_seconds(1), Some(other)).await;
    assert_eq!(day_of(&table, &record, other).await, Some(Day::from_timestamp(noon)));
    let record = table.tokens.get(&record.id).await.unwrap().unwrap();
    assert_eq!(DeferredWrite::last_use(&record, None, None, &caller(), noon.plus_seconds(2)), None);
    assert!(DeferredWrite::last_use(&record, None, None, &caller(), noon.plus_seconds(60)).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_first_uses_are_all_recorded() {
    let table = Table::fresh().await;
    let moment = now();
    for _ in 0..5 {
        let record = Sample::owned_by(&alice()).in_table(&table).await;
        let mut racing = JoinSet::new();
        for racer in 0..10 {
            let (tokens, id) = (table.another_client(), record.id.clone());
            racing.spawn(async move { used_at(&tokens, &id, moment, Some(&format!("p:a{racer} x"))).await });
        }
        assert_eq!(racing.join_all().await, vec![Some(Usage::Recorded); 10]);
        assert_eq!(table.usage_item(&record.id).await.unwrap()["uses"].as_m().unwrap().len(), 10);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_keeps_at_most_1000_uses_and_the_record_does_not_grow() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let moment = now();
    used_at(&table.tokens, &record.id, moment, Some("p:first x")).await;
    let before = table.item(&record.id).await;
    let mut racing = JoinSet::new();
    for racer in 0..20 {
        let (tokens, id) = (table.another_client(), record.id.clone());
        racing.spawn(async move {
            for at in 0..100 {
                used_at(&tokens, &id, moment, Some(&format!("p:a{racer}-{at} x"))).await;
            }
        });
    }
    racing.join_all().await;
    assert_eq!(table.usage_item(&record.id).await.unwrap()["uses"].as_m().unwrap().len(), MAX_USES);
    assert_eq!(table.item(&record.id).await, before);
    let uses = table.tokens.usage(&record.id).await.unwrap().unwrap().uses;
    assert!(!uses.is_complete(Day::from_timestamp(moment)));
    assert!(uses.last(&PermissionUse::from_stored("p:first x").unwrap()).is_some());
}

#[tokio::test]
async fn a_full_usage_only_updates_the_uses_that_it_has() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let start = now().truncated_to_seconds();
    used_at(&table.tokens, &record.id, start, Some(READ)).await;
    let mut full = table.usage_item(&record.id).await.unwrap();
    let uses = full.get_mut("uses").unwrap();
    let AttributeValue::M(uses) = uses else { panic!("{uses:?}") };
    uses.extend((1..MAX_USES).map(|at| (format!("p:a{at} x"), AttributeValue::N("7".to_owned()))));
    table.put(full.clone()).await;
    let tomorrow = start.plus_seconds(DAY);
    let refused = used_at(&table.tokens, &record.id, tomorrow, Some("p:new x")).await;
    let Some(Usage::Full(kept)) = refused else { panic!("{refused:?}") };
    assert!(kept.len() == MAX_USES && kept.contains(READ));
    assert_eq!(table.usage_item(&record.id).await.unwrap(), full);
    assert_eq!(used_at(&table.tokens, &record.id, tomorrow, Some(READ)).await, Some(Usage::Recorded));
    assert_eq!(day_of(&table, &record, READ).await, Some(Day::from_timestamp(tomorrow)));
}

#[tokio::test]
async fn the_day_of_a_use_never_moves_back_and_extends_the_ttl() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let start = now().truncated_to_seconds();
    for (moment, day) in [(start, 0), (start.plus_seconds(DAY), 1), (start, 1)] {
        assert_eq!(used_at(&table.tokens, &record.id, moment, Some(READ)).await, Some(Usage::Recorded));
        assert_eq!(day_of(&table, &record, READ).await, Some(Day::from_timestamp(start.plus_seconds(day * DAY))));
    }
    let ttl = table.usage_item(&record.id).await.unwrap()["ttl"].as_n().unwrap().parse::<i64>().unwrap();
    assert_eq!(ttl, start.seconds() + 401 * DAY);
}

#[tokio::test]
async fn a_use_does_not_change_the_version() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let expected = table.item(&record.id).await.unwrap();
    used_at(&table.tokens, &record.id, now(), Some(READ)).await;
    let mut after = table.item(&record.id).await.unwrap();
    assert!(after.remove("last_use").is_some());
    assert_eq!(after, expected);
}

#[tokio::test]
async fn the_first_use_is_one_event() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    for seconds in [1, 61, 121] {
        // Three authorizers that all read it before it was used.
        let note = DeferredWrite::last_use(&record, None, None, &caller(), now().plus_seconds(seconds)).unwrap();
        table.tokens.apply_deferred(&note, &clock_at(now()), LIMITS.history_days).await.unwrap();
    }
    used_at(&table.tokens, &record.id, now().plus_seconds(600), None).await;
    assert_eq!(kinds(&table, &record.id).await, ["first_used", "created"]);
}

#[tokio::test]
async fn a_late_last_use_does_not_restore_a_deleted_token() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    delete(&table.tokens, &record.id).await.unwrap();
    let note = DeferredWrite::last_use(&record, PermissionUse::from_stored(READ), None, &caller(), now()).unwrap();
    table.tokens.apply_deferred(&note, &clock_at(now()), LIMITS.history_days).await.unwrap();
    assert_eq!(table.item(&record.id).await, None);
    assert_eq!(kinds(&table, &record.id).await, ["deleted", "created"]);
}

#[tokio::test]
async fn a_late_last_use_leaves_a_revoked_token_revoked() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let revoked = revoke(&table.tokens, &record.id, &Actor::Bootstrap, now(), 30).await.unwrap().unwrap();
    let at = now().truncated_to_seconds();
    used_at(&table.tokens, &record.id, at, Some(READ)).await;
    let after = table.tokens.get(&record.id).await.unwrap().unwrap();
    assert_eq!(TokenRecord { last_used: None, ..after.clone() }, revoked);
    assert_eq!(after.last_used.map(|used| used.at), Some(at));
}
