//! A token's history.

use portcullis::clock::Clock;
use portcullis::store::{Change, Changed, EventCursor, Note};
use portcullis::token::{Actor, Event, Grounds, Happened, Record, TokenId, WhyDisabled};

use super::{DAY, LIMITS, Sample, Table, alice, by_whom, caller, now, revoke};

/// What happened to a token, newest first.
pub(super) async fn kinds(table: &Table, id: &TokenId) -> Vec<String> {
    all(table, id).await.into_iter().map(|event| event.kind).collect()
}

async fn all(table: &Table, id: &TokenId) -> Vec<Event> {
    let page = table.tokens.events(id, None, 1000).await.unwrap();
    assert_eq!(page.next, None);
    page.events
}

/// Renames a token so many times; an event each.
async fn renamed(table: &Table, record: Record, times: usize) -> Record {
    let mut seen = record;
    for at in 0..times {
        let next = Record { name: format!("name {at}").parse().unwrap(), ..seen.clone() };
        let what = Happened::Updated(Vec::new());
        let change = Change { seen: &seen, next, what, by: &by_whom(), now: now(), limits: LIMITS };
        seen = match table.tokens.change(&change).await.unwrap() {
            Changed::Done(record) => *record,
            other => panic!("{other:?}"),
        };
    }
    seen
}

#[tokio::test]
async fn an_event_tells_what_when_who_and_from_where() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    let [made] = &all(&table, &record.id).await[..] else { panic!() };
    assert_eq!((made.kind.as_str(), made.at, &made.by), ("created", record.created_at, &by_whom()));
    let at = now();
    let grounds = Grounds { reason: Some("leaked".parse().unwrap()), comment: Some("in a log".parse().unwrap()) };
    let clock = Clock::from_fn(move || at);
    table.tokens.revoke(&record.id, &Actor::Bootstrap, &by_whom(), &grounds, &clock, LIMITS).await.unwrap();
    let last = &all(&table, &record.id).await[0];
    assert_eq!((last.kind.as_str(), last.at), ("revoked", at));
    assert_eq!(last.detail, serde_json::json!({"reason": "leaked", "comment": "in a log"}));
}

#[tokio::test]
async fn the_pages_of_a_history_are_newest_first_and_show_each_event_once() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
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

async fn ttls(table: &Table, id: &TokenId) -> Vec<Option<i64>> {
    let mut ttls = Vec::new();
    for event in all(table, id).await {
        ttls.push(table.event_ttl(id, &event.id).await);
    }
    ttls
}

#[tokio::test]
async fn a_history_is_kept_as_long_as_its_record_however_long_it_is() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    // More than one transaction can hold.
    let record = renamed(&table, record, 120).await;
    assert!(ttls(&table, &record.id).await.iter().all(Option::is_none));
    let at = now();
    revoke(&table.tokens, &record.id, &Actor::Bootstrap, at, 30).await.unwrap();
    let ttl = table.ttl(&record.id).await;
    assert_eq!(ttl, Some(at.seconds() + 30 * DAY));
    let all = ttls(&table, &record.id).await;
    assert_eq!(all.len(), 122);
    assert!(all.iter().all(|of_event| *of_event == ttl));
}

#[tokio::test]
async fn a_token_that_lives_for_ever_again_keeps_its_history_for_ever() {
    let table = Table::fresh().await;
    let end = now().to_the_second().plus_seconds(3600);
    let seen = Sample::of(&alice()).until(end).in_table(&table).await;
    assert_eq!(ttls(&table, &seen.id).await, [Some(end.seconds() + 30 * DAY)]);
    let next = Record { expires_at: None, ..seen.clone() };
    let what = Happened::Updated(Vec::new());
    table.tokens.change(&Change { seen: &seen, next, what, by: &by_whom(), now: now(), limits: LIMITS }).await.unwrap();
    assert_eq!(ttls(&table, &seen.id).await, [None, None]);
    assert_eq!(table.ttl(&seen.id).await, None);
    assert_eq!(table.slots(&alice()).await.unwrap()[seen.id.as_str()], 0, "the slot has the expiry of the token");
}

#[tokio::test]
async fn a_deleted_token_has_no_history_left_however_long_it_was() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    let record = renamed(&table, record, 120).await;
    assert!(table.tokens.delete(&record.id).await.unwrap());
    assert_eq!(kinds(&table, &record.id).await, [""; 0]);
    assert_eq!(table.item(&record.id).await, None);
}

#[tokio::test]
async fn a_reuse_is_told_once_an_hour_and_disables_where_it_is_to() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    let (first, id) = (now(), &record.id);
    let reuse = async |quarantine, at| {
        let credential = table.tokens.credential(id).await.unwrap().unwrap();
        let note = Note::of_reuse(&credential, quarantine, &caller(), at);
        if let Some(note) = &note {
            table.tokens.note(note).await.unwrap();
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
    assert_eq!((disablement.why, disablement.by), (WhyDisabled::SecretReuse, None));
    assert!(!reuse(true, first.plus_seconds(3600)).await, "it is disabled");
    assert!(reuse(true, first.plus_seconds(3600 + 3599)).await, "an hour is over");
    assert_eq!(kinds(&table, id).await, ["secret_reuse", "secret_reuse", "secret_reuse", "created"]);
}
