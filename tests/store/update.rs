//! Updating a token and its slot.

use portcullis::secret::{SecretMatch, TokenDigest};
use portcullis::store::{CreateOutcome, Limits, RotationKey, StatusChange, TokenUpdate, UpdateOutcome};
use portcullis::token::{Actor, DisableReason, EventKind, FieldChange, TokenRecord};
use serde_json::json;

use super::events::kinds;
use super::{DAY, LIMITS, Sample, Table, alice, by_whom, clock_at, delete, now, revoke};

async fn changed(table: &Table, seen: &TokenRecord, next: TokenRecord) -> UpdateOutcome {
    let changes = vec![FieldChange { field: "name", from: json!("a"), to: json!("b") }];
    let what = EventKind::Updated(changes);
    let change = TokenUpdate { seen, next, what, by: &by_whom(), clock: &clock_at(now()), limits: LIMITS };
    table.tokens.update(&change).await.unwrap()
}

#[tokio::test]
async fn an_update_writes_only_the_differences() {
    let table = Table::fresh().await;
    let seen = Sample::owned_by(&alice()).in_table(&table).await;
    let before = table.item(&seen.id).await.unwrap();
    let next = TokenRecord { description: Some("new".parse().unwrap()), role: None, ..seen.clone() };
    let UpdateOutcome::Done(done) = changed(&table, &seen, next.clone()).await else { panic!() };
    assert_eq!(*done, TokenRecord { version: 2, ..next });
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
async fn an_update_of_a_stale_version_writes_nothing() {
    let table = Table::fresh().await;
    let seen = Sample::owned_by(&alice()).in_table(&table).await;
    let renamed = |name: &str| TokenRecord { name: name.parse().unwrap(), ..seen.clone() };
    let UpdateOutcome::Done(first) = changed(&table, &seen, renamed("first")).await else { panic!() };
    assert_eq!(changed(&table, &seen, renamed("second")).await, UpdateOutcome::Stale(first.clone()));
    assert_eq!(table.tokens.get(&seen.id).await.unwrap(), Some(*first));
    assert_eq!(kinds(&table, &seen.id).await, ["updated", "created"]);
}

#[tokio::test]
async fn an_update_does_not_restore_a_deleted_token() {
    let table = Table::fresh().await;
    let seen = Sample::owned_by(&alice()).in_table(&table).await;
    delete(&table.tokens, &seen.id).await.unwrap();
    assert_eq!(changed(&table, &seen, seen.clone()).await, UpdateOutcome::Gone);
    assert_eq!(table.item(&seen.id).await, None);
    assert_eq!(kinds(&table, &seen.id).await, ["deleted", "created"]);
}

/// Disables a token as it was seen, and only in this version if there is one.
async fn disabled(table: &Table, seen: &TokenRecord, version: Option<u64>) -> UpdateOutcome {
    let (actor, by, clock) = (&Actor::Bootstrap, &by_whom(), &clock_at(now()));
    let change = StatusChange { seen, actor, by, clock, limits: LIMITS };
    table.tokens.disable(&change, DisableReason::Admin, version).await.unwrap()
}

#[tokio::test]
async fn a_disablement_does_not_restore_a_deleted_token() {
    let table = Table::fresh().await;
    let seen = Sample::owned_by(&alice()).in_table(&table).await;
    delete(&table.tokens, &seen.id).await.unwrap();
    assert_eq!(disabled(&table, &seen, None).await, UpdateOutcome::Gone);
    assert_eq!(table.item(&seen.id).await, None);
}

#[tokio::test]
async fn a_disablement_of_one_version_leaves_a_later_one_enabled() {
    let table = Table::fresh().await;
    let seen = Sample::owned_by(&alice()).in_table(&table).await;
    let next = TokenRecord { name: "later".parse().unwrap(), ..seen.clone() };
    changed(&table, &seen, next).await;
    let later = table.tokens.get(&seen.id).await.unwrap().unwrap();
    assert_eq!(disabled(&table, &seen, Some(seen.version)).await, UpdateOutcome::Stale(Box::new(later.clone())));
    assert_eq!(table.tokens.get(&seen.id).await.unwrap(), Some(later.clone()));
    assert!(matches!(disabled(&table, &later, Some(later.version)).await, UpdateOutcome::Done(_)));
}

#[tokio::test]
async fn a_slot_follows_the_expiry_of_its_token() {
    let table = Table::fresh().await;
    let end = now().truncated_to_seconds().plus_seconds(3600);
    let seen = Sample::owned_by(&alice()).until(end).in_table(&table).await;
    let later = end.plus_seconds(DAY);
    changed(&table, &seen, TokenRecord { expires_at: Some(later), ..seen.clone() }).await;
    assert_eq!(table.slots(&alice()).await.unwrap()[seen.id.as_str()], later.seconds());
    assert_eq!(table.ttl(&seen.id).await, Some(later.seconds() + 30 * DAY));
}

#[tokio::test]
async fn an_expired_token_is_renewed_only_if_a_slot_is_free() {
    let table = Table::fresh().await;
    let end = now().truncated_to_seconds();
    let expired = Sample::owned_by(&alice()).until(end).in_table(&table).await;
    let mut alive = Vec::new();
    for _ in 0..10 {
        alive.push(Sample::owned_by(&alice()).in_table(&table).await);
    }
    // With another secret, as its own stays expired.
    let seen = table.tokens.credential(&expired.id).await.unwrap().unwrap();
    let next = TokenRecord { expires_at: Some(end.plus_seconds(3600)), ..expired.clone() };
    let what = EventKind::Rotated { previous_secret_until: None, expires_at: None };
    let (by, clock) = (&by_whom(), &clock_at(now()));
    let revive = async || {
        let change = TokenUpdate { seen: &expired, next: next.clone(), what: what.clone(), by, clock, limits: LIMITS };
        table.tokens.rotate(&change, &seen, Sample::owned_by(&alice()).digest, None).await.unwrap()
    };
    assert_eq!(revive().await, UpdateOutcome::LimitReached);
    assert_eq!(table.tokens.get(&expired.id).await.unwrap(), Some(expired.clone()));
    revoke(&table.tokens, &alive[0].id, &Actor::Bootstrap, now(), 30).await.unwrap();
    assert!(matches!(revive().await, UpdateOutcome::Done(_)));
    assert_eq!(table.slots(&alice()).await.unwrap().len(), 10);
    assert_eq!(Sample::owned_by(&alice()).try_in(&table.tokens).await, CreateOutcome::LimitReached);
}

#[tokio::test]
async fn a_token_without_a_slot_is_updated_without_one() {
    let table = Table::fresh().await;
    let sample = Sample::owned_by(&alice());
    assert_eq!(sample.try_with(&table.tokens, Limits { live_tokens: 0, ..LIMITS }).await, CreateOutcome::Done);
    let record = table.tokens.get(&sample.record.id).await.unwrap().unwrap();
    let end = Some(now().truncated_to_seconds().plus_seconds(3600));
    assert!(matches!(
        changed(&table, &record, TokenRecord { expires_at: end, ..record.clone() }).await,
        UpdateOutcome::Done(_)
    ));
    assert_eq!(table.slots(&alice()).await, None);
}

#[tokio::test]
async fn a_rotation_changes_only_the_secret() {
    let table = Table::fresh().await;
    let sample = Sample::owned_by(&alice());
    let (old, new) = (sample.digest.clone(), Sample::owned_by(&alice()).digest);
    let record = sample.in_table(&table).await;
    let seen = table.tokens.credential(&record.id).await.unwrap().unwrap();
    let at = now();
    let until = Some(at.truncated_to_seconds().plus_seconds(60));
    let next =
        TokenRecord { rotated_at: Some(at.truncated_to_seconds()), previous_secret_until: until, ..record.clone() };
    let what = EventKind::Rotated { previous_secret_until: until, expires_at: None };
    let change =
        TokenUpdate { seen: &record, next: next.clone(), what, by: &by_whom(), clock: &clock_at(at), limits: LIMITS };
    let key = RotationKey { digest: TokenDigest::hash(b"run-1"), at: at.truncated_to_seconds() };
    let done = table.tokens.rotate(&change, &seen, new.clone(), Some(&key)).await.unwrap();
    assert_eq!(done, UpdateOutcome::Done(Box::new(TokenRecord { version: 2, ..next })));
    let after = table.tokens.credential(&record.id).await.unwrap().unwrap();
    assert_eq!(after.rotated_by(&key), Some(key.at));
    let proof = |digest, seconds| after.secrets.verify(digest, at.plus_seconds(seconds));
    assert_eq!(
        [proof(&new, 0), proof(&old, 0), proof(&old, 60)],
        [SecretMatch::Current, SecretMatch::Previous, SecretMatch::Retired]
    );
    assert_eq!(kinds(&table, &record.id).await, ["rotated", "created"]);
}

#[tokio::test]
async fn a_token_that_expired_since_the_read_is_not_changed() {
    let table = Table::fresh().await;
    let end = now().truncated_to_seconds().plus_seconds(3600);
    let seen = Sample::owned_by(&alice()).until(end).in_table(&table).await;
    let next = TokenRecord { expires_at: None, ..seen.clone() };
    let (what, by) = (EventKind::Updated(Vec::new()), &by_whom());
    let change = |clock| TokenUpdate { seen: &seen, next: next.clone(), what: what.clone(), by, clock, limits: LIMITS };
    let (then, before) = (clock_at(end), clock_at(end.plus_seconds(-1)));
    let stale = table.tokens.update(&change(&then)).await.unwrap();
    assert_eq!(stale, UpdateOutcome::Stale(Box::new(seen.clone())));
    assert_eq!(table.tokens.get(&seen.id).await.unwrap(), Some(seen.clone()));
    let just_before = table.tokens.update(&change(&before)).await.unwrap();
    assert!(matches!(just_before, UpdateOutcome::Done(_)));
}

#[tokio::test]
async fn a_rotation_with_an_overlap_restores_no_expired_secret() {
    let table = Table::fresh().await;
    let end = now().truncated_to_seconds().plus_seconds(3600);
    let sample = Sample::owned_by(&alice()).until(end);
    let old = sample.digest.clone();
    let record = sample.in_table(&table).await;
    let seen = table.tokens.credential(&record.id).await.unwrap().unwrap();
    let later = Some(end.plus_seconds(7200));
    // It was active at the read, and has expired at the write.
    let next = TokenRecord { expires_at: later, previous_secret_until: later, ..record.clone() };
    let what = EventKind::Rotated { previous_secret_until: later, expires_at: None };
    let (by, clock) = (&by_whom(), &clock_at(end));
    let change = TokenUpdate { seen: &record, next, what, by, clock, limits: LIMITS };
    let rotated = table.tokens.rotate(&change, &seen, Sample::owned_by(&alice()).digest, None).await.unwrap();
    assert_eq!(rotated, UpdateOutcome::Stale(Box::new(record.clone())));
    let after = table.tokens.credential(&record.id).await.unwrap().unwrap();
    assert_eq!((after.record, after.secrets.verify(&old, end)), (record, SecretMatch::Current));
}
