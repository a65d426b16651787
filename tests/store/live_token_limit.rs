//! The limit of live tokens per owner, and the slots that it counts.

use portcullis::store::{CreateOutcome, Limits};
use portcullis::token::TokenRecord;

use super::{LIMITS, Sample, Table, alice, bob, by_whom, clock_at, delete, now};

#[tokio::test]
async fn a_slot_holds_a_tokens_id_and_its_expiry() {
    let table = Table::fresh().await;
    assert_eq!(table.slots(&alice()).await, None);
    let end = now().truncated_to_seconds().plus_seconds(3600);
    let mortal = Sample::owned_by(&alice()).until(end).in_table(&table).await;
    let immortal = Sample::owned_by(&alice()).in_table(&table).await;
    let slots = table.slots(&alice()).await.unwrap();
    assert_eq!(slots, [(mortal.id.to_string(), end.seconds()), (immortal.id.to_string(), 0)].into());
}

#[tokio::test]
async fn owners_do_not_share_slots() {
    let table = Table::fresh().await;
    for _ in 0..10 {
        Sample::owned_by(&alice()).in_table(&table).await;
    }
    assert_eq!(Sample::owned_by(&alice()).try_in(&table.tokens).await, CreateOutcome::LimitReached);
    assert_eq!(Sample::owned_by(&bob()).try_in(&table.tokens).await, CreateOutcome::Done);
}

#[tokio::test]
async fn a_token_frees_its_slot_in_the_second_in_which_it_expires() {
    let table = Table::fresh().await;
    let end = now().truncated_to_seconds().plus_seconds(3600);
    let expiring = Sample::owned_by(&alice()).until(end).in_table(&table).await;
    for _ in 0..9 {
        Sample::owned_by(&alice()).in_table(&table).await;
    }
    let just_before = Sample::owned_by(&alice()).made_at(end.plus_seconds(-1));
    assert_eq!(just_before.try_in(&table.tokens).await, CreateOutcome::LimitReached);
    let then = Sample::owned_by(&alice()).made_at(end);
    assert_eq!(then.try_in(&table.tokens).await, CreateOutcome::Done);
    let slots = table.slots(&alice()).await.unwrap();
    assert_eq!(slots.len(), 10);
    assert!(!slots.contains_key(expiring.id.as_str()) && slots.contains_key(then.record.id.as_str()));
    assert!(table.item(&expiring.id).await.is_some(), "its record stays");
}

#[tokio::test]
async fn a_token_that_came_back_for_another_owner_takes_no_slot_of_the_first() {
    let table = Table::fresh().await;
    let deleted = Sample::owned_by(&alice()).in_table(&table).await;
    assert!(delete(&table.tokens, &deleted.id).await.unwrap());
    let Sample { record, digest } = Sample::owned_by(&bob());
    let again = Sample { record: TokenRecord { id: deleted.id.clone(), ..record }, digest };
    assert_eq!(again.try_in(&table.tokens).await, CreateOutcome::Done);
    for _ in 0..10 {
        Sample::owned_by(&alice()).in_table(&table).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_50_creates_race_on_separate_clients_exactly_10_succeed() {
    let table = Table::fresh().await;
    let racers: Vec<_> = (0..50)
        .map(|_| {
            let (tokens, sample) = (table.another_client(), Sample::owned_by(&alice()));
            tokio::spawn(async move { (sample.try_in(&tokens).await, sample.record.id) })
        })
        .collect();
    let mut made = Vec::new();
    for racer in racers {
        match racer.await.unwrap() {
            (CreateOutcome::Done, id) => made.push(id),
            (CreateOutcome::LimitReached | CreateOutcome::AlreadyExists, id) => assert_eq!(table.item(&id).await, None),
        }
    }
    assert_eq!(made.len(), 10);
    let slots = table.slots(&alice()).await.unwrap();
    for id in &made {
        assert!(slots.contains_key(id.as_str()) && table.item(id).await.is_some());
    }
    assert_eq!(slots.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn creates_for_different_owners_do_not_conflict() {
    let table = Table::fresh().await;
    let racers: Vec<_> = (0..20)
        .map(|at| {
            let owner = format!("owner-{at}").parse().unwrap();
            let (tokens, sample) = (table.another_client(), Sample::owned_by(&owner));
            tokio::spawn(async move { sample.try_in(&tokens).await })
        })
        .collect();
    for racer in racers {
        assert_eq!(racer.await.unwrap(), CreateOutcome::Done);
    }
}

#[tokio::test]
async fn without_a_limit_nothing_is_counted() {
    let table = Table::fresh().await;
    let no_limit = Limits { live_tokens: 0, ..LIMITS };
    for _ in 0..12 {
        let Sample { record, digest } = Sample::owned_by(&alice());
        assert_eq!(
            table.tokens.create(&record, &digest, &by_whom(), &clock_at(record.created_at), no_limit).await.unwrap(),
            CreateOutcome::Done
        );
    }
    assert_eq!(table.slots(&alice()).await, None);
}

#[tokio::test]
async fn a_lowered_limit_applies_to_the_next_create() {
    let table = Table::fresh().await;
    for _ in 0..5 {
        Sample::owned_by(&alice()).in_table(&table).await;
    }
    let Sample { record, digest } = Sample::owned_by(&alice());
    let lowered = |live_tokens| Limits { live_tokens, ..LIMITS };
    for limit in [1, 5] {
        assert_eq!(
            table
                .tokens
                .create(&record, &digest, &by_whom(), &clock_at(record.created_at), lowered(limit))
                .await
                .unwrap(),
            CreateOutcome::LimitReached
        );
    }
    assert_eq!(
        table.tokens.create(&record, &digest, &by_whom(), &clock_at(record.created_at), lowered(6)).await.unwrap(),
        CreateOutcome::Done
    );
}
