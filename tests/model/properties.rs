//! What holds in every state.

use std::collections::BTreeSet;

use stateright::Property;

use super::approvals::{APPROVAL_LIMIT, REQUESTER};
use super::protocol::{LIMIT, Operation};
use super::table::{Event, ONCE, Secret};
use super::{Clients, World};

pub(super) const STAYS_ENDED: &str = "an ended token stays ended";
pub(super) const NOT_ALLOWED_AFTER_END: &str = "no request is allowed after an acknowledged end";
pub(super) const WITHIN_LIMIT: &str = "live tokens stay within the limit";
pub(super) const HAS_SLOT: &str = "every live token has a slot";
pub(super) const HAS_EVENT: &str = "every change has its event";
pub(super) const CREATED_ONCE: &str = "a create succeeds once";
pub(super) const EXCHANGED_ONCE: &str = "an identity is exchanged once";
pub(super) const HAS_SECRET: &str = "a rotation leaves a secret that its holder has";
pub(super) const ALLOWS_ONE: &str = "an approval for one use allows one request";
pub(super) const USED_OR_ENDED: &str = "an approval is used or ended, not both";
pub(super) const DECIDED_ONCE: &str = "a request is approved or rejected, not both";
pub(super) const ITEM_AGREES: &str = "an approval's item agrees with its token's record";
pub(super) const NOTHING_OPEN: &str = "a revoked or disabled token has no approvals";
pub(super) const APPROVALS_WITHIN_LIMIT: &str = "approvals stay within the limit";

pub(super) fn of_tokens() -> Vec<Property<Clients>> {
    vec![
        Property::always(STAYS_ENDED, |_, world: &World| {
            let is_ended = |id| world.committed.contains(&(id, Event::Revoked));
            let is_deleted = |id| world.committed.contains(&(id, Event::Deleted));
            world.table.records.iter().all(|(id, record)| !is_deleted(*id) && (!is_ended(*id) || record.revoked))
        }),
        Property::always(NOT_ALLOWED_AFTER_END, |_, world: &World| !world.allowed_too_late),
        Property::always(WITHIN_LIMIT, |_, world: &World| {
            world.table.live(world.now).filter(|(_, record)| record.counted).count() <= LIMIT
        }),
        Property::always(HAS_SLOT, |_, world: &World| {
            let slots = &world.table.slots.live;
            world.table.live(world.now).all(|(id, record)| !record.counted || slots.contains_key(&id))
        }),
        Property::always(HAS_EVENT, |_, world: &World| world.committed.is_subset(&world.table.events)),
        Property::always(CREATED_ONCE, |_, world: &World| {
            let made: Vec<_> = world.successful().filter(|made| matches!(made, Operation::Create(_))).collect();
            made.len() == made.iter().map(|made| format!("{made:?}")).collect::<BTreeSet<_>>().len()
        }),
        Property::always(EXCHANGED_ONCE, |_, world: &World| {
            world.table.records.values().filter(|record| !record.counted).count() <= 1
        }),
        Property::always(HAS_SECRET, |_, world: &World| {
            let handed_out = world.clients.iter().enumerate().filter(|(at, _)| world.succeeded.contains(at));
            let known: Vec<Secret> = handed_out.map(|(_, client)| client.secret).chain([0]).collect();
            world.table.records.get(&0).is_none_or(|record| known.iter().any(|secret| record.accepts(*secret)))
        }),
    ]
}

pub(super) fn of_approvals() -> Vec<Property<Clients>> {
    vec![
        Property::always(ALLOWS_ONE, |_, world: &World| {
            world.successful().filter(|done| *done == Operation::UseApproval(ONCE)).count() <= 1
        }),
        Property::always(USED_OR_ENDED, |_, world: &World| {
            world.table.approvals.values().all(|item| !(item.used && item.ended))
        }),
        Property::always(DECIDED_ONCE, |_, world: &World| {
            let is_committed = |event| world.committed.contains(&(REQUESTER, event));
            let mut ids = world.table.approvals.keys();
            ids.all(|id| !(is_committed(Event::ApprovalApproved(*id)) && is_committed(Event::ApprovalRejected(*id))))
        }),
        Property::always(ITEM_AGREES, |_, world: &World| {
            let open = world.table.records.get(&REQUESTER).map(|record| &record.approvals);
            world.table.approvals.iter().all(|(id, item)| {
                let is_pending = open.is_some_and(|open| open.pending.contains(id));
                let is_live = open.is_some_and(|open| open.live.contains(id));
                let expected = match (item.decision, item.ended) {
                    (None, false) => [true, false],
                    (Some(true), false) => [false, true],
                    _ => [false, false],
                };
                // Its token has ended it, or the next approval has removed one that was used up.
                let is_over = item.used || world.ended.contains(id);
                [is_pending, is_live] == expected || is_over && !is_pending && !is_live
            })
        }),
        Property::always(NOTHING_OPEN, |_, world: &World| {
            let mut records = world.table.records.values();
            records.all(|record| !record.revoked && !record.disabled || record.approvals == Default::default())
        }),
        Property::always(APPROVALS_WITHIN_LIMIT, |_, world: &World| {
            let mut records = world.table.records.values();
            records.all(|record| record.approvals.pending.len().max(record.approvals.live.len()) <= APPROVAL_LIMIT)
        }),
    ]
}

/// Each client can succeed; otherwise the model would show nothing.
pub(super) fn successes(clients: usize) -> impl Iterator<Item = Property<Clients>> {
    let succeeds = [succeeds::<0>, succeeds::<1>, succeeds::<2>, succeeds::<3>, succeeds::<4>, succeeds::<5>];
    let names = ["first", "second", "third", "fourth", "fifth", "sixth"];
    names.into_iter().zip(succeeds).take(clients).map(|(name, condition)| Property::sometimes(name, condition))
}

fn succeeds<const AT: usize>(_: &Clients, world: &World) -> bool {
    world.succeeded.contains(&AT)
}
