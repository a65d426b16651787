//! Counts of a token's requests by day and permission.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use portcullis::authz::{COUNTED_DAYS, DailyCounts, MAX_COUNTED_PERMISSIONS};
use portcullis::clock::Day;
use portcullis::store::{DeferredWrite, TokenStore};
use portcullis::token::TokenRecord;
use tokio::task::JoinSet;

use super::{DAY, LIMITS, Sample, Table, alice, caller, clock_at, now};

fn counts<S: AsRef<str>>(day: Day, counts: impl IntoIterator<Item = (S, u64)>) -> DailyCounts {
    let counts = counts.into_iter().map(|(permission, count)| (permission.as_ref().parse().unwrap(), count));
    DailyCounts { day, counts: counts.collect() }
}

async fn add(tokens: &TokenStore, record: &TokenRecord, added: DailyCounts) {
    let note = DeferredWrite::last_use(record, None, Some(added), &caller(), now()).unwrap();
    tokens.apply_deferred(&note, &clock_at(now()), LIMITS.history_days).await.unwrap();
}

#[tokio::test]
async fn counts_add_up_by_day_and_permission() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let today = Day::from_timestamp(now());
    assert_eq!(table.tokens.daily_counts(&record.id, today).await.unwrap(), []);
    let yesterday = today.minus(1);
    for (day, added) in [(today, &[("apps:read", 1), ("apps:*", 2)][..]), (yesterday, &[("apps:read", 9)])] {
        add(&table.tokens, &record, counts(day, added.iter().copied())).await;
    }
    add(&table.tokens, &record, counts(today, [("apps:read", 40), ("jobs:start", 3)])).await;
    let expected =
        [counts(yesterday, [("apps:read", 9)]), counts(today, [("apps:*", 2), ("apps:read", 41), ("jobs:start", 3)])];
    assert_eq!(table.tokens.daily_counts(&record.id, today).await.unwrap(), expected);
}

#[tokio::test]
async fn counts_are_shown_for_13_weeks_and_expire_a_day_later() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let today = Day::from_timestamp(now());
    for ago in [COUNTED_DAYS, COUNTED_DAYS - 1, 0] {
        add(&table.tokens, &record, counts(today.minus(ago), [("apps:read", 1)])).await;
    }
    let shown = table.tokens.daily_counts(&record.id, today).await.unwrap();
    assert_eq!(shown.iter().map(|day| day.day).collect::<Vec<_>>(), [today.minus(90), today]);
    let ttl = table.day_item(&record.id, today).await.unwrap()["ttl"].as_n().unwrap().parse::<i64>().unwrap();
    assert_eq!(ttl, (today.0 + 92) * DAY);
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_counts_are_all_added() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let today = Day::from_timestamp(now());
    let mut racing = JoinSet::new();
    for _ in 0..10 {
        let (tokens, record) = (table.another_client(), record.clone());
        racing.spawn(async move {
            for _ in 0..5 {
                add(&tokens, &record, counts(today, [("apps:read", 2)])).await;
            }
        });
    }
    racing.join_all().await;
    assert_eq!(table.tokens.daily_counts(&record.id, today).await.unwrap(), [counts(today, [("apps:read", 100)])]);
}

#[tokio::test]
async fn a_day_counts_at_most_100_permissions() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let today = Day::from_timestamp(now());
    let names = |from: usize, to: usize| (from..to).map(|number| (format!("a{number}:read"), 1));
    for from in (0..99).step_by(9) {
        add(&table.tokens, &record, counts(today, names(from, from + 9))).await;
    }
    add(&table.tokens, &record, counts(today, names(98, 101))).await;
    add(&table.tokens, &record, counts(today, names(99, 100))).await;
    // Those that it has are still counted.
    add(&table.tokens, &record, counts(today, names(0, 2))).await;
    let stored = table.day_item(&record.id, today).await.unwrap()["counts"].as_m().unwrap().clone();
    assert_eq!(stored.len(), MAX_COUNTED_PERMISSIONS);
    let of = |number: usize| stored.get(&format!("a{number}:read")).cloned();
    let number = |count: &str| Some(AttributeValue::N(count.to_owned()));
    let expected = BTreeMap::from([(0, number("2")), (98, number("1")), (99, number("1")), (100, None)]);
    assert_eq!(expected.keys().map(|at| (*at, of(*at))).collect::<BTreeMap<_, _>>(), expected);
}
