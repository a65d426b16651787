//! Revoking all tokens of an owner.

use portcullis::clock::{Clock, Timestamp};
use portcullis::store::{Limits, OwnerCursor, OwnerRevocation, OwnerRevokeOutcome, TokenStore};
use portcullis::token::{Actor, RevocationDetails, TokenRecord};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::fault_injection::{Behind, Fault, INTERNAL};
use super::observed::Observed;
use super::{LIMITS, Sample, Table, alice, bob, by_whom, now};

const NO_LIMIT: Limits = Limits { live_tokens: 0, ..LIMITS };

async fn revoke_all(
    tokens: &TokenStore,
    actor: &Actor,
    clock: &Clock,
    until: Timestamp,
    after: Option<OwnerCursor>,
) -> OwnerRevokeOutcome {
    let (owner, by, grounds) = (&alice(), &by_whom(), &RevocationDetails::default());
    let revocation = OwnerRevocation { owner, actor, by, grounds, clock, limits: LIMITS, until, after };
    tokens.revoke_all(&revocation).await.unwrap()
}

async fn at_once(tokens: &TokenStore, actor: &Actor) -> OwnerRevokeOutcome {
    revoke_all(tokens, actor, &Clock::system(), now().plus_seconds(600), None).await
}

async fn is_revoked(table: &Table, record: &TokenRecord) -> bool {
    table.tokens.get(&record.id).await.unwrap().unwrap().revoked.is_some()
}

async fn several(table: &Table, count: usize, limits: Limits) -> Vec<TokenRecord> {
    let mut made = Vec::new();
    for at in 0..count {
        let at = Timestamp::from_millis(now().millis() - i64::try_from(count - at).unwrap());
        let sample = Sample::owned_by(&alice()).made_at(at);
        sample.try_with(&table.tokens, limits).await;
        made.push(sample.record);
    }
    made
}

#[tokio::test]
async fn all_tokens_of_one_owner_are_revoked_and_no_others() {
    let table = Table::fresh().await;
    let counted = several(&table, 5, LIMITS).await;
    let uncounted = several(&table, 5, NO_LIMIT).await;
    let other = Sample::owned_by(&bob()).in_table(&table).await;
    // The index shows tokens without a slot soon.
    for _ in 0..200 {
        at_once(&table.tokens, &Actor::Bootstrap).await;
        if is_revoked(&table, &uncounted[4]).await {
            break;
        }
    }
    for record in counted.iter().chain(&uncounted) {
        assert!(is_revoked(&table, record).await);
    }
    assert!(!is_revoked(&table, &other).await);
    let none = OwnerRevokeOutcome { done: true, ..OwnerRevokeOutcome::default() };
    assert_eq!(at_once(&table.tokens, &Actor::Bootstrap).await, none);
}

#[tokio::test(flavor = "multi_thread")]
async fn active_tokens_are_revoked_before_inactive_ones() {
    let table = Table::in_process().await;
    for record in several(&table, 300, NO_LIMIT).await {
        super::revoke(&table.tokens, &record.id, &Actor::Bootstrap, now(), 30).await.unwrap();
    }
    let alive = Sample::owned_by(&alice()).in_table(&table).await;
    let observed = Observed::new(&table).await;
    at_once(&observed.tokens, &Actor::Bootstrap).await;
    let operations = observed.operations();
    assert_eq!(operations[..3], ["GetItem", "BatchGetItem", "TransactWriteItems"]);
    assert!(is_revoked(&table, &alive).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_tokens_are_revoked_last() {
    let table = Table::in_process().await;
    let end = now().truncated_to_seconds();
    let mut expired = Vec::new();
    for _ in 0..3 {
        let sample = Sample::owned_by(&alice()).until(end);
        sample.try_with(&table.tokens, NO_LIMIT).await;
        expired.push(sample.record.id.to_string());
    }
    let alive = Sample::owned_by(&alice()).made_at(end.plus_seconds(-60));
    alive.try_with(&table.tokens, NO_LIMIT).await;
    let observed = Observed::new(&table).await;
    assert_eq!(at_once(&observed.tokens, &Actor::Bootstrap).await.revoked, 4);
    let written = observed.take().into_iter().filter(|call| call.operation == "TransactWriteItems");
    let first = written.map(|call| call.request.to_string()).next().unwrap();
    assert!(first.contains(alive.record.id.as_str()) && !expired.iter().any(|id| first.contains(id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_revocation_is_named_and_does_not_stop_the_others() {
    let table = Table::in_process().await;
    let made = several(&table, 6, LIMITS).await;
    let refused = Fault {
        operation: "TransactWriteItems",
        times: 1,
        body: r#"{"__type":"com.amazon.coral.validate#ValidationException","message":"no"}"#,
        ..INTERNAL
    };
    let behind = Behind::new(&table, Fault { status: 400, ..refused }).await;
    let own = Actor::Token(made[0].id.clone());
    let outcome = at_once(&behind.tokens, &own).await;
    assert_eq!((outcome.failed.len(), outcome.revoked, &outcome.next, outcome.done), (1, 4, &None, false));
    assert!(!is_revoked(&table, &made[0]).await, "the caller's own comes last, and only if all others are");
    let again = at_once(&table.tokens, &own).await;
    assert_eq!((again.failed.len(), again.revoked, again.done), (0, 2, true));
    for record in &made {
        assert!(is_revoked(&table, record).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_runs_out_of_time_returns_a_cursor() {
    let table = Table::in_process().await;
    let made = several(&table, 250, NO_LIMIT).await;
    let begun = now();
    let (mut after, mut revoked, mut calls) = (None, 0, 0);
    loop {
        // A clock that advances by a second on each reading.
        let asked = Arc::new(AtomicI64::new(0));
        let clock = Clock::from_fn(move || begun.plus_seconds(asked.fetch_add(1, Ordering::SeqCst)));
        let outcome = revoke_all(&table.tokens, &Actor::Bootstrap, &clock, begun.plus_seconds(700), after).await;
        revoked += outcome.revoked;
        calls += 1;
        let Some(next) = outcome.next else { break };
        after = Some(OwnerCursor::decode(&next.encode(&alice()), &alice()).unwrap());
        assert!(OwnerCursor::decode(&next.encode(&alice()), &bob()).is_err(), "the cursor of another owner");
        assert!(calls < 50, "it goes on");
    }
    assert!(calls > 1 && revoked == 250, "{revoked} in {calls} calls");
    assert!(is_revoked(&table, &made[0]).await && is_revoked(&table, &made[249]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_reported_by_the_calls_that_continue() {
    let table = Table::in_process().await;
    let made = several(&table, 150, NO_LIMIT).await;
    let refused = Fault {
        operation: "TransactWriteItems",
        times: 1,
        status: 400,
        body: r#"{"__type":"com.amazon.coral.validate#ValidationException","message":"no"}"#,
        ..INTERNAL
    };
    let behind = Behind::new(&table, refused).await;
    let own = Actor::Token(made[0].id.clone());
    // It stops after one second of its clock, which advances on each reading.
    let begun = now();
    let (mut after, mut done, mut failed, mut revoked) = (None, false, 0, 0);
    for call in 0.. {
        let asked = Arc::new(AtomicI64::new(0));
        let clock = Clock::from_fn(move || begun.plus_seconds(asked.fetch_add(1, Ordering::SeqCst)));
        let outcome = revoke_all(&behind.tokens, &own, &clock, begun.plus_seconds(400), after).await;
        (failed, revoked, done) = (failed + outcome.failed.len(), revoked + outcome.revoked, outcome.done);
        after = outcome.next;
        assert!(call < 50, "it goes on");
        if after.is_none() {
            break;
        }
        assert!(!done);
    }
    assert_eq!((failed, done), (1, false));
    assert!(!is_revoked(&table, &made[0]).await, "the caller's own comes last");
    // The second pass retried it in another call, and all others are revoked.
    assert_eq!(revoked, 149);
    assert!(at_once(&table.tokens, &own).await.done && is_revoked(&table, &made[0]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn unprocessed_keys_are_requested_again() {
    let table = Table::in_process().await;
    let made = several(&table, 30, NO_LIMIT).await;
    // It processes three keys of each call and returns the others.
    let observed = Observed::with(&table, |operation, request| {
        if operation != "BatchGetItem" {
            return Value::Null;
        }
        let (name, asked) = request["RequestItems"].as_object_mut().unwrap().iter_mut().next().unwrap();
        let keys = asked["Keys"].as_array_mut().unwrap();
        let left = keys.split_off(keys.len().min(3));
        if left.is_empty() {
            return Value::Null;
        }
        let mut rest = asked.clone();
        rest["Keys"] = Value::from(left);
        serde_json::json!({ "UnprocessedKeys": { name.clone(): rest } })
    })
    .await;
    let filter = super::list::all_of(portcullis::store::Scope::Owner(alice()));
    let found = observed.tokens.list(&filter).await.unwrap().tokens;
    let expected: Vec<_> = made.iter().rev().map(|record| record.id.clone()).collect();
    assert_eq!(found.into_iter().map(|record| record.id).collect::<Vec<_>>(), expected);
    assert_eq!(observed.operations().iter().filter(|operation| *operation == "BatchGetItem").count(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_deleted_during_the_read_is_left_out() {
    let table = Table::in_process().await;
    let made = several(&table, 3, NO_LIMIT).await;
    let gone = made[1].id.to_string();
    // As if it were deleted between the two reads.
    let observed = Observed::with(&table, move |operation, request| {
        if operation == "BatchGetItem" {
            let (_, asked) = request["RequestItems"].as_object_mut().unwrap().iter_mut().next().unwrap();
            asked["Keys"].as_array_mut().unwrap().retain(|key| !key.to_string().contains(&gone));
        }
        Value::Null
    })
    .await;
    let filter = super::list::all_of(portcullis::store::Scope::Everyone);
    let found = observed.tokens.list(&filter).await.unwrap().tokens;
    assert_eq!(found.into_iter().map(|record| record.id).collect::<Vec<_>>(), [made[2].id.clone(), made[0].id.clone()]);
}
