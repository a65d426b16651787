//! Changing a token, and what becomes of its slot.

use portcullis::secret::{Digest, Proof};
use portcullis::store::{Change, Changed, Created, Limits, RotationKey};
use portcullis::token::{Alteration, Happened, Record};
use serde_json::json;

use super::events::kinds;
use super::{DAY, LIMITS, Sample, Table, alice, by_whom, clock_at, delete, now, revoke};
use portcullis::token::Actor;

async fn changed(table: &Table, seen: &Record, next: Record) -> Changed {
    let changes = vec![Alteration { field: "name", from: json!("a"), to: json!("b") }];
    let what = Happened::Updated(changes);
    let change = Change { seen, next, what, by: &by_whom(), clock: &clock_at(now()), limits: LIMITS };
    table.tokens.change(&change).await.unwrap()
}

#[tokio::test]
async fn a_change_writes_what_is_different_and_nothing_else() {
    let table = Table::fresh().await;
    let seen = Sample::of(&alice()).in_table(&table).await;
    let before = table.item(&seen.id).await.unwrap();
    let next = Record { description: Some("new".parse().unwrap()), role: None, ..seen.clone() };
    let Changed::Done(done) = changed(&table, &seen, next.clone()).await else { panic!() };
    assert_eq!(*done, Record { version: 2, ..next });
    assert_eq!(table.tokens.get(&seen.id).await.unwrap(), Some(*done));
    let mut expected = before;
    let after = table.item(&seen.id).await.unwrap();
    for group in ["settings", "version"] {
        assert_ne!(after[group], expected[group]);
        expected.insert(group.to_owned(), after[group].clone());
    }
    assert_eq!(after, expected);
}

#[tokio::test]
async fn what_was_read_too_early_changes_nothing_and_leaves_no_event() {
    let table = Table::fresh().await;
    let seen = Sample::of(&alice()).in_table(&table).await;
    let renamed = |name: &str| Record { name: name.parse().unwrap(), ..seen.clone() };
    let Changed::Done(first) = changed(&table, &seen, renamed("first")).await else { panic!() };
    assert_eq!(changed(&table, &seen, renamed("second")).await, Changed::Stale(first.clone()));
    assert_eq!(table.tokens.get(&seen.id).await.unwrap(), Some(*first));
    assert_eq!(kinds(&table, &seen.id).await, ["updated", "created"]);
}

#[tokio::test]
async fn what_is_gone_is_not_changed_and_not_made() {
    let table = Table::fresh().await;
    let seen = Sample::of(&alice()).in_table(&table).await;
    delete(&table.tokens, &seen.id).await.unwrap();
    assert_eq!(changed(&table, &seen, seen.clone()).await, Changed::Gone);
    assert_eq!(table.item(&seen.id).await, None);
    assert_eq!(kinds(&table, &seen.id).await, ["deleted", "created"]);
}

#[tokio::test]
async fn a_slot_moves_with_the_expiry_of_its_token() {
    let table = Table::fresh().await;
    let end = now().to_the_second().plus_seconds(3600);
    let seen = Sample::of(&alice()).until(end).in_table(&table).await;
    let later = end.plus_seconds(DAY);
    changed(&table, &seen, Record { expires_at: Some(later), ..seen.clone() }).await;
    assert_eq!(table.slots(&alice()).await.unwrap()[seen.id.as_str()], later.seconds());
    assert_eq!(table.ttl(&seen.id).await, Some(later.seconds() + 30 * DAY));
}

#[tokio::test]
async fn a_token_comes_back_to_life_only_if_there_is_a_slot_for_it() {
    let table = Table::fresh().await;
    let end = now().to_the_second();
    let expired = Sample::of(&alice()).until(end).in_table(&table).await;
    let mut alive = Vec::new();
    for _ in 0..10 {
        alive.push(Sample::of(&alice()).in_table(&table).await);
    }
    // With another secret, as its own stays dead.
    let seen = table.tokens.credential(&expired.id).await.unwrap().unwrap();
    let next = Record { expires_at: Some(end.plus_seconds(3600)), ..expired.clone() };
    let what = Happened::Rotated { previous_secret_until: None, expires_at: None };
    let (by, clock) = (&by_whom(), &clock_at(now()));
    let revive = async || {
        let change = Change { seen: &expired, next: next.clone(), what: what.clone(), by, clock, limits: LIMITS };
        table.tokens.rotate(&change, &seen, Sample::of(&alice()).digest, None).await.unwrap()
    };
    assert_eq!(revive().await, Changed::LimitReached);
    assert_eq!(table.tokens.get(&expired.id).await.unwrap(), Some(expired.clone()));
    revoke(&table.tokens, &alive[0].id, &Actor::Bootstrap, now(), 30).await.unwrap();
    assert!(matches!(revive().await, Changed::Done(_)));
    assert_eq!(table.slots(&alice()).await.unwrap().len(), 10);
    assert_eq!(Sample::of(&alice()).try_in(&table.tokens).await, Created::LimitReached);
}

#[tokio::test]
async fn a_token_that_was_never_counted_is_changed_without_a_slot() {
    let table = Table::fresh().await;
    let sample = Sample::of(&alice());
    assert_eq!(sample.try_with(&table.tokens, Limits { live_tokens: 0, ..LIMITS }).await, Created::Done);
    let record = table.tokens.get(&sample.record.id).await.unwrap().unwrap();
    let end = Some(now().to_the_second().plus_seconds(3600));
    assert!(matches!(changed(&table, &record, Record { expires_at: end, ..record.clone() }).await, Changed::Done(_)));
    assert_eq!(table.slots(&alice()).await, None);
}

#[tokio::test]
async fn a_rotation_keeps_the_token_and_changes_its_secret() {
    let table = Table::fresh().await;
    let sample = Sample::of(&alice());
    let (old, new) = (sample.digest.clone(), Sample::of(&alice()).digest);
    let record = sample.in_table(&table).await;
    let seen = table.tokens.credential(&record.id).await.unwrap().unwrap();
    let at = now();
    let until = Some(at.to_the_second().plus_seconds(60));
    let next = Record { rotated_at: Some(at.to_the_second()), previous_secret_until: until, ..record.clone() };
    let what = Happened::Rotated { previous_secret_until: until, expires_at: None };
    let change =
        Change { seen: &record, next: next.clone(), what, by: &by_whom(), clock: &clock_at(at), limits: LIMITS };
    let key = RotationKey { digest: Digest::of(b"run-1"), at: at.to_the_second() };
    let done = table.tokens.rotate(&change, &seen, new.clone(), Some(&key)).await.unwrap();
    assert_eq!(done, Changed::Done(Box::new(Record { version: 2, ..next })));
    let after = table.tokens.credential(&record.id).await.unwrap().unwrap();
    assert_eq!(after.rotated_by(&key), Some(key.at));
    let proof = |digest, seconds| after.secrets.proof(digest, at.plus_seconds(seconds));
    assert_eq!([proof(&new, 0), proof(&old, 0), proof(&old, 60)], [Proof::Current, Proof::Superseded, Proof::Ended]);
    assert_eq!(kinds(&table, &record.id).await, ["rotated", "created"]);
}

#[tokio::test]
async fn a_token_that_has_expired_meanwhile_is_not_changed() {
    let table = Table::fresh().await;
    let end = now().to_the_second().plus_seconds(3600);
    let seen = Sample::of(&alice()).until(end).in_table(&table).await;
    let next = Record { expires_at: None, ..seen.clone() };
    let (what, by) = (Happened::Updated(Vec::new()), &by_whom());
    let change = |clock| Change { seen: &seen, next: next.clone(), what: what.clone(), by, clock, limits: LIMITS };
    let (then, before) = (clock_at(end), clock_at(end.plus_seconds(-1)));
    let stale = table.tokens.change(&change(&then)).await.unwrap();
    assert_eq!(stale, Changed::Stale(Box::new(seen.clone())));
    assert_eq!(table.tokens.get(&seen.id).await.unwrap(), Some(seen.clone()));
    let just_before = table.tokens.change(&change(&before)).await.unwrap();
    assert!(matches!(just_before, Changed::Done(_)));
}

#[tokio::test]
async fn a_rotation_with_an_overlap_brings_no_secret_back_that_has_expired_meanwhile() {
    let table = Table::fresh().await;
    let end = now().to_the_second().plus_seconds(3600);
    let sample = Sample::of(&alice()).until(end);
    let old = sample.digest.clone();
    let record = sample.in_table(&table).await;
    let seen = table.tokens.credential(&record.id).await.unwrap().unwrap();
    let later = Some(end.plus_seconds(7200));
    // It was alive when the request came, and is not when it is written.
    let next = Record { expires_at: later, previous_secret_until: later, ..record.clone() };
    let what = Happened::Rotated { previous_secret_until: later, expires_at: None };
    let (by, clock) = (&by_whom(), &clock_at(end));
    let change = Change { seen: &record, next, what, by, clock, limits: LIMITS };
    let rotated = table.tokens.rotate(&change, &seen, Sample::of(&alice()).digest, None).await.unwrap();
    assert_eq!(rotated, Changed::Stale(Box::new(record.clone())));
    let after = table.tokens.credential(&record.id).await.unwrap().unwrap();
    assert_eq!((after.record, after.secrets.proof(&old, end)), (record, Proof::Current));
}
