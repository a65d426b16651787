//! What a client does with the table, step by step. A step is one read or one transaction, as in `shared/src/store`.

use super::fault::Fault;
use super::table::{Approval, ApprovalId, Event, Id, Record, Secret, Slots, Table, Time, TokenApprovals};

/// Maximum number of live tokens of the owner.
pub(super) const LIMIT: usize = 2;

/// An operation of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    Create(Id),
    /// Sets a later expiry.
    Extend(Id),
    /// Rotates a token that has expired, with a new expiry. The new secret plays no part.
    Renew(Id),
    /// With an overlap.
    Rotate(Id),
    Disable(Id),
    /// The authorizer disables the token, because a secret was used again.
    Quarantine(Id),
    Enable(Id),
    Revoke(Id),
    Delete(Id),
    /// A request with the token, and the note of its use after the response.
    Use(Id),
    Exchange(Id),
    RequestApproval(ApprovalId),
    Approve(ApprovalId),
    Reject(ApprovalId),
    EndApproval(ApprovalId),
    UseApproval(ApprovalId),
}

/// Where a client is in its operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Begin,
    /// Has read the record, and for a change of the expiry goes on with the slots.
    HasRecord(Record),
    /// Has read the slots, and reads the records of these tokens if no slot is free.
    HasSlots {
        record: Option<Record>,
        slots: Slots,
        unread: Vec<Id>,
    },
    /// Has read the item of an approval.
    HasApproval(Approval),
    /// Has read an item and then the record, and reads the item again.
    IsUnsettled(TokenApprovals),
    /// Has read the record's approvals, and for a decision goes on with whether the one for one use is used up.
    HasApprovals {
        seen: TokenApprovals,
        is_used: Option<bool>,
    },
    /// The record allows the request, and it uses up the approval.
    IsAllowed,
    /// Has committed; the rest is housekeeping.
    Committed(Option<Slots>),
    /// Responded, or stopped.
    End,
}

/// What a step has done, for the model's books.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Effect {
    /// A transaction was committed, with this event.
    pub(super) committed: Option<(Id, Event)>,
    /// The client learned that its operation succeeded.
    pub(super) acknowledged: bool,
    /// The authorizer allowed the request.
    pub(super) allowed: bool,
}

/// A client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Client {
    pub(super) operation: Operation,
    pub(super) step: Step,
    /// The secret that its operation hands out.
    pub(super) secret: Secret,
}

impl Client {
    /// Takes the next step.
    pub(super) fn step(&mut self, table: &mut Table, now: Time, fault: Option<Fault>) -> Effect {
        let step = std::mem::replace(&mut self.step, Step::End);
        match self.operation {
            Operation::Create(id) => self.create(id, step, table, now, fault),
            Operation::Extend(id) => self.extend(id, Event::Extended, step, table, now, fault),
            Operation::Renew(id) => self.extend(id, Event::Renewed, step, table, now, fault),
            Operation::Rotate(id) => {
                let secret = self.secret;
                self.change(id, Event::Rotated, step, table, fault, |seen| {
                    let previous = (fault != Some(Fault::OverlapIgnored)).then_some(seen.current);
                    Record { current: secret, previous, ..seen }
                })
            }
            Operation::Enable(id) => {
                self.change(id, Event::Enabled, step, table, fault, |seen| Record { disabled: false, ..seen })
            }
            Operation::Disable(id) => self.end(id, Event::Disabled, step, table, fault),
            Operation::Quarantine(id) => self.quarantine(id, table, fault),
            Operation::Revoke(id) => self.end(id, Event::Revoked, step, table, fault),
            Operation::Delete(id) => self.delete(id, &step, table, fault),
            Operation::Use(id) => self.use_token(id, step, table, now, fault),
            Operation::Exchange(id) => self.exchange(id, table, fault),
            Operation::RequestApproval(id) => self.request_approval(id, step, table, now, fault),
            Operation::Approve(id) => self.decide(id, true, step, table, now, fault),
            Operation::Reject(id) => self.decide(id, false, step, table, now, fault),
            Operation::EndApproval(id) => self.end_approval(id, step, table, now, fault),
            Operation::UseApproval(id) => self.use_approval(id, &step, table, now, fault),
        }
    }

    fn create(&mut self, id: Id, step: Step, table: &mut Table, now: Time, fault: Option<Fault>) -> Effect {
        let Step::HasSlots { slots, unread, .. } = step else {
            return self.read_slots(id, None, table, now);
        };
        let new = Record::new(self.secret, true);
        match self.free_slot(id, None, slots, unread, table, new.expires_at) {
            Some(taken) => {
                let is_new = !table.records.contains_key(&id);
                if is_new && (table.slots.version + 1 == taken.version || fault == Some(Fault::UncheckedSlots)) {
                    table.slots = taken;
                    table.records.insert(id, new);
                    return self.commit(id, Event::Created, table, fault);
                }
                // A token with this ID exists, or it tries again.
                self.step = if is_new { Step::Begin } else { Step::End };
                Effect::default()
            }
            None => Effect::default(),
        }
    }

    /// A change of the expiry: of a live token, or with a rotation of an expired one.
    fn extend(
        &mut self,
        id: Id,
        event: Event,
        step: Step,
        table: &mut Table,
        now: Time,
        fault: Option<Fault>,
    ) -> Effect {
        let renews = event == Event::Renewed;
        // A token that has expired is not renewed with its old secret.
        let is_subject = |record: &Record| !record.revoked && record.is_live(now) != renews;
        match step {
            Step::HasRecord(seen) if !is_subject(&seen) => Effect::default(),
            Step::HasRecord(seen) => self.read_slots(id, Some(seen), table, now),
            Step::HasSlots { record: Some(seen), slots, unread } => {
                let Some(taken) = self.free_slot(id, Some(seen.clone()), slots, unread, table, 2) else {
                    return Effect::default();
                };
                let current = table.records.get_mut(&id).filter(|record| record.version == seen.version);
                match current {
                    Some(record) if table.slots.version + 1 == taken.version => {
                        table.slots = taken;
                        record.expires_at = 2;
                        record.version += 1;
                        if renews && fault != Some(Fault::RenewalKeepsApprovals) {
                            record.approvals = TokenApprovals::default();
                        }
                        self.commit(id, event, table, fault)
                    }
                    // Other slots are read again; another version is a conflict for the caller.
                    Some(_) => {
                        self.step = Step::HasRecord(seen);
                        Effect::default()
                    }
                    None => Effect::default(),
                }
            }
            _ => {
                let seen = table.records.get(&id).filter(|record| is_subject(record));
                self.step = seen.map_or(Step::End, |record| Step::HasRecord(record.clone()));
                Effect::default()
            }
        }
    }

    /// A change of settings or secrets, on the condition of the version that was read.
    fn change(
        &mut self,
        id: Id,
        event: Event,
        step: Step,
        table: &mut Table,
        fault: Option<Fault>,
        next: impl Fn(Record) -> Record,
    ) -> Effect {
        let Step::HasRecord(seen) = step else {
            let seen = table.records.get(&id).filter(|record| !record.revoked);
            self.step = seen.map_or(Step::End, |record| Step::HasRecord(record.clone()));
            return Effect::default();
        };
        let Some(current) = table.records.get_mut(&id) else { return Effect::default() };
        if current.version != seen.version && fault != Some(Fault::BlindUpdate) {
            return Effect::default();
        }
        // These are groups of their own, which an update does not write.
        let (used, approvals) = (current.used, current.approvals.clone());
        *current = Record { version: seen.version + 1, used, approvals, ..next(seen) };
        self.commit(id, event, table, fault)
    }

    /// Revokes or disables: one group of the record, on the condition that it is not revoked.
    fn end(&mut self, id: Id, event: Event, step: Step, table: &mut Table, fault: Option<Fault>) -> Effect {
        if let Step::Committed(Some(mut slots)) = step {
            slots.live.remove(&id);
            table.slots.live = slots.live;
            return Effect { acknowledged: true, ..Effect::default() };
        }
        let Step::HasRecord(_) = step else {
            match table.records.get(&id) {
                // Repeating a revocation has no effect, and succeeds.
                Some(record) if record.revoked => return Effect { acknowledged: true, ..Effect::default() },
                Some(record) => self.step = Step::HasRecord(record.clone()),
                None => {}
            }
            return Effect::default();
        };
        match table.records.get_mut(&id) {
            Some(record) if !record.revoked => {
                record.version += 1;
                match event {
                    Event::Revoked => record.revoked = true,
                    _ => record.disabled = true,
                }
                if event == Event::Revoked || fault != Some(Fault::DisablingKeepsApprovals) {
                    record.approvals = TokenApprovals::default();
                }
                let effect = self.commit(id, event, table, fault);
                if fault == Some(Fault::SlotFreedLater) && event == Event::Revoked {
                    self.step = Step::Committed(Some(table.slots.clone()));
                }
                effect
            }
            // Refused: it reads the record again.
            _ => {
                self.step = Step::Begin;
                Effect::default()
            }
        }
    }

    fn quarantine(&mut self, id: Id, table: &mut Table, fault: Option<Fault>) -> Effect {
        let Some(record) = table.records.get_mut(&id).filter(|record| !record.revoked && !record.disabled) else {
            return Effect::default();
        };
        record.version += 1;
        record.disabled = true;
        record.approvals = TokenApprovals::default();
        self.commit(id, Event::Disabled, table, fault)
    }

    fn delete(&mut self, id: Id, step: &Step, table: &mut Table, fault: Option<Fault>) -> Effect {
        if let Step::Committed(_) = step {
            table.usage.remove(&id);
            return Effect::default();
        }
        if table.records.remove(&id).is_none() {
            return Effect { acknowledged: true, ..Effect::default() };
        }
        let effect = self.commit(id, Event::Deleted, table, fault);
        self.step = Step::Committed(None);
        effect
    }

    fn use_token(&mut self, id: Id, step: Step, table: &mut Table, now: Time, fault: Option<Fault>) -> Effect {
        match step {
            Step::HasRecord(seen) if fault == Some(Fault::CachedRecord) => {
                self.step = Step::HasSlots { record: Some(seen), slots: Slots::default(), unread: Vec::new() };
                Effect { allowed: true, ..Effect::default() }
            }
            Step::HasRecord(seen) | Step::HasSlots { record: Some(seen), .. } => {
                table.usage.insert(id);
                match table.records.get_mut(&id) {
                    Some(record) if record.used == seen.used && !seen.used => {
                        record.used = true;
                        self.commit(id, Event::FirstUsed, table, fault)
                    }
                    None if fault == Some(Fault::UseCreatesRecord) => {
                        table.records.insert(id, Record { used: true, ..seen });
                        Effect::default()
                    }
                    // Another request has noted it, or the token was deleted.
                    _ => Effect::default(),
                }
            }
            _ => {
                let Some(record) = table.records.get(&id).filter(|record| record.is_live(now) && !record.disabled)
                else {
                    return Effect::default();
                };
                self.step = Step::HasRecord(record.clone());
                // The read is the decision.
                let allowed = fault != Some(Fault::CachedRecord);
                Effect { allowed, ..Effect::default() }
            }
        }
    }

    fn exchange(&mut self, id: Id, table: &mut Table, fault: Option<Fault>) -> Effect {
        if table.records.contains_key(&id) || table.exchanged && fault != Some(Fault::UncheckedIdentity) {
            return Effect::default();
        }
        table.exchanged = true;
        table.records.insert(id, Record::new(self.secret, false));
        self.commit(id, Event::Created, table, fault)
    }

    /// Reads the slots, without those of expired tokens and of this one.
    fn read_slots(&mut self, id: Id, record: Option<Record>, table: &Table, now: Time) -> Effect {
        let mut slots = table.slots.clone();
        slots.live.retain(|other, until| *other != id && *until > now);
        let unread = if slots.live.len() < LIMIT { Vec::new() } else { slots.live.keys().copied().collect() };
        self.step = Step::HasSlots { record, slots, unread };
        Effect::default()
    }

    /// The slots with one for this token. `None` if there is none, or another record is to be read first.
    fn free_slot(
        &mut self,
        id: Id,
        record: Option<Record>,
        mut slots: Slots,
        mut unread: Vec<Id>,
        table: &Table,
        until: Time,
    ) -> Option<Slots> {
        // Each record is read on its own: a batch is no snapshot.
        if let Some(other) = unread.pop() {
            if table.records.get(&other).is_none_or(|record| record.revoked) {
                slots.live.remove(&other);
            }
            self.step = Step::HasSlots { record, slots, unread };
            return None;
        }
        (slots.live.len() < LIMIT).then(|| {
            slots.live.insert(id, until);
            Slots { version: slots.version + 1, ..slots }
        })
    }

    pub(super) fn commit(&mut self, id: Id, event: Event, table: &mut Table, fault: Option<Fault>) -> Effect {
        if fault != Some(Fault::EventWrittenLater) {
            table.events.insert((id, event));
        }
        Effect { committed: Some((id, event)), acknowledged: true, allowed: false }
    }
}
