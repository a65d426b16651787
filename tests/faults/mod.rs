//! Faults: what a caller gets, and that nothing is half written, when DynamoDB, its network, the clock or the OIDC
//! provider fails. The tests compare their results with the tables of `docs/reliability.md`, those of DynamoDB with
//! `make faults` only; with `UPDATE=1` they write them.
//!
//! Each operation runs with each kind of fault in each of its DynamoDB calls, on data of its own. The functions use the
//! SDK's client and the authorizer uses its own, as in a deployment. In an ordinary run, the calls take turns with the
//! errors of a kind, and the two reads that all functions begin with have one fault each, except in one operation.
//! `make faults` tries every error, and every duration, in every call.

mod clock;
mod fault;
mod operation;
mod page;
mod provider;
mod snapshot;
mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use portcullis::store::Timeouts;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::{DynamoDbProxy, Reply};
use fault::{Fault, Kind};
use operation::{Answer, Operation, Subject};
use snapshot::Snapshot;
use world::{LIMIT, World};

/// Cases that run at the same time. Most wait for the next attempt.
const CONCURRENT: usize = 192;
/// Ends a case that hangs, and none that is slow because other work uses the machine.
const TEN_MINUTES: Duration = Duration::from_secs(600);
/// Timeouts if DynamoDB does not respond. A write after a response has a fifth of the last one.
const SHORT: Timeouts =
    Timeouts { connect: TEN_MINUTES, attempt: Duration::from_secs(3), operation: Duration::from_secs(30) };

/// A fault of one call of an operation.
struct Case {
    operation: Operation,
    /// Number of the call.
    at: usize,
    /// DynamoDB operation of the call.
    call: String,
    fault: Fault,
    /// The answer without a fault.
    expected: Answer,
}

/// What happened in a case.
struct Outcome {
    case: Case,
    subject: Arc<Subject>,
    answer: Answer,
    /// Whether requests with the subject's tokens are allowed afterwards.
    allowed: Vec<bool>,
    /// Whether a request with the new token or secret is allowed.
    new_allowed: Option<bool>,
}

/// Number of cases by result.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    cases: usize,
    success: usize,
    refused: usize,
    unavailable: usize,
    /// Cases that were answered with an error although the change is in the table.
    written: usize,
}

/// An operation without faults: its subject, its answer, and its DynamoDB operations.
async fn without_fault(world: &World, operation: Operation) -> (Arc<Subject>, Answer, Vec<String>) {
    let subject = operation.prepare(world).await;
    let engine = subject.world.as_deref().unwrap_or(world).table.engine_url();
    let proxy = DynamoDbProxy::start(engine, |_, _| Reply::Engine(Value::Null)).await;
    let answer = operation.run(world, &subject, &proxy.url, Timeouts::ONE_MACHINE).await;
    assert!(matches!(answer, Answer::Success(_)), "{operation:?}: {answer:?}");
    let calls = proxy.take().into_iter().map(|call| call.operation).collect();
    (Arc::new(subject), answer, calls)
}

impl Case {
    async fn run(self, world: &World, shared: Arc<Subject>) -> Outcome {
        let operation = self.operation;
        let subject = if operation.is_read() { shared } else { Arc::new(operation.prepare(world).await) };
        let engine = subject.world.as_deref().unwrap_or(world).table.engine_url();
        let (at, target, fault) = (self.at, self.call.clone(), self.fault.clone());
        let (calls, hits) = (AtomicUsize::new(0), AtomicU32::new(0));
        let proxy = DynamoDbProxy::start(engine, move |operation, _| {
            let has_begun = calls.fetch_add(1, Ordering::SeqCst) >= at;
            let is_hit = has_begun && (operation == target || fault.hits_every_operation());
            if is_hit && hits.fetch_add(1, Ordering::SeqCst) < fault.times {
                Reply::Failure { symptom: fault.symptom.clone(), after: fault.after }
            } else {
                Reply::Engine(Value::Null)
            }
        });
        let proxy = proxy.await;
        let timeouts = if self.fault.kind == Kind::Silence { SHORT } else { Timeouts::ONE_MACHINE };
        let run = timeout(TEN_MINUTES, operation.run(world, &subject, &proxy.url, timeouts));
        let answer = run.await.unwrap_or_else(|_| Answer::Undocumented("no answer".to_owned()));
        let (mut allowed, mut new_allowed) = (Vec::new(), None);
        if !operation.is_read() && subject.world.is_none() {
            for token in &subject.tokens {
                allowed.push(world.allows(&token.secret).await);
            }
            let new = match &answer {
                Answer::Success(body) => [&body["token"], &body["access_token"]].into_iter().find_map(Value::as_str),
                _ => None,
            };
            if let Some(secret) = new {
                new_allowed = Some(world.allows(secret).await);
            }
        }
        Outcome { case: self, subject, answer, allowed, new_allowed }
    }
}

impl Outcome {
    /// The promises that were broken.
    fn broken(&self, snapshot: &Snapshot) -> Vec<&'static str> {
        let Self { case: Case { operation, .. }, subject, answer, .. } = self;
        let mut broken = Vec::new();
        let mut must = |holds: bool, promise| {
            if !holds {
                broken.push(promise);
            }
        };
        must(!matches!(answer, Answer::Undocumented(_)), "the answer is documented");
        let conflicts = self.case.fault.kind == Kind::Conflict;
        must(conflicts || !matches!(answer, Answer::Refused(_)), "only a conflict is a refusal");
        if operation.is_read() {
            must(*answer == self.case.expected || *answer == Answer::Unavailable, "the answer is true");
            return broken;
        }
        let is_done = self.is_done(snapshot);
        must(!operation.is_repeated(subject, snapshot), "the change happens once");
        match answer {
            Answer::Success(_) if operation.is_acknowledged() => must(is_done, "what is acknowledged is there"),
            Answer::Refused(_) => must(!is_done, "what is refused is not there"),
            Answer::Incomplete(failed) => {
                let named = |id: &String| failed.contains(id) || snapshot.records[id].is_revoked;
                must(subject.tokens.iter().all(|token| named(&token.id)), "tokens that are not revoked are named");
            }
            _ => {}
        }
        for (token, allowed) in subject.tokens.iter().zip(&self.allowed) {
            let rotated = *operation == Operation::Rotate && is_done;
            let retired = matches!(operation, Operation::Quarantine | Operation::IntrospectRetired);
            let expected = snapshot.is_live(&token.id) && !rotated && !retired;
            must(*allowed == expected, "a token is allowed only if it is active");
        }
        must(self.new_allowed != Some(false), "an issued token works");
        broken
    }

    fn is_done(&self, snapshot: &Snapshot) -> bool {
        !self.case.operation.is_read() && self.case.operation.is_done(&self.subject, snapshot)
    }

    fn count(&self, snapshot: &Snapshot, tally: &mut Tally) {
        tally.cases += 1;
        match self.answer {
            Answer::Success(_) => tally.success += 1,
            Answer::Refused(_) => tally.refused += 1,
            _ => {
                tally.unavailable += 1;
                tally.written += usize::from(self.is_done(snapshot));
            }
        }
    }
}

/// The cases of a run.
async fn cases(world: &World, all: bool) -> Vec<(Case, Arc<Subject>)> {
    let (mut cases, mut turn) = (Vec::new(), 0);
    for operation in Operation::ALL {
        let (subject, expected, calls) = without_fault(world, operation).await;
        for (at, call) in calls.into_iter().enumerate() {
            let mut faults = if all { Fault::all(&call) } else { Fault::ordinary(&call, turn) };
            turn += 1;
            // All functions begin with the same two reads: the schema version and the caller.
            if !all && operation.is_of_function() && operation != Operation::ReadToken && at < 2 {
                faults = vec![faults.swap_remove(turn % faults.len())];
            }
            for fault in faults {
                let case = Case { operation, at, call: call.clone(), fault, expected: expected.clone() };
                cases.push((case, Arc::clone(&subject)));
            }
        }
    }
    cases
}

#[expect(clippy::disallowed_methods, reason = "the environment sets how long the test takes")]
fn tries_all() -> bool {
    std::env::var("PORTCULLIS_TEST_FAULTS").is_ok_and(|faults| faults == "all")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_every_call_keeps_the_promises() {
    let (world, all) = (Arc::new(World::new().await), tries_all());
    let permits = Arc::new(Semaphore::new(CONCURRENT));
    let mut running = JoinSet::new();
    for (case, subject) in cases(&world, all).await {
        let (world, permits) = (Arc::clone(&world), Arc::clone(&permits));
        running.spawn(async move {
            let _permit = permits.acquire_owned().await;
            case.run(&world, subject).await
        });
    }
    let outcomes = running.join_all().await;
    let common = Snapshot::of(&world.table).await;
    let mut problems = common.contradictions(LIMIT);
    let (mut by_kind, mut by_operation) = (BTreeMap::<_, Tally>::new(), BTreeMap::<_, Tally>::new());
    for outcome in &outcomes {
        let own = match &outcome.subject.world {
            Some(world) => Some(Snapshot::of(&world.table).await),
            None => None,
        };
        let snapshot = own.as_ref().unwrap_or(&common);
        let Case { operation, at, call, fault, .. } = &outcome.case;
        for promise in outcome.broken(snapshot) {
            problems.push(format!("{promise}: {operation:?}, call {at} ({call}), {fault:?}: {:?}", outcome.answer));
        }
        outcome.count(snapshot, by_kind.entry(fault.kind).or_default());
        outcome.count(snapshot, by_operation.entry(operation.group()).or_default());
    }
    println!("{} cases", outcomes.len());
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
    // An ordinary run tries too little for the page.
    if all {
        page::check("faults", &page::faults(&by_kind));
        page::check("operations", &page::operations(&by_operation));
    }
}
