//! Revoke, disable, quarantine and delete succeed under contention for the token and its owner's slots.

use aws_sdk_dynamodb::types::AttributeValue;
use portcullis::clock::Clock;
use portcullis::grants::{Grant, MAX_GRANTS};
use portcullis::secret::TokenId;
use portcullis::store::{DeferredWrite, Limits, StatusChange, TokenStore, TokenUpdate, UpdateOutcome};
use portcullis::token::{Actor, DisableReason, EventKind, RevocationDetails, TokenRecord, TokenState};
use tokio::task::JoinSet;

use super::fault_injection::{Behind, CONFLICT, Fault};
use super::observed::Observed;
use super::{LIMITS, Sample, Table, alice, by_whom, caller, clock_at, now};

/// Slots for the ended tokens; the creators have their own limit of ten.
const ROOM: Limits = Limits { live_tokens: 1_000, ..LIMITS };

/// The ways to end a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Revoke,
    Disable,
    Quarantine,
    Delete,
}

impl Kind {
    /// Ends a token as it was read. Panics if that fails.
    async fn end(self, tokens: &TokenStore, seen: &TokenRecord) {
        let (actor, by, clock) = (&Actor::Bootstrap, &by_whom(), &Clock::system());
        let change = StatusChange { seen, actor, by, clock, limits: LIMITS };
        match self {
            Self::Revoke => {
                assert!(tokens.revoke(&change, &RevocationDetails::default()).await.unwrap().unwrap().newly_revoked);
            }
            Self::Disable => {
                let disabled = tokens.disable(&change, DisableReason::Admin, None).await.unwrap();
                assert!(matches!(disabled, UpdateOutcome::Done(_)), "{disabled:?}");
            }
            Self::Quarantine => {
                let credential = tokens.credential(&seen.id).await.unwrap().unwrap();
                let note = DeferredWrite::secret_reuse(&credential, true, &caller(), now()).unwrap();
                tokens.apply_deferred(&note, clock, LIMITS.history_days).await.unwrap();
            }
            Self::Delete => assert!(tokens.delete(&change).await.unwrap()),
        }
    }

    async fn assert_ended(self, tokens: &TokenStore, id: &TokenId) {
        let standing = tokens.get(id).await.unwrap().map(|record| record.state(now(), 0));
        let expected = match self {
            Self::Revoke => Some(TokenState::Revoked),
            Self::Disable | Self::Quarantine => Some(TokenState::Disabled),
            Self::Delete => None,
        };
        assert_eq!(standing, expected, "{self:?}");
    }
}

/// Renames a token once; another change may win.
async fn rename(tokens: TokenStore, id: TokenId, at: usize) {
    let Some(seen) = tokens.get(&id).await.unwrap() else { return };
    let next = TokenRecord { name: format!("renamed {at}").parse().unwrap(), ..seen.clone() };
    let (what, by) = (EventKind::Updated(Vec::new()), by_whom());
    let change = TokenUpdate { seen: &seen, next, what, by: &by, clock: &Clock::system(), limits: LIMITS };
    tokens.update(&change).await.unwrap();
}

/// Ends tokens, each while 8 clients change it and 8 create tokens of its owner.
async fn goes_through(kind: Kind) {
    let table = Table::fresh().await;
    let clients: Vec<_> = (0..17).map(|_| table.another_client()).collect();
    let tokens = &clients[16];
    for _ in 0..table.rounds(100) {
        let sample = Sample::owned_by(&alice());
        sample.try_with(tokens, ROOM).await;
        let id = &sample.record.id;
        let mut racing = JoinSet::new();
        for at in 0..8 {
            racing.spawn(rename(clients[at].clone(), id.clone(), at));
            let creating = clients[8 + at].clone();
            racing.spawn(async move {
                Sample::owned_by(&alice()).try_in(&creating).await;
            });
        }
        // As it was before the changes.
        kind.end(tokens, &sample.record).await;
        kind.assert_ended(tokens, id).await;
        racing.join_all().await;
        kind.assert_ended(tokens, id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_succeeds_despite_concurrent_changes() {
    goes_through(Kind::Revoke).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disablement_succeeds_despite_concurrent_changes() {
    goes_through(Kind::Disable).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quarantine_succeeds_despite_concurrent_changes() {
    goes_through(Kind::Quarantine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_succeeds_despite_concurrent_changes() {
    goes_through(Kind::Delete).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revoke_disable_and_delete_need_two_requests_and_no_slots() {
    let table = Table::in_process().await;
    let observed = Observed::new(&table).await;
    for kind in [Kind::Revoke, Kind::Disable, Kind::Quarantine, Kind::Delete] {
        let record = Sample::owned_by(&alice()).in_table(&table).await;
        let seen = match kind {
            // It reads the credential itself.
            Kind::Quarantine => record,
            _ => observed.tokens.get(&record.id).await.unwrap().unwrap(),
        };
        kind.end(&observed.tokens, &seen).await;
        let calls = observed.take();
        let operations: Vec<_> = calls.iter().map(|call| call.operation.as_str()).collect();
        // The usage is deleted after the token.
        let expected = ["GetItem", "TransactWriteItems", "DeleteItem"];
        assert_eq!(operations, expected[..if kind == Kind::Delete { 3 } else { 2 }], "{kind:?}");
        let written = calls[1].request.to_string();
        assert!(!written.contains("OWNER#"), "{kind:?} touches the slots");
        let conditions: Vec<_> = calls[1].request["TransactItems"].as_array().unwrap().iter().collect();
        for write in conditions {
            let write = write.as_object().unwrap().values().next().unwrap();
            let condition = write["ConditionExpression"].as_str().unwrap();
            assert!(!condition.contains("version"), "{kind:?} depends on the version: {condition}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_in_flight_costs_a_revocation_one_more_attempt() {
    for kind in [Kind::Revoke, Kind::Disable, Kind::Quarantine, Kind::Delete] {
        let table = Table::in_process().await;
        let seen = Sample::owned_by(&alice()).in_table(&table).await;
        let behind = Behind::new(&table, Fault { times: 7, ..CONFLICT }).await;
        kind.end(&behind.tokens, &seen).await;
        kind.assert_ended(&table.tokens, &seen.id).await;
        assert_eq!(behind.happened(), 7, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_costs_the_same_with_20000_events_as_with_one() {
    const EVENTS: usize = 20_000;
    let table = Table::in_process().await;
    let text = |text: String| AttributeValue::S(text);
    for kind in [Kind::Revoke, Kind::Delete] {
        let seen = Sample::owned_by(&alice()).in_table(&table).await;
        let event = |at: usize| {
            let key = [("pk", format!("TOKEN#{}", seen.id)), ("sk", format!("EVENT#{at:026}"))];
            key.into_iter().chain([("kind", "updated".to_owned())]).map(|(name, value)| (name.to_owned(), text(value)))
        };
        table.put_all((0..EVENTS).map(|at| event(at).collect()).collect()).await;
        let observed = Observed::new(&table).await;
        kind.end(&observed.tokens, &seen).await;
        kind.assert_ended(&table.tokens, &seen.id).await;
        assert!(observed.operations().len() <= 2, "{kind:?}");
    }
}

#[tokio::test]
async fn the_largest_record_can_be_revoked_disabled_and_deleted() {
    let table = Table::fresh().await;
    // The API accepts bodies of 16 KiB; this is several times as large.
    for kind in [Kind::Revoke, Kind::Disable, Kind::Quarantine, Kind::Delete] {
        let mut sample = Sample::owned_by(&alice());
        let grant = |at: usize| Grant {
            permissions: (0..10).map(|n| format!("{:a<90}{at}:{n}", "").parse().unwrap()).collect(),
            resources: (0..16).map(|n| format!("{:r<250}{at}-{n}", "").parse().unwrap()).collect(),
        };
        sample.record.grants = (0..MAX_GRANTS).map(grant).collect::<Vec<_>>().into();
        sample.record.description = Some("d".repeat(256).parse().unwrap());
        let seen = sample.in_table(&table).await;
        kind.end(&table.tokens, &seen).await;
        kind.assert_ended(&table.tokens, &seen.id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_holds_when_an_expiry_is_cleared_in_its_last_second() {
    let table = Table::fresh().await;
    for round in 0..table.rounds(30) {
        let owner = format!("owner-{round}").parse().unwrap();
        let end = now().truncated_to_seconds().plus_seconds(3600);
        let expiring = Sample::owned_by(&owner).until(end).in_table(&table).await;
        for _ in 0..9 {
            Sample::owned_by(&owner).in_table(&table).await;
        }
        let mut racing = JoinSet::new();
        for racer in 0..6 {
            let tokens = table.another_client();
            let sample = Sample::owned_by(&owner).made_at(end.plus_seconds(i64::from(racer % 2)));
            racing.spawn(async move { sample.try_in(&tokens).await == portcullis::store::CreateOutcome::Done });
        }
        // Its clock is one second before the expiry.
        let (by, clock) = (by_whom(), clock_at(end.plus_seconds(-1)));
        let next = TokenRecord { expires_at: None, ..expiring.clone() };
        let what = EventKind::Updated(Vec::new());
        let change = TokenUpdate { seen: &expiring, next, what, by: &by, clock: &clock, limits: LIMITS };
        let cleared = matches!(table.another_client().update(&change).await.unwrap(), UpdateOutcome::Done(_));
        let created = racing.join_all().await.into_iter().filter(|created| *created).count();
        assert!(9 + usize::from(cleared) + created <= 10, "{created} created, cleared: {cleared}");
    }
}
