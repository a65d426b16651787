//! Concurrent changes of one token and one owner's slots, on separate clients.

use std::collections::BTreeSet;

use portcullis::clock::Clock;
use portcullis::secret::{SecretMatch, TokenId};
use portcullis::store::{CreateOutcome, StatusChange, TokenUpdate, UpdateOutcome};
use portcullis::token::{Actor, DisableReason, EventKind, RevocationDetails, Status, TokenRecord, TokenState};

use super::events::kinds;
use super::{LIMITS, Sample, Table, alice, by_whom, clock_at, delete, now, revoke, used_at};

fn actor(at: usize) -> Actor {
    Actor::Token(format!("{at:016}").parse().unwrap())
}

/// Every active token has a slot. Inactive ones may keep one until another token needs it.
async fn assert_slots_are_true(table: &Table, ids: impl IntoIterator<Item = TokenId>) {
    let mut alive = BTreeSet::new();
    for id in ids {
        let record = table.tokens.get(&id).await.unwrap();
        if record.is_some_and(|record| record.state(now(), 0).status() == Status::Active) {
            alive.insert(id.to_string());
        }
    }
    let slots: BTreeSet<String> = table.slots(&alice()).await.unwrap().into_keys().collect();
    assert!(slots.is_superset(&alive), "{alive:?} have {slots:?}");
    assert!(slots.len() <= 10);
}

async fn ten(table: &Table) -> Vec<TokenRecord> {
    let mut records = Vec::new();
    for _ in 0..10 {
        records.push(Sample::owned_by(&alice()).in_table(table).await);
    }
    records
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_revocations_all_return_the_one_that_was_written() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let racers: Vec<_> = (0..20)
        .map(|at| {
            let (tokens, id) = (table.another_client(), record.id.clone());
            tokio::spawn(async move { revoke(&tokens, &id, &actor(at), now(), 30).await.unwrap().unwrap() })
        })
        .collect();
    let stands = |record: TokenRecord| (record.revoked.unwrap(), record.version);
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
async fn concurrent_revocations_and_creates_keep_the_slots_correct() {
    let table = Table::fresh().await;
    let mut ids: Vec<_> = ten(&table).await.into_iter().map(|record| record.id).collect();
    let revokers = ids.clone().into_iter().map(|id| {
        let tokens = table.another_client();
        tokio::spawn(async move {
            revoke(&tokens, &id, &Actor::Bootstrap, now(), 30).await.unwrap().unwrap();
            None
        })
    });
    let creators = (0..20).map(|_| {
        let (tokens, sample) = (table.another_client(), Sample::owned_by(&alice()));
        tokio::spawn(async move { (sample.try_in(&tokens).await == CreateOutcome::Done).then_some(sample.record.id) })
    });
    let racers: Vec<_> = revokers.chain(creators).collect();
    for racer in racers {
        ids.extend(racer.await.unwrap());
    }
    assert_slots_are_true(&table, ids).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concurrent_deletion_and_revocation_leave_nothing() {
    let table = Table::fresh().await;
    let records = ten(&table).await;
    let racers: Vec<_> = records
        .iter()
        .map(|record| {
            let (deleting, revoking, id) = (table.another_client(), table.another_client(), record.id.clone());
            tokio::spawn(async move {
                let by = Actor::Bootstrap;
                let (deleted, revoked) = tokio::join!(delete(&deleting, &id), revoke(&revoking, &id, &by, now(), 30));
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
async fn concurrent_deletions_all_succeed() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let racers: Vec<_> = (0..10)
        .map(|_| {
            let (tokens, id) = (table.another_client(), record.id.clone());
            tokio::spawn(async move { delete(&tokens, &id).await.unwrap() })
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
async fn a_last_use_written_during_a_revocation_does_not_undo_it() {
    let table = Table::fresh().await;
    for record in ten(&table).await {
        let (using, revoking) = (table.another_client(), table.another_client());
        let (by, at) = (Actor::Bootstrap, now().truncated_to_seconds());
        let noting = used_at(&using, &record.id, at, Some("apps:read apps/billing"));
        let (_, revoked) = tokio::join!(noting, revoke(&revoking, &record.id, &by, now(), 30));
        revoked.unwrap();
        let after = table.tokens.get(&record.id).await.unwrap().unwrap();
        assert_eq!(after.state(now(), 0), TokenState::Revoked);
        // On a conflict the last use is lost, and never the revocation.
        assert!(after.last_used.is_none_or(|used| used.at == at));
    }
}

/// The outcomes of concurrent changes of one record, all from the same read.
async fn raced(table: &Table, seen: &TokenRecord, changes: Vec<(TokenRecord, EventKind)>) -> Vec<UpdateOutcome> {
    let racers: Vec<_> = changes
        .into_iter()
        .map(|(next, what)| {
            let (tokens, seen) = (table.another_client(), seen.clone());
            tokio::spawn(async move {
                let by = &by_whom();
                let change = TokenUpdate { seen: &seen, next, what, by, clock: &clock_at(now()), limits: LIMITS };
                tokens.update(&change).await.unwrap()
            })
        })
        .collect();
    let mut outcomes = Vec::new();
    for racer in racers {
        outcomes.push(racer.await.unwrap());
    }
    outcomes
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_updates_one_is_written_and_the_others_conflict() {
    let table = Table::fresh().await;
    let seen = Sample::owned_by(&alice()).in_table(&table).await;
    let changes = (0..12).map(|at| {
        let next = TokenRecord { name: format!("racer {at}").parse().unwrap(), ..seen.clone() };
        (next, EventKind::Updated(Vec::new()))
    });
    let outcomes = raced(&table, &seen, changes.collect()).await;
    let stored = table.tokens.get(&seen.id).await.unwrap().unwrap();
    assert_eq!(stored.version, 2);
    let done: Vec<_> = outcomes.iter().filter(|outcome| matches!(outcome, UpdateOutcome::Done(_))).collect();
    assert_eq!(done, [&UpdateOutcome::Done(Box::new(stored.clone()))]);
    let stale = UpdateOutcome::Stale(Box::new(stored));
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == stale).count(), 11);
    let kinds = kinds(&table, &seen.id).await;
    assert_eq!(kinds, ["updated", "created"], "one event for the one change");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_concurrent_update_and_revocation_leave_it_revoked() {
    let table = Table::fresh().await;
    for record in ten(&table).await {
        let (updating, revoking) = (table.another_client(), table.another_client());
        let later = TokenRecord { expires_at: Some(now().truncated_to_seconds().plus_seconds(3600)), ..record.clone() };
        let (by, actor) = (by_whom(), Actor::Bootstrap);
        let what = EventKind::Updated(Vec::new());
        let change = TokenUpdate { seen: &record, next: later, what, by: &by, clock: &clock_at(now()), limits: LIMITS };
        let (grounds, clock) = (RevocationDetails::default(), Clock::system());
        let status_change = StatusChange { seen: &record, actor: &actor, by: &by, clock: &clock, limits: LIMITS };
        let revoked = revoking.revoke(&status_change, &grounds);
        let (updated, revoked) = tokio::join!(updating.update(&change), revoked);
        assert!(matches!(updated.unwrap(), UpdateOutcome::Done(_) | UpdateOutcome::Stale(_)));
        let revoked = revoked.unwrap().unwrap();
        assert!(revoked.newly_revoked && revoked.record.revoked.is_some());
        let after = table.tokens.get(&record.id).await.unwrap().unwrap();
        assert_eq!(after.state(now(), 0), TokenState::Revoked);
        assert_eq!(kinds(&table, &record.id).await.len(), usize::try_from(after.version).unwrap());
    }
    assert_slots_are_true(&table, []).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_revocations_one_is_reported_as_new() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let racers: Vec<_> = (0..20)
        .map(|at| {
            let (tokens, seen) = (table.another_client(), record.clone());
            let (actor, by, grounds, clock) = (actor(at), by_whom(), RevocationDetails::default(), Clock::system());
            tokio::spawn(async move {
                let status_change = StatusChange { seen: &seen, actor: &actor, by: &by, clock: &clock, limits: LIMITS };
                tokens.revoke(&status_change, &grounds).await.unwrap().unwrap().newly_revoked
            })
        })
        .collect();
    let mut did_it = 0;
    for racer in racers {
        did_it += u32::from(racer.await.unwrap());
    }
    assert_eq!(did_it, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_rotations_one_secret_works() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let seen = table.tokens.credential(&record.id).await.unwrap().unwrap();
    let racers: Vec<_> = (0..12)
        .map(|_| {
            let (tokens, seen) = (table.another_client(), seen.clone());
            tokio::spawn(async move {
                let digest = Sample::owned_by(&alice()).digest;
                let (by, next) = (&by_whom(), seen.record.clone());
                let what = EventKind::Rotated { previous_secret_until: None, expires_at: None };
                let change =
                    TokenUpdate { seen: &seen.record, next, what, by, clock: &clock_at(now()), limits: LIMITS };
                (digest.clone(), tokens.rotate(&change, &seen, digest, None).await.unwrap())
            })
        })
        .collect();
    let mut won = Vec::new();
    for racer in racers {
        match racer.await.unwrap() {
            (digest, UpdateOutcome::Done(_)) => won.push(digest),
            (_, outcome) => assert!(matches!(outcome, UpdateOutcome::Stale(record) if record.version == 2)),
        }
    }
    let stored = table.tokens.credential(&record.id).await.unwrap().unwrap();
    let [winner] = &won[..] else { panic!("{} won", won.len()) };
    assert_eq!(stored.secrets.verify(winner, now()), SecretMatch::Current);
    assert_eq!(stored.secrets.superseded.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_disablements_one_is_written() {
    let table = Table::fresh().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let racers: Vec<_> = (0..8)
        .map(|at| {
            let (tokens, seen) = (table.another_client(), record.clone());
            let (actor, by, clock) = (actor(at), by_whom(), Clock::system());
            tokio::spawn(async move {
                let status_change = StatusChange { seen: &seen, actor: &actor, by: &by, clock: &clock, limits: LIMITS };
                tokens.disable(&status_change, DisableReason::Admin, None).await.unwrap()
            })
        })
        .collect();
    for racer in racers {
        assert!(matches!(racer.await.unwrap(), UpdateOutcome::Done(record) if record.version == 2));
    }
    assert_eq!(kinds(&table, &record.id).await, ["disabled", "created"]);
}
