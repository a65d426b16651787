//! A token's recent denials.

use portcullis::authz::{Denial, MAX_DENIALS, PermissionUse};
use portcullis::clock::{Day, Timestamp};
use portcullis::secret::TokenId;
use portcullis::store::{DeferredWrite, TokenStore};
use tokio::task::JoinSet;

use super::{DAY, LIMITS, Sample, Table, alice, clock_at, now, used_at};

fn denial(resource: &str, at: Timestamp) -> Denial {
    Denial::from_stored("apps:write", resource, "permission_missing", at.truncated_to_seconds()).unwrap()
}

/// Records the denial of a request.
async fn denied_at(tokens: &TokenStore, id: &TokenId, resource: &str, at: Timestamp) {
    let note = DeferredWrite::denial(id, denial(resource, at));
    tokens.apply_deferred(&note, &clock_at(at), LIMITS.history_days).await.unwrap();
}

/// The resources of the stored denials, newest first.
async fn resources(table: &Table, id: &TokenId) -> Vec<String> {
    let usage = table.tokens.usage(id).await.unwrap().unwrap();
    usage.denials.into_iter().map(|denial| denial.resource.to_string()).collect()
}

#[tokio::test]
async fn a_denial_is_stored_with_what_was_missing_and_when() {
    let table = Table::fresh().await;
    let id = Sample::owned_by(&alice()).in_table(&table).await.id;
    assert_eq!(resources(&table, &id).await, [""; 0]);
    let long = "ü".repeat(256);
    let start = now();
    for (resource, after) in [("apps/payroll", 0), (&*long, 2), ("apps/shop", 1)] {
        denied_at(&table.tokens, &id, resource, start.plus_seconds(after)).await;
    }
    let at = |seconds| start.plus_seconds(seconds);
    let newest_first = [denial(&long, at(2)), denial("apps/shop", at(1)), denial("apps/payroll", at(0))];
    assert_eq!(table.tokens.usage(&id).await.unwrap().unwrap().denials, newest_first);
}

#[tokio::test]
async fn a_repeated_denial_moves_its_time_forward_and_never_back() {
    let table = Table::fresh().await;
    let id = Sample::owned_by(&alice()).in_table(&table).await.id;
    let start = now().truncated_to_seconds();
    for (at, expected) in [(0, 0), (600, 600), (300, 600)] {
        denied_at(&table.tokens, &id, "apps/payroll", start.plus_seconds(at)).await;
        let denials = table.tokens.usage(&id).await.unwrap().unwrap().denials;
        assert_eq!(denials, [denial("apps/payroll", start.plus_seconds(expected))]);
    }
    let ttl = table.usage_item(&id).await.unwrap()["ttl"].as_n().unwrap().parse::<i64>().unwrap();
    assert_eq!(ttl, start.seconds() + 600 + 400 * DAY);
}

#[tokio::test]
async fn the_ten_newest_denials_are_stored() {
    let table = Table::fresh().await;
    let id = Sample::owned_by(&alice()).in_table(&table).await.id;
    let start = now();
    for app in 0..13 {
        denied_at(&table.tokens, &id, &format!("apps/{app}"), start.plus_seconds(app)).await;
    }
    let newest: Vec<_> = (3..13).rev().map(|app| format!("apps/{app}")).collect();
    assert_eq!(resources(&table, &id).await, newest);
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_denials_never_exceed_ten() {
    let table = Table::fresh().await;
    let id = Sample::owned_by(&alice()).in_table(&table).await.id;
    let start = now();
    let mut racing = JoinSet::new();
    for racer in 0..10 {
        let (tokens, id) = (table.another_client(), id.clone());
        racing.spawn(async move {
            for at in 0..10 {
                denied_at(&tokens, &id, &format!("apps/{racer}-{at}"), start.plus_seconds(at)).await;
            }
        });
    }
    racing.join_all().await;
    let stored = table.usage_item(&id).await.unwrap()["denials"].as_m().unwrap().len();
    assert_eq!((stored, resources(&table, &id).await.len()), (MAX_DENIALS, MAX_DENIALS));
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_first_denials_are_all_stored() {
    let table = Table::fresh().await;
    for _ in 0..10 {
        let id = Sample::owned_by(&alice()).in_table(&table).await.id;
        let mut racing = JoinSet::new();
        for racer in 0..2 {
            let (tokens, id) = (table.another_client(), id.clone());
            racing.spawn(async move { denied_at(&tokens, &id, &format!("apps/{racer}"), now()).await });
        }
        racing.join_all().await;
        assert_eq!(resources(&table, &id).await.len(), 2);
    }
}

#[tokio::test]
async fn denials_and_uses_are_stored_together_in_either_order() {
    let table = Table::fresh().await;
    let (read, start) = ("apps:read apps/billing", now());
    for denied_first in [true, false] {
        let id = Sample::owned_by(&alice()).in_table(&table).await.id;
        if denied_first {
            denied_at(&table.tokens, &id, "apps/payroll", start).await;
        }
        used_at(&table.tokens, &id, start, Some(read)).await;
        // An earlier release wrote uses without denials.
        denied_at(&table.tokens, &id, "apps/shop", start.plus_seconds(1)).await;
        let usage = table.tokens.usage(&id).await.unwrap().unwrap();
        assert_eq!(usage.uses.last(&PermissionUse::from_stored(read).unwrap()), Some(Day::from_timestamp(start)));
        assert_eq!(usage.denials.len(), if denied_first { 2 } else { 1 });
    }
}
