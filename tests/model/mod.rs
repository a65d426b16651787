//! A model of the store's transactions, checked exhaustively: every order of the steps of some clients, a crash before
//! each step, and a lost response after each commit. `docs/protocol.md` describes it.

mod protocol;
mod table;

use std::collections::BTreeSet;

use stateright::{Checker as _, HasDiscoveries, Model, Property};

use protocol::{Client, Fault, LIMIT, Operation, Step};
use table::{Event, Id, Record, Secret, Table, Time};

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
    /// Whether a request was allowed after the end of its token was acknowledged.
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
        let (succeeded, committed) = Default::default();
        vec![World { table, now: 0, clients, succeeded, committed, allowed_too_late: false }]
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
                let effect = world.clients[at].step(&mut world.table, world.now, self.fault);
                world.committed.extend(effect.committed);
                if let Some(id) = effect.allowed {
                    world.allowed_too_late |= world.ends_acknowledged(id);
                    world.succeeded.insert(at);
                }
                if action == Action::Step(at) {
                    world.succeeded.extend(effect.acknowledged.then_some(at));
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
        let mut properties = vec![
            Property::always("an ended token stays ended", |_, world: &World| {
                let is_ended = |id| world.committed.contains(&(id, Event::Revoked));
                let is_deleted = |id| world.committed.contains(&(id, Event::Deleted));
                world.table.records.iter().all(|(id, record)| !is_deleted(*id) && (!is_ended(*id) || record.revoked))
            }),
            Property::always("no request is allowed after an acknowledged end", |_, world: &World| {
                !world.allowed_too_late
            }),
            Property::always("live tokens stay within the limit", |_, world: &World| {
                world.table.live(world.now).filter(|(_, record)| record.counted).count() <= LIMIT
            }),
            Property::always("every live token has a slot", |_, world: &World| {
                let slots = &world.table.slots.live;
                world.table.live(world.now).all(|(id, record)| !record.counted || slots.contains_key(&id))
            }),
            Property::always("every change has its event", |_, world: &World| {
                world.committed.is_subset(&world.table.events)
            }),
            Property::always("a create succeeds once", |_, world: &World| {
                let made: Vec<_> = world.successful().filter(|made| matches!(made, Create(_))).collect();
                made.len() == made.iter().map(|made| format!("{made:?}")).collect::<BTreeSet<_>>().len()
            }),
            Property::always("an identity is exchanged once", |_, world: &World| {
                world.table.records.values().filter(|record| !record.counted).count() <= 1
            }),
            Property::always("a rotation leaves a secret that its holder has", |_, world: &World| {
                let handed_out = world.clients.iter().enumerate().filter(|(at, _)| world.succeeded.contains(at));
                let known: Vec<Secret> = handed_out.map(|(_, client)| client.secret).chain([0]).collect();
                world.table.records.get(&0).is_none_or(|record| known.iter().any(|secret| record.accepts(*secret)))
            }),
        ];
        let succeeds = [succeeds::<0>, succeeds::<1>, succeeds::<2>, succeeds::<3>, succeeds::<4>, succeeds::<5>];
        let names = ["first", "second", "third", "fourth", "fifth", "sixth"];
        let reachable = names.into_iter().zip(succeeds).take(self.operations.len());
        properties.extend(reachable.map(|(name, condition)| Property::sometimes(name, condition)));
        properties
    }
}

/// Whether a client can succeed at all; otherwise the model would show nothing.
fn succeeds<const AT: usize>(_: &Clients, world: &World) -> bool {
    world.succeeded.contains(&AT)
}

impl World {
    fn successful(&self) -> impl Iterator<Item = Operation> {
        self.succeeded.iter().map(|at| self.clients[*at].operation)
    }

    fn ends_acknowledged(&self, id: Id) -> bool {
        self.successful().any(|done| done == Revoke(id) || done == Delete(id))
    }
}

use Operation::{Create, Delete, Disable, Enable, Exchange, Extend, Revoke, Rotate, Use};

/// Two creates compete for the slots of tokens that end, while one of these is extended.
const LIMITED: &[Operation] = &[Create(2), Create(3), Revoke(0), Extend(1), Delete(1)];
/// Everything that changes one token, and its use.
const ONE_TOKEN: &[Operation] = &[Rotate(0), Enable(0), Disable(0), Revoke(0), Use(0)];
/// A token is deleted while it is used and changed.
const DELETED: &[Operation] = &[Delete(0), Revoke(0), Enable(0), Use(0), Use(0)];
/// A create and an exchange are repeated.
const REPEATED: &[Operation] = &[Create(2), Create(2), Exchange(4), Exchange(5), Revoke(0)];

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
fn the_model_finds_each_fault() {
    assert_finds(Fault::CachedRecord, ONE_TOKEN, "no request is allowed after an acknowledged end");
    assert_finds(Fault::BlindUpdate, ONE_TOKEN, "an ended token stays ended");
    assert_finds(Fault::UncheckedSlots, LIMITED, "live tokens stay within the limit");
    assert_finds(Fault::SlotFreedLater, LIMITED, "every live token has a slot");
    assert_finds(Fault::EventWrittenLater, ONE_TOKEN, "every change has its event");
    assert_finds(Fault::UseCreatesRecord, DELETED, "an ended token stays ended");
    assert_finds(Fault::OverlapIgnored, ONE_TOKEN, "a rotation leaves a secret that its holder has");
    assert_finds(Fault::UncheckedIdentity, REPEATED, "an identity is exchanged once");
}
