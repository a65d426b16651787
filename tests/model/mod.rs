//! A model of the store's transactions, checked exhaustively: every order of the steps of some clients, a crash before
//! each step, and a lost response after each commit. `docs/protocol.md` describes it.

mod approvals;
mod fault;
mod properties;
mod protocol;
mod table;

use std::collections::BTreeSet;

use stateright::{Checker as _, HasDiscoveries, Model, Property};

use approvals::REQUESTER;
use fault::Fault;
use properties::{
    ALLOWS_ONE, APPROVALS_WITHIN_LIMIT, DECIDED_ONCE, EXCHANGED_ONCE, HAS_EVENT, HAS_SECRET, HAS_SLOT, ITEM_AGREES,
    NOT_ALLOWED_AFTER_END, NOTHING_OPEN, STAYS_ENDED, USED_OR_ENDED, WITHIN_LIMIT,
};
use protocol::{Client, Operation, Step};
use table::{ANY, ApprovalId, Event, Id, ONCE, Record, Secret, Table, Time};

/// Clients that work at the same time.
#[derive(Clone, Debug)]
struct Clients {
    operations: &'static [Operation],
    fault: Option<Fault>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    table: Table,
    now: Time,
    clients: Vec<Client>,
    /// The clients that know that their operation succeeded.
    succeeded: BTreeSet<usize>,
    /// The changes that were committed.
    committed: BTreeSet<(Id, Event)>,
    /// The approvals that have ended, on their own or with their token.
    ended: BTreeSet<ApprovalId>,
    /// The clients whose request began after the end of the approval that it needs.
    late: BTreeSet<usize>,
    /// Whether a request was allowed after the end of its token or approval was acknowledged.
    allowed_too_late: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Step(usize),
    /// A step that commits, whose response is lost.
    StepWithoutResponse(usize),
    Crash(usize),
    /// Tokens expire.
    Tick,
}

impl Model for Clients {
    type State = World;
    type Action = Action;

    /// Tokens 0 and 1 are live and take all slots.
    fn init_states(&self) -> Vec<World> {
        let mut table = Table::default();
        for id in [0, 1] {
            table.records.insert(id, Record::new(id, true));
            table.slots.live.insert(id, 1);
        }
        let client = |(at, operation): (usize, &Operation)| Client {
            operation: *operation,
            step: Step::Begin,
            secret: 10 + Secret::try_from(at).unwrap(),
        };
        let clients = self.operations.iter().enumerate().map(client).collect();
        let (succeeded, committed, ended, late) = Default::default();
        vec![World { table, now: 0, clients, succeeded, committed, ended, late, allowed_too_late: false }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        for (at, client) in world.clients.iter().enumerate() {
            if client.step != Step::End {
                actions.extend([Action::Step(at), Action::StepWithoutResponse(at), Action::Crash(at)]);
            }
        }
        if world.now == 0 {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, before: &World, action: Action) -> Option<World> {
        let mut world = before.clone();
        match action {
            Action::Tick => world.now += 1,
            Action::Crash(at) => world.clients[at].step = Step::End,
            Action::Step(at) | Action::StepWithoutResponse(at) => {
                if world.begins_late(at) {
                    world.late.insert(at);
                }
                let effect = world.clients[at].step(&mut world.table, world.now, self.fault);
                world.committed.extend(effect.committed);
                if effect.acknowledged {
                    world.note_ended_approvals(world.clients[at].operation);
                }
                if action == Action::Step(at) {
                    world.allowed_too_late |= effect.allowed && world.is_too_late(at);
                    world.succeeded.extend((effect.allowed || effect.acknowledged).then_some(at));
                } else if effect.acknowledged {
                    world.clients[at].step = Step::End;
                } else {
                    return None;
                }
            }
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let successes = properties::successes(self.operations.len());
        properties::of_tokens().into_iter().chain(properties::of_approvals()).chain(successes).collect()
    }
}

impl World {
    fn successful(&self) -> impl Iterator<Item = Operation> {
        self.succeeded.iter().map(|at| self.clients[*at].operation)
    }

    /// Whether a request is allowed although its token had ended before, or its approval before it began.
    fn is_too_late(&self, at: usize) -> bool {
        match self.clients[at].operation {
            Use(id) => self.successful().any(|done| done == Revoke(id) || done == Delete(id)),
            _ => self.late.contains(&at),
        }
    }

    fn begins_late(&self, at: usize) -> bool {
        let Client { operation, step, .. } = &self.clients[at];
        *step == Step::Begin && matches!(operation, UseApproval(id) if self.ended.contains(id))
    }

    fn note_ended_approvals(&mut self, done: Operation) {
        match done {
            EndApproval(ended) => self.end_approvals(|id| id == ended),
            Disable(REQUESTER) | Quarantine(REQUESTER) | Revoke(REQUESTER) | Delete(REQUESTER) | Renew(REQUESTER) => {
                self.end_approvals(|_| true);
            }
            _ => {}
        }
    }

    fn end_approvals(&mut self, is_ended: impl Fn(ApprovalId) -> bool) {
        self.ended.extend(self.table.approvals.keys().copied().filter(|id| is_ended(*id)));
    }
}

use Operation::{
    Approve, Create, Delete, Disable, Enable, EndApproval, Exchange, Extend, Quarantine, Reject, Renew,
    RequestApproval, Revoke, Rotate, Use, UseApproval,
};

/// Two creates compete for the slots of tokens that end, while one of these is extended.
const LIMITED: &[Operation] = &[Create(2), Create(3), Revoke(0), Extend(1), Delete(1)];
/// Everything that changes one token, and its use.
const ONE_TOKEN: &[Operation] = &[Rotate(0), Enable(0), Disable(0), Revoke(0), Use(0)];
/// A token is deleted while it is used and changed.
const DELETED: &[Operation] = &[Delete(0), Revoke(0), Enable(0), Use(0), Use(0)];
/// A create and an exchange are repeated.
const REPEATED: &[Operation] = &[Create(2), Create(2), Exchange(4), Exchange(5), Revoke(0)];
/// A request is decided by two approvers, and ended, while two requests need the approval.
const DECIDED: &[Operation] =
    &[RequestApproval(ONCE), Approve(ONCE), Reject(ONCE), EndApproval(ONCE), UseApproval(ONCE), UseApproval(ONCE)];
/// A token is disabled and enabled again while it requests an approval and uses it.
const ENABLED: &[Operation] =
    &[RequestApproval(ANY), Approve(ANY), Disable(0), Quarantine(0), Enable(0), UseApproval(ANY)];
/// A token expires and is extended or renewed while it requests an approval and uses it.
const RENEWED: &[Operation] =
    &[RequestApproval(ANY), Approve(ANY), EndApproval(ANY), Extend(0), Renew(0), UseApproval(ANY)];
/// A token is revoked and deleted while it requests an approval and uses it.
const REVOKED: &[Operation] = &[RequestApproval(ONCE), Approve(ONCE), Revoke(0), Delete(0), UseApproval(ONCE)];
/// A token has one pending request and one live approval at most.
const TWO_APPROVALS: &[Operation] =
    &[RequestApproval(ONCE), RequestApproval(ANY), Approve(ONCE), Approve(ANY), EndApproval(ONCE), UseApproval(ONCE)];

/// Checks every state. `docs/protocol.md` has their number.
fn check(operations: &'static [Operation], states: usize) {
    let checker = Clients { operations, fault: None }.checker().spawn_bfs().join();
    checker.assert_properties();
    assert_eq!(checker.unique_state_count(), states, "docs/protocol.md");
}

fn assert_finds(fault: Fault, operations: &'static [Operation], broken: &'static str) {
    let faulty = Clients { operations, fault: Some(fault) };
    let checker = faulty.checker().finish_when(HasDiscoveries::AnyOf(BTreeSet::from([broken]))).spawn_bfs().join();
    assert!(checker.discoveries().contains_key(broken), "{fault:?} is not found");
}

#[test]
fn creates_extensions_and_revocations_keep_the_limit() {
    check(LIMITED, 60_652);
}

#[test]
fn concurrent_changes_of_one_token_never_undo_its_revocation() {
    check(ONE_TOKEN, 23_416);
}

#[test]
fn a_deleted_token_never_comes_back() {
    check(DELETED, 11_670);
}

#[test]
fn a_repeated_create_or_exchange_succeeds_once() {
    check(REPEATED, 7_548);
}

#[test]
fn an_approval_is_decided_once_and_for_one_use_used_once() {
    check(DECIDED, 15_392);
}

#[test]
fn an_enabled_token_has_none_of_its_earlier_approvals() {
    check(ENABLED, 25_352);
}

#[test]
fn a_renewed_token_has_none_of_its_earlier_approvals() {
    check(RENEWED, 33_080);
}

#[test]
fn a_revoked_or_deleted_token_has_no_approvals() {
    check(REVOKED, 3_512);
}

#[test]
fn concurrent_requests_and_approvals_keep_the_limit() {
    check(TWO_APPROVALS, 14_160);
}

#[test]
fn the_model_finds_each_fault() {
    assert_finds(Fault::CachedRecord, ONE_TOKEN, NOT_ALLOWED_AFTER_END);
    assert_finds(Fault::BlindUpdate, ONE_TOKEN, STAYS_ENDED);
    assert_finds(Fault::UncheckedSlots, LIMITED, WITHIN_LIMIT);
    assert_finds(Fault::SlotFreedLater, LIMITED, HAS_SLOT);
    assert_finds(Fault::EventWrittenLater, ONE_TOKEN, HAS_EVENT);
    assert_finds(Fault::UseCreatesRecord, DELETED, STAYS_ENDED);
    assert_finds(Fault::OverlapIgnored, ONE_TOKEN, HAS_SECRET);
    assert_finds(Fault::UncheckedIdentity, REPEATED, EXCHANGED_ONCE);
    assert_finds(Fault::ApprovalUsedAgain, DECIDED, ALLOWS_ONE);
    assert_finds(Fault::EndedApprovalUsed, DECIDED, USED_OR_ENDED);
    assert_finds(Fault::DisablingKeepsApprovals, ENABLED, NOT_ALLOWED_AFTER_END);
    assert_finds(Fault::UnwrittenEnd, RENEWED, NOT_ALLOWED_AFTER_END);
    assert_finds(Fault::RenewalKeepsApprovals, RENEWED, NOT_ALLOWED_AFTER_END);
    assert_finds(Fault::UncheckedToken, ENABLED, NOTHING_OPEN);
    assert_finds(Fault::BlindApprovals, TWO_APPROVALS, ITEM_AGREES);
    assert_finds(Fault::UncheckedDecision, DECIDED, DECIDED_ONCE);
    assert_finds(Fault::AppendedRequest, TWO_APPROVALS, APPROVALS_WITHIN_LIMIT);
}
