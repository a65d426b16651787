//! Events of a token.

use portcullis::secret::TokenId;
use portcullis::store::{DeferredWrite, EventCursor, StatusChange, TokenUpdate, UpdateOutcome};
use portcullis::token::{Actor, DisableReason, Event, EventKind, FieldChange, RevocationDetails, TokenRecord};

use super::{DAY, LIMITS, Sample, Table, alice, by_whom, caller, clock_at, delete, now, revoke};

/// A token's events, newest first.
pub(super) async fn kinds(table: &Table, id: &TokenId) -> Vec<String> {
    all(table, id).await.into_iter().map(|event| event.kind).collect()
}

async fn all(table: &Table, id: &TokenId) -> Vec<Event> {
    let page = table.tokens.events(id, None, 1000).await.unwrap();
    assert_eq!(page.next, None);
    page.events
}

/// Renames a token `times` times; each is an event.
async fn renamed(table: &Table, record: TokenRecord, times: usize) -> TokenRecord {
    let mut seen = record;
    for at in 0..times {
        let next = TokenRecord { name: format!("name {at}").parse().unwrap(), ..seen.clone() };
        let what = EventKind::Updated(Vec::new());
        let change = TokenUpdate { seen: &seen, next, what, by: &by_whom(), clock: &clock_at(now()), limits: LIMITS };
        seen = match table.tokens.update(&change).await.unwrap() {
            UpdateOutcome::Done(record) => *record,
            other => panic!("{other:?}"),
        };
    }
    seen
}

#[tokio::test]
async fn an_event_has_its_kind_time_actor_and_source() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let [made] = &all(&table, &record.id).await[..] else { panic!() };
    assert_eq!((made.kind.as_str(), made.at, &made.by), ("created", record.created_at, &by_whom()));
    let at = now();
    let grounds =
        RevocationDetails { reason: Some("leaked".parse().unwrap()), comment: Some("in a log".parse().unwrap()) };
    let (actor, by, clock) = (&Actor::Bootstrap, &by_whom(), &clock_at(at));
    let change = StatusChange { seen: &record, actor, by, clock, limits: LIMITS };
    table.tokens.revoke(&change, &grounds).await.unwrap();
    let last = &all(&table, &record.id).await[0];
    assert_eq!((last.kind.as_str(), last.at), ("revoked", at));
    assert_eq!(last.detail, serde_json::json!({"reason": "leaked", "comment": "in a log"}));
}

#[tokio::test]
async fn events_are_paged_newest_first_and_each_is_shown_once() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let record = renamed(&table, record, 6).await;
    let whole = all(&table, &record.id).await;
    assert_eq!(whole.len(), 7);
    assert_eq!(whole[6].kind, "created");
    for limit in [1, 2, 6, 7, 8] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = table.tokens.events(&record.id, after.as_ref(), limit).await.unwrap();
            assert!((1..=limit).contains(&page.events.len()));
            found.extend(page.events);
            let Some(next) = page.next else { break };
            after = Some(EventCursor::decode(&next.encode(&record.id), &record.id).unwrap());
        }
        assert_eq!(found, whole, "pages of {limit}");
    }
    let other: TokenId = "0123456789abcdef".parse().unwrap();
    let place = table.tokens.events(&record.id, None, 1).await.unwrap().next.unwrap().encode(&other);
    assert!(EventCursor::decode(&place, &record.id).is_err(), "the cursor of another token");
}

async fn ttls(table: &Table, id: &TokenId) -> Vec<(i64, Option<i64>)> {
    let mut ttls = Vec::new();
    for event in all(table, id).await {
        ttls.push((event.at.seconds(), table.event_ttl(id, &event.id).await));
    }
    ttls
}

#[tokio::test]
async fn an_event_is_kept_for_the_history_days_and_never_rewritten() {
    let table = Table::fresh().await;
    let end = now().truncated_to_seconds().plus_seconds(3600);
    let record = Sample::owned_by(&alice()).until(end).in_table(&table).await;
    let record = renamed(&table, record, 3).await;
    let before = all(&table, &record.id).await;
    let items = async || table.event_items(&record.id).await;
    let written = items().await;
    // Independently of the record's own TTL.
    let next = TokenRecord { expires_at: None, ..record.clone() };
    let (what, by) = (EventKind::Updated(Vec::new()), &by_whom());
    let change = TokenUpdate { seen: &record, next, what, by, clock: &clock_at(now()), limits: LIMITS };
    assert!(matches!(table.tokens.update(&change).await.unwrap(), UpdateOutcome::Done(_)));
    revoke(&table.tokens, &record.id, &Actor::Bootstrap, now(), 7).await.unwrap();
    let all = all(&table, &record.id).await;
    assert_eq!(all[2..], before);
    assert!(ttls(&table, &record.id).await.iter().all(|(at, ttl)| *ttl == Some(at + 400 * DAY)));
    let after = items().await;
    assert!(written.iter().all(|item| after.contains(item)), "an event was written again");
}

#[tokio::test]
async fn the_events_of_a_deleted_token_keep_their_own_ttl() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    assert!(delete(&table.tokens, &record.id).await.unwrap());
    assert_eq!(table.item(&record.id).await, None);
    assert_eq!(kinds(&table, &record.id).await, ["deleted", "created"]);
}

#[tokio::test]
async fn a_reuse_is_one_event_an_hour_and_disables_if_configured() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let (first, id) = (now(), &record.id);
    let reuse = async |quarantine, at| {
        let credential = table.tokens.credential(id).await.unwrap().unwrap();
        let note = DeferredWrite::secret_reuse(&credential, quarantine, &caller(), at);
        if let Some(note) = &note {
            table.tokens.apply_deferred(note, &clock_at(at), LIMITS.history_days).await.unwrap();
        }
        note.is_some()
    };
    assert!(reuse(false, first).await);
    assert!(!reuse(false, first.plus_seconds(3599)).await);
    assert_eq!(kinds(&table, id).await, ["secret_reuse", "created"]);
    assert_eq!(table.tokens.get(id).await.unwrap().unwrap(), record);
    assert!(reuse(true, first.plus_seconds(3599)).await, "there is something to be done");
    let disabled = table.tokens.get(id).await.unwrap().unwrap();
    assert_eq!(disabled.version, record.version + 1);
    let disablement = disabled.disabled.unwrap();
    assert_eq!((disablement.why, disablement.by), (DisableReason::SecretReuse, None));
    assert!(!reuse(true, first.plus_seconds(3600)).await, "it is disabled");
    assert!(reuse(true, first.plus_seconds(3600 + 3599)).await, "an hour is over");
    assert_eq!(kinds(&table, id).await, ["secret_reuse", "secret_reuse", "secret_reuse", "created"]);
}

#[tokio::test]
async fn a_late_reuse_changes_no_revoked_and_no_deleted_token() {
    let table = Table::fresh().await;
    for quarantine in [false, true] {
        let record = Sample::owned_by(&alice()).in_table(&table).await;
        let credential = table.tokens.credential(&record.id).await.unwrap().unwrap();
        let note = DeferredWrite::secret_reuse(&credential, quarantine, &caller(), now()).unwrap();
        let apply = async || table.tokens.apply_deferred(&note, &clock_at(now()), LIMITS.history_days).await.unwrap();
        let revoked = revoke(&table.tokens, &record.id, &Actor::Bootstrap, now(), 30).await.unwrap().unwrap();
        apply().await;
        assert_eq!(table.tokens.get(&record.id).await.unwrap(), Some(revoked), "quarantine: {quarantine}");
        delete(&table.tokens, &record.id).await.unwrap();
        apply().await;
        assert_eq!(table.item(&record.id).await, None, "quarantine: {quarantine}");
    }
}

#[tokio::test]
async fn a_reuse_that_two_instances_see_is_one_event_and_one_disablement() {
    let table = Table::fresh().await;
    for quarantine in [false, true] {
        let record = Sample::owned_by(&alice()).in_table(&table).await;
        let credential = table.tokens.credential(&record.id).await.unwrap().unwrap();
        let note = DeferredWrite::secret_reuse(&credential, quarantine, &caller(), now()).unwrap();
        for _ in 0..2 {
            table.tokens.apply_deferred(&note, &clock_at(now()), LIMITS.history_days).await.unwrap();
        }
        assert_eq!(kinds(&table, &record.id).await, ["secret_reuse", "created"], "quarantine: {quarantine}");
        let version = table.tokens.get(&record.id).await.unwrap().unwrap().version;
        assert_eq!(version, record.version + u64::from(quarantine));
    }
}

#[tokio::test]
async fn a_page_that_dynamodb_cuts_at_1_mb_has_a_cursor() {
    let table = Table::in_process().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let mut seen = record.clone();
    for at in 0..8 {
        let next = TokenRecord { name: format!("name {at}").parse().unwrap(), ..seen.clone() };
        let changes = vec![FieldChange { field: "name", from: "x".repeat(200_000).into(), to: "".into() }];
        let (what, by) = (EventKind::Updated(changes), &by_whom());
        let change = TokenUpdate { seen: &seen, next, what, by, clock: &clock_at(now()), limits: LIMITS };
        let UpdateOutcome::Done(done) = table.tokens.update(&change).await.unwrap() else { panic!() };
        seen = *done;
    }
    let (mut found, mut after, mut pages) = (0, None, 0);
    loop {
        let page = table.tokens.events(&record.id, after.as_ref(), 100).await.unwrap();
        (found, pages) = (found + page.events.len(), pages + 1);
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    assert_eq!(found, 9);
    assert!(pages > 1, "all of it fitted into one page");
}
