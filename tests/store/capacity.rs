//! The capacity of each call: the table in `docs/architecture.md` against the units that the engine counts.

use std::collections::BTreeMap;

use portcullis::authz::{DailyCounts, Denial, PermissionUse};
use portcullis::catalog::Catalog;
use portcullis::clock::{Clock, Day};
use portcullis::store::{ActivityFilter, DeferredWrite, Scope, StatusChange, TokenStore, TokenUpdate};
use portcullis::token::{Actor, EventKind, LastUse, RevocationDetails, TokenRecord};
use serde_json::{Value, json};

use super::observed::{Call, Observed};
use super::{LIMITS, Sample, Table, alice, by_whom, caller, now};

/// Requests the consumed capacity of each call.
async fn counted(table: &Table) -> Observed {
    Observed::with(table, |_, request| {
        request["ReturnConsumedCapacity"] = json!("TOTAL");
        Value::Null
    })
    .await
}

/// Read and write units of some calls.
fn units(calls: &[Call]) -> (f64, f64) {
    let of = |call: &Call| {
        let capacity = &call.response["ConsumedCapacity"];
        let each = capacity.as_array().cloned().unwrap_or_else(|| vec![capacity.clone()]);
        each.iter().filter_map(|one| one["CapacityUnits"].as_f64()).sum::<f64>()
    };
    let reads = |call: &&Call| matches!(call.operation.as_str(), "GetItem" | "BatchGetItem" | "Query");
    let (read, written): (Vec<_>, Vec<_>) = calls.iter().partition(reads);
    (read.into_iter().map(of).sum(), written.into_iter().map(of).sum())
}

/// The rows of the table: call, read units and write units.
fn documented() -> BTreeMap<String, (f64, f64)> {
    let page = include_str!("../../docs/architecture.md");
    let (_, rows) = page.split_once("| call | read units | write units |\n| --- | --- | --- |\n").unwrap();
    let rows = rows.lines().take_while(|line| line.starts_with('|')).map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        (cells[0].to_owned(), (cells[1].parse().unwrap(), cells[2].parse().unwrap()))
    });
    rows.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_costs_the_capacity_in_architecture_md() {
    let table = Table::in_process().await;
    let observed = counted(&table).await;
    let tokens: &TokenStore = &observed.tokens;
    let mut measured =
        BTreeMap::from([("check the schema version, once per instance".to_owned(), units(&observed.schema_check))]);
    let mut note = |call: &str| measured.insert(call.to_owned(), units(&observed.take()));
    let (actor, by, clock) = (&Actor::Bootstrap, &by_whom(), &Clock::system());

    let sample = Sample::owned_by(&alice());
    sample.try_in(tokens).await;
    note("create a token");
    let seen = sample.record;
    tokens.credential(&seen.id).await.unwrap();
    note("authorize a request");
    let made = PermissionUse::from_stored("apps:read apps/billing");
    let first = DeferredWrite::last_use(&seen, made.clone(), None, &caller(), now()).unwrap();
    tokens.apply_deferred(&first, clock, LIMITS.history_days).await.unwrap();
    note("write the first use of a token");
    let seen = tokens.get(&seen.id).await.unwrap().unwrap();
    note("show a token");
    let later = now().plus_seconds(90);
    let last_use = DeferredWrite::last_use(&seen, None, None, &caller(), later).unwrap();
    tokens.apply_deferred(&last_use, clock, LIMITS.history_days).await.unwrap();
    note("write the last use, once a minute");
    let recent = tokens.get(&seen.id).await.unwrap().unwrap();
    observed.take();
    let tomorrow = later.plus_seconds(86_400);
    let used = recent.last_used.clone().map(|used| LastUse { at: tomorrow, ..used });
    let recent_then = TokenRecord { last_used: used, ..recent.clone() };
    let usage = DeferredWrite::last_use(&recent_then, made, None, &caller(), tomorrow).unwrap();
    tokens.apply_deferred(&usage, clock, LIMITS.history_days).await.unwrap();
    note("write a use, the first in a day");
    let counted = |count| {
        let counts = [("apps:read".parse().unwrap(), count)].into();
        let counts = DailyCounts { day: Day::from_timestamp(later), counts };
        DeferredWrite::last_use(&recent, None, Some(counts), &caller(), later).unwrap()
    };
    tokens.apply_deferred(&counted(1), clock, LIMITS.history_days).await.unwrap();
    note("write counts, the first of a token in a day");
    tokens.apply_deferred(&counted(2), clock, LIMITS.history_days).await.unwrap();
    note("write counts");
    let denial = Denial::from_stored("apps:write", "apps/billing", "permission_missing", now()).unwrap();
    tokens.apply_deferred(&DeferredWrite::denial(&seen.id, denial), clock, LIMITS.history_days).await.unwrap();
    note("write a denial");
    tokens.usage(&seen.id).await.unwrap();
    tokens.daily_counts(&seen.id, Day::from_timestamp(later)).await.unwrap();
    note("show a token's usage");
    let next = TokenRecord { name: "renamed".parse().unwrap(), ..recent.clone() };
    let what = EventKind::Updated(Vec::new());
    let change = TokenUpdate { seen: &recent, next, what, by, clock, limits: LIMITS };
    tokens.update(&change).await.unwrap();
    note("change a token");
    tokens.events(&seen.id, None, 50).await.unwrap();
    note("show a token's history of three events");
    let change = StatusChange { seen: &recent, actor, by, clock, limits: LIMITS };
    tokens.revoke(&change, &RevocationDetails::default()).await.unwrap();
    note("revoke or disable a token");
    for _ in 0..9 {
        Sample::owned_by(&alice()).in_table(&table).await;
    }
    observed.take();
    tokens.list(&super::list::all_of(Scope::Owner(alice()))).await.unwrap();
    note("list ten tokens");
    let filter = ActivityFilter {
        from: now().plus_seconds(-60),
        to: now(),
        kind: None,
        actor: None,
        owner: None,
        after: None,
        limit: 10,
    };
    tokens.activity(&filter).await.unwrap();
    note("list ten events of the activity");
    let seen = tokens.get(&seen.id).await.unwrap().unwrap();
    observed.take();
    tokens.delete(&StatusChange { seen: &seen, ..change }).await.unwrap();
    note("delete a token");
    for seen in 0..10 {
        observed.take();
        tokens.put_catalog(Catalog::default_catalog(), seen, actor, now()).await.unwrap();
    }
    note("replace the catalog");
    tokens.catalog().await.unwrap();
    note("read the catalog");
    tokens.catalog_versions(None, 10).await.unwrap();
    note("list ten versions of the catalog");
    assert_eq!(measured, documented());
}
