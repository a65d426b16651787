//! AWS's faults, injected between the SDK's client and the engine, so that the SDK's retries and
//! ours run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use portcullis::catalog::Catalog;
use portcullis::secret::{SecretMatch, TokenDigest, TokenId};
use portcullis::store::{CatalogWrite, CreateOutcome, Error, TokenStore, TokenUpdate, UpdateOutcome};
use portcullis::token::{Actor, EventKind, TokenRecord};
use serde_json::Value;

use super::events::kinds;
use super::unavailable::{app, ask, assert_no_decision};
use super::{Sample, Table, alice, by_whom, clock_at, delete, now, revoke};
use crate::support::{DynamoDbProxy, Reply, Symptom};

/// A fault of one operation, for a number of calls.
#[derive(Clone, Copy)]
pub(super) struct Fault {
    pub(super) operation: &'static str,
    pub(super) times: u32,
    /// Whether the call reaches the engine and only its response is lost.
    pub(super) after: bool,
    pub(super) status: u16,
    pub(super) body: &'static str,
}

pub(super) const INTERNAL: Fault = Fault {
    operation: "GetItem",
    times: 1,
    after: false,
    status: 500,
    body: r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"internal"}"#,
};
const THROTTLED: Fault = Fault {
    status: 400,
    body: r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}"#,
    ..INTERNAL
};
const DENIED: Fault = Fault {
    status: 400,
    body: r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"no"}"#,
    times: u32::MAX,
    ..INTERNAL
};
/// A conflict of two transactions on one item, which dynoxide never has.
pub(super) const CONFLICT: Fault = Fault {
    operation: "TransactWriteItems",
    status: 400,
    body: r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"cancelled [None, TransactionConflict]","CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict","Message":"ongoing"}]}"#,
    ..INTERNAL
};

/// The store with an injected fault, and the number of faults so far.
pub(super) struct Behind {
    pub(super) tokens: TokenStore,
    fault: Fault,
    is_active: Arc<AtomicBool>,
    hit: Arc<AtomicU32>,
    _proxy: DynamoDbProxy,
}

impl Behind {
    /// A store that has checked the table's schema version.
    pub(super) async fn new(table: &Table, fault: Fault) -> Self {
        let behind = Self::unchecked(table, fault).await;
        behind.is_active.store(false, Ordering::SeqCst);
        behind.tokens.get(&"0000000000000000".parse().unwrap()).await.unwrap();
        behind.is_active.store(true, Ordering::SeqCst);
        behind
    }

    /// A new instance's store.
    pub(super) async fn unchecked(table: &Table, fault: Fault) -> Self {
        let (is_active, hit) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU32::new(0)));
        let (active, hits) = (Arc::clone(&is_active), Arc::clone(&hit));
        let proxy = DynamoDbProxy::start(table.engine_url(), move |operation, _| {
            let fails = active.load(Ordering::SeqCst)
                && operation == fault.operation
                && hits.fetch_add(1, Ordering::SeqCst) < fault.times;
            if fails {
                Reply::Failure { symptom: Symptom::Response(fault.status, fault.body.into()), after: fault.after }
            } else {
                Reply::Engine(Value::Null)
            }
        });
        let proxy = proxy.await;
        Self { tokens: table.behind(&proxy.url), fault, is_active, hit, _proxy: proxy }
    }

    pub(super) fn happened(&self) -> u32 {
        self.hit.load(Ordering::SeqCst).min(self.fault.times)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_is_tried_three_times() {
    let table = Table::in_process().await;
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let read = async |fault| {
        let behind = Behind::new(&table, Fault { times: 2, ..fault }).await;
        assert_eq!(behind.tokens.get(&record.id).await.unwrap().as_ref(), Some(&record));
        assert_eq!(behind.happened(), 2);
    };
    // Concurrently, as the SDK pauses between its attempts.
    tokio::join!(read(INTERNAL), read(THROTTLED));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_keeps_failing_is_an_error_and_fails_closed() {
    let table = Table::in_process().await;
    let secret =
        portcullis::secret::PlaintextToken::generate(&"pcl".parse().unwrap(), &mut rand::rngs::SysRng).unwrap();
    let mut sample = Sample::owned_by(&alice());
    (sample.record.id, sample.digest) = (secret.id().clone(), secret.digest());
    sample.in_table(&table).await;
    let refuse = async |fault| {
        let behind = Behind::new(&table, Fault { times: u32::MAX, ..fault }).await;
        let app = app(behind.tokens.clone());
        let (read, verdict) = tokio::join!(behind.tokens.get(secret.id()), ask(&app, secret.expose_secret()));
        assert!(matches!(read, Err(Error::Unavailable(_))), "{read:?}");
        assert_no_decision(&verdict);
        assert!(behind.happened() > 1);
    };
    let let_in_after_all = async {
        let behind = Behind::new(&table, Fault { times: 2, ..INTERNAL }).await;
        assert!(ask(&app(behind.tokens.clone()), secret.expose_secret()).await.response.is_ok());
    };
    tokio::join!(refuse(INTERNAL), refuse(THROTTLED), refuse(DENIED), let_in_after_all);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflicting_change_is_retried_until_it_succeeds() {
    let table = Table::in_process().await;
    let behind = Behind::new(&table, Fault { times: 7, ..CONFLICT }).await;
    let sample = Sample::owned_by(&alice());
    assert_eq!(sample.try_in(&behind.tokens).await, CreateOutcome::Done);
    assert_eq!(behind.happened(), 7);

    let behind = Behind::new(&table, Fault { times: 7, ..CONFLICT }).await;
    let revoked = revoke(&behind.tokens, &sample.record.id, &Actor::Bootstrap, now(), 30).await.unwrap().unwrap();
    assert_eq!((revoked.version, behind.happened()), (2, 7));

    let behind = Behind::new(&table, Fault { times: 7, ..CONFLICT }).await;
    let put = behind.tokens.put_catalog(&Catalog::default(), 0, &Actor::Bootstrap, now()).await;
    assert_eq!((put.unwrap(), behind.happened()), (CatalogWrite::Done(1), 7));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_with_a_lost_response_makes_one_token() {
    let table = Table::in_process().await;
    let lost = Fault { operation: "TransactWriteItems", after: true, ..INTERNAL };
    let behind = Behind::new(&table, lost).await;
    let sample = Sample::owned_by(&alice());
    assert_eq!(sample.try_in(&behind.tokens).await, CreateOutcome::Done);
    assert_eq!(behind.happened(), 1);
    assert_eq!(table.tokens.get(&sample.record.id).await.unwrap().as_ref(), Some(&sample.record));
    let slots = table.slots(&alice()).await.unwrap();
    assert_eq!(slots.into_keys().collect::<Vec<_>>(), [sample.record.id.to_string()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_write_with_a_lost_response_succeeds() {
    let table = Table::in_process().await;
    let lost = Fault { operation: "TransactWriteItems", after: true, ..INTERNAL };
    let behind = Behind::new(&table, lost).await;
    let put = behind.tokens.put_catalog(&Catalog::default(), 0, &Actor::Bootstrap, now()).await;
    assert_eq!((put.unwrap(), behind.happened()), (CatalogWrite::Done(1), 1));
    assert_eq!(table.tokens.catalog().await.unwrap().version, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revocation_or_deletion_with_a_lost_response_succeeds() {
    let table = Table::in_process().await;
    let lost = Fault { operation: "TransactWriteItems", after: true, ..INTERNAL };
    let record = Sample::owned_by(&alice()).in_table(&table).await;
    let behind = Behind::new(&table, lost).await;
    let revoked = revoke(&behind.tokens, &record.id, &Actor::Bootstrap, now(), 30).await.unwrap().unwrap();
    assert_eq!((revoked.version, behind.happened()), (2, 1));
    let behind = Behind::new(&table, lost).await;
    assert!(delete(&behind.tokens, &record.id).await.unwrap());
    assert_eq!(behind.happened(), 1);
    assert_eq!(table.item(&record.id).await, None);
}

/// Rotates a token at its current version.
async fn rotated(table: &Table, behind: &Behind, digest: &TokenDigest, id: &TokenId) -> Result<UpdateOutcome, Error> {
    let seen = table.tokens.credential(id).await.unwrap().unwrap();
    let what = EventKind::Rotated { previous_secret_until: None, expires_at: None };
    let next = TokenRecord { rotated_at: Some(now().truncated_to_seconds()), ..seen.record.clone() };
    let change =
        TokenUpdate { seen: &seen.record, next, what, by: &by_whom(), clock: &clock_at(now()), limits: super::LIMITS };
    behind.tokens.rotate(&change, &seen, digest.clone(), None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_with_a_conflict_or_a_lost_response_happens_once() {
    for fault in [
        Fault { times: 7, ..CONFLICT },
        Fault { operation: "TransactWriteItems", after: true, ..INTERNAL },
        Fault { operation: "TransactWriteItems", times: 2, ..THROTTLED },
    ] {
        let table = Table::in_process().await;
        let record = Sample::owned_by(&alice()).in_table(&table).await;
        let behind = Behind::new(&table, fault).await;
        let digest = Sample::owned_by(&alice()).digest;
        let done = rotated(&table, &behind, &digest, &record.id).await.unwrap();
        assert!(matches!(done, UpdateOutcome::Done(now) if now.version == 2));
        assert_eq!(behind.happened(), fault.times);
        let after = table.tokens.credential(&record.id).await.unwrap().unwrap();
        assert_eq!((after.record.version, after.secrets.superseded.len()), (2, 1));
        assert_eq!(after.secrets.verify(&digest, now()), SecretMatch::Current);
        assert_eq!(kinds(&table, &record.id).await, ["rotated", "created"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_keeps_failing_leaves_the_secret_unchanged() {
    let table = Table::in_process().await;
    let sample = Sample::owned_by(&alice());
    let secret = sample.digest.clone();
    let record = sample.in_table(&table).await;
    let refused = Fault { operation: "TransactWriteItems", times: u32::MAX, ..THROTTLED };
    let behind = Behind::new(&table, refused).await;
    let failure = rotated(&table, &behind, &Sample::owned_by(&alice()).digest, &record.id).await;
    assert!(matches!(failure, Err(Error::Unavailable(_))), "{failure:?}");
    let after = table.tokens.credential(&record.id).await.unwrap().unwrap();
    assert_eq!(after.secrets.verify(&secret, now()), SecretMatch::Current);
    assert_eq!(after.record, record);
    assert_eq!(kinds(&table, &record.id).await, ["created"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_cancelled_for_another_reason_fails_and_writes_nothing() {
    let table = Table::in_process().await;
    let cancelled = Fault {
        body: r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"cancelled [ValidationError, None]","CancellationReasons":[{"Code":"ValidationError","Message":"too large"},{"Code":"None"}]}"#,
        times: u32::MAX,
        ..CONFLICT
    };
    let behind = Behind::new(&table, cancelled).await;
    let Sample { record, digest } = Sample::owned_by(&alice());
    let failure = behind.tokens.create(&record, &digest, &by_whom(), &clock_at(record.created_at), super::LIMITS).await;
    assert!(matches!(failure, Err(Error::Unavailable(_))), "{failure:?}");
    assert_eq!(behind.hit.load(Ordering::SeqCst), 1, "it is not tried again and again");
    assert_eq!((table.item(&record.id).await, table.slots(&alice()).await), (None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_cannot_read_the_slots_writes_nothing() {
    let table = Table::in_process().await;
    let behind = Behind::new(&table, Fault { times: u32::MAX, ..INTERNAL }).await;
    let Sample { record, digest } = Sample::owned_by(&alice());
    let failure = behind.tokens.create(&record, &digest, &by_whom(), &clock_at(record.created_at), super::LIMITS).await;
    assert!(matches!(failure, Err(Error::Unavailable(_))), "{failure:?}");
    assert_eq!(table.item(&record.id).await, None);
}
