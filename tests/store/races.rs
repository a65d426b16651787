//! Changes of the same token and the same slots at the same time, on separate clients.

use std::collections::BTreeSet;

use portcullis::store::Created;
use portcullis::token::{Actor, Record, Status, TokenId};

use super::{Sample, Table, alice, now};

fn actor(at: usize) -> Actor {
    Actor::Token(format!("{at:016}").parse().unwrap())
}

/// The owner's slots are the ids of the tokens that are alive, and no others.
async fn assert_slots_are_true(table: &Table, ids: impl IntoIterator<Item = TokenId>) {
    let mut alive = BTreeSet::new();
    for id in ids {
        let record = table.tokens.get(&id).await.unwrap();
        if record.is_some_and(|record| record.status(now()) == Status::Active) {
            alive.insert(id.to_string());
        }
    }
    let slots: BTreeSet<String> = table.slots(&alice()).await.unwrap().into_keys().collect();
    assert_eq!(slots, alive);
    assert!(slots.len() <= 10);
}

async fn ten(table: &Table) -> Vec<Record> {
    let mut records = Vec::new();
    for _ in 0..10 {
        records.push(Sample::of(&alice()).in_table(table).await);
    }
    records
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_revokes_at_once_one_stands_and_all_answer_it() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    let racers: Vec<_> = (0..20)
        .map(|at| {
            let (tokens, id) = (table.another_client(), record.id.clone());
            tokio::spawn(async move { tokens.revoke(&id, &actor(at), now(), 30).await.unwrap().unwrap() })
        })
        .collect();
    let stands = |record: Record| (record.revoked.unwrap(), record.version);
    let mut answers = Vec::new();
    for racer in racers {
        answers.push(stands(racer.await.unwrap()));
    }
    let stored = stands(table.tokens.get(&record.id).await.unwrap().unwrap());
    assert_eq!(stored.1, 2);
    assert!(answers.iter().all(|answer| *answer == stored));
    assert_slots_are_true(&table, [record.id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revokes_and_creates_at_once_leave_the_limit_and_the_slots_true() {
    let table = Table::fresh().await;
    let mut ids: Vec<_> = ten(&table).await.into_iter().map(|record| record.id).collect();
    let revokers = ids.clone().into_iter().map(|id| {
        let tokens = table.another_client();
        tokio::spawn(async move {
            tokens.revoke(&id, &Actor::Bootstrap, now(), 30).await.unwrap().unwrap();
            None
        })
    });
    let creators = (0..20).map(|_| {
        let (tokens, sample) = (table.another_client(), Sample::of(&alice()));
        tokio::spawn(async move { (sample.try_in(&tokens).await == Created::Done).then_some(sample.record.id) })
    });
    let racers: Vec<_> = revokers.chain(creators).collect();
    for racer in racers {
        ids.extend(racer.await.unwrap());
    }
    assert_slots_are_true(&table, ids).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_and_a_revoke_at_once_leave_nothing() {
    let table = Table::fresh().await;
    let records = ten(&table).await;
    let racers: Vec<_> = records
        .iter()
        .map(|record| {
            let (deleting, revoking, id) = (table.another_client(), table.another_client(), record.id.clone());
            tokio::spawn(async move {
                let by = Actor::Bootstrap;
                let (deleted, revoked) = tokio::join!(deleting.delete(&id), revoking.revoke(&id, &by, now(), 30));
                revoked.unwrap();
                deleted.unwrap()
            })
        })
        .collect();
    for racer in racers {
        assert!(racer.await.unwrap());
    }
    for record in &records {
        assert_eq!(table.item(&record.id).await, None);
    }
    assert_slots_are_true(&table, []).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deletes_at_once_all_succeed() {
    let table = Table::fresh().await;
    let record = Sample::of(&alice()).in_table(&table).await;
    let racers: Vec<_> = (0..10)
        .map(|_| {
            let (tokens, id) = (table.another_client(), record.id.clone());
            tokio::spawn(async move { tokens.delete(&id).await.unwrap() })
        })
        .collect();
    let mut removed = 0;
    for racer in racers {
        removed += u32::from(racer.await.unwrap());
    }
    assert!(removed >= 1);
    assert_slots_are_true(&table, [record.id]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_noted_during_a_revoke_does_not_undo_it() {
    let table = Table::fresh().await;
    for record in ten(&table).await {
        let (using, revoking) = (table.another_client(), table.another_client());
        let used = portcullis::store::LastUse { id: record.id.clone(), at: now().to_the_second() };
        let by = Actor::Bootstrap;
        let (noted, revoked) = tokio::join!(using.touch(&used), revoking.revoke(&record.id, &by, now(), 30));
        noted.unwrap();
        revoked.unwrap();
        let after = table.tokens.get(&record.id).await.unwrap().unwrap();
        assert_eq!((after.status(now()), after.last_used_at), (Status::Revoked, Some(used.at)));
    }
}
