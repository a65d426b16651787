//! Revoking and deleting.

use portcullis::store::{CreateOutcome, Limits};
use portcullis::token::{Actor, Revocation, RevocationDetails, Status, TokenRecord};

use super::{DAY, LIMITS, Sample, Table, alice, by_whom, clock_at, delete, now, revoke};

fn revoker() -> Actor {
    Actor::Token("0123456789abcdef".parse().unwrap())
}

#[tokio::test]
async fn a_revocation_adds_only_its_actor_and_time() {
    let table = Table::fresh().await;
    let record =
        Sample::owned_by(&alice()).until(now().truncated_to_seconds().plus_seconds(3600)).in_table(&table).await;
    let at = now();
    let revoked = revoke(&table.tokens, &record.id, &revoker(), at, 30).await.unwrap().unwrap();
    let revocation = Revocation { at: at.truncated_to_seconds(), by: revoker(), grounds: RevocationDetails::default() };
    let expected = TokenRecord { revoked: Some(revocation), version: 2, ..record };
    assert_eq!(revoked, expected);
    assert_eq!(table.tokens.get(&expected.id).await.unwrap().as_ref(), Some(&expected));
    let credential = table.tokens.credential(&expected.id).await.unwrap().unwrap();
    assert_eq!(credential.record.state(at, 0).status(), Status::Revoked);
}

#[tokio::test]
async fn revoking_again_changes_nothing() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let first = revoke(&table.tokens, &record.id, &Actor::Bootstrap, now(), 30).await.unwrap();
    let item = table.item(&record.id).await;
    let again = revoke(&table.tokens, &record.id, &revoker(), now().plus_seconds(60), 90).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(table.item(&record.id).await, item);
}

#[tokio::test]
async fn an_unknown_token_is_neither_revoked_nor_deleted_nor_created() {
    let table = Table::fresh().await;
    let unknown = Sample::owned_by(&alice()).record;
    assert_eq!(revoke(&table.tokens, &unknown.id, &revoker(), now(), 30).await.unwrap(), None);
    assert!(!delete(&table.tokens, &unknown.id).await.unwrap());
    assert_eq!(table.item(&unknown.id).await, None);
    assert_eq!(table.slots(&alice()).await, None);
}

#[tokio::test]
async fn the_retention_starts_at_the_revocation() {
    let table = Table::fresh().await;
    let at = now();
    let mortal =
        Sample::owned_by(&alice()).until(at.truncated_to_seconds().plus_seconds(365 * DAY)).in_table(&table).await;
    let immortal = Sample::owned_by(&alice()).in_table(&table).await;
    for record in [mortal, immortal] {
        revoke(&table.tokens, &record.id, &revoker(), at, 7).await.unwrap();
        assert_eq!(table.ttl(&record.id).await, Some(at.seconds() + 7 * DAY));
    }
}

#[tokio::test]
async fn revoking_an_expired_token_does_not_extend_its_retention() {
    let table = Table::fresh().await;
    let end = now().truncated_to_seconds().plus_seconds(3600);
    let record = Sample::owned_by(&alice()).until(end).in_table(&table).await;
    let late = end.plus_seconds(DAY);
    let revoked = revoke(&table.tokens, &record.id, &revoker(), late, 30).await.unwrap().unwrap();
    assert_eq!(revoked.expires_at, Some(end));
    assert_eq!(revoked.state(late, 0).status(), Status::Revoked);
    assert_eq!(table.ttl(&record.id).await, Some(end.seconds() + 30 * DAY));
}

#[tokio::test]
async fn a_deleted_token_is_gone() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    assert!(delete(&table.tokens, &record.id).await.unwrap());
    assert_eq!(table.item(&record.id).await, None);
    assert!(table.tokens.credential(&record.id).await.unwrap().is_none());
    assert!(!delete(&table.tokens, &record.id).await.unwrap());
}

#[tokio::test]
async fn each_way_to_end_a_token_frees_its_slot_once() {
    let table = Table::fresh().await;
    let mut records = Vec::new();
    for _ in 0..10 {
        records.push(Sample::owned_by(&alice()).in_table(&table).await);
    }
    let one_more = async || {
        let sample = Sample::owned_by(&alice());
        (sample.try_in(&table.tokens).await, sample.record.id)
    };
    revoke(&table.tokens, &records[0].id, &revoker(), now(), 30).await.unwrap();
    revoke(&table.tokens, &records[0].id, &revoker(), now(), 30).await.unwrap();
    assert_eq!(one_more().await.0, CreateOutcome::Done);
    assert_eq!(one_more().await.0, CreateOutcome::LimitReached);

    delete(&table.tokens, &records[1].id).await.unwrap();
    assert_eq!(one_more().await.0, CreateOutcome::Done);
    // A revoked token has no slot left to free.
    delete(&table.tokens, &records[0].id).await.unwrap();
    assert_eq!(one_more().await.0, CreateOutcome::LimitReached);

    let slots = table.slots(&alice()).await.unwrap();
    assert_eq!(slots.len(), 10);
    assert!(records[2..].iter().all(|record| slots.contains_key(record.id.as_str())));
}

#[tokio::test]
async fn a_token_without_a_slot_is_revoked_and_deleted_too() {
    let table = Table::fresh().await;
    let no_limit = Limits { live_tokens: 0, ..LIMITS };
    let samples = [Sample::owned_by(&alice()), Sample::owned_by(&alice())];
    for Sample { record, digest } in &samples {
        table.tokens.create(record, digest, &by_whom(), &clock_at(record.created_at), no_limit).await.unwrap();
    }
    let [revoked, deleted] = samples.map(|sample| sample.record);
    assert!(revoke(&table.tokens, &revoked.id, &revoker(), now(), 30).await.unwrap().is_some());
    assert!(delete(&table.tokens, &deleted.id).await.unwrap());
    assert_eq!(table.slots(&alice()).await, None);
}
