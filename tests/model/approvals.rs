//! What a client does with an approval of token 0, step by step, as in `shared/src/store/approvals`.

use super::fault::Fault;
use super::protocol::{Client, Effect, Step};
use super::table::{Approval, ApprovalId, Event, Id, ONCE, Table, Time, TokenApprovals};

/// The token that requests each approval.
pub(super) const REQUESTER: Id = 0;

/// Maximum number of pending requests of the token, and of its live approvals.
pub(super) const APPROVAL_LIMIT: usize = 1;

impl Client {
    pub(super) fn request_approval(
        &mut self,
        id: ApprovalId,
        step: Step,
        table: &mut Table,
        now: Time,
        fault: Option<Fault>,
    ) -> Effect {
        let Step::HasApprovals { seen, .. } = step else {
            let seen = table.open_approvals(REQUESTER, now).filter(|seen| seen.pending.len() < APPROVAL_LIMIT);
            self.step = seen.map_or(Step::End, |seen| Step::HasApprovals { seen: seen.clone(), is_used: Some(false) });
            return Effect::default();
        };
        let mut next = seen.clone();
        next.pending.insert(id);
        let item = (!table.approvals.contains_key(&id)).then(Approval::default);
        self.write_approval(id, item, &seen, next, Event::ApprovalRequested(id), table, fault)
    }

    pub(super) fn decide(
        &mut self,
        id: ApprovalId,
        approves: bool,
        step: Step,
        table: &mut Table,
        now: Time,
        fault: Option<Fault>,
    ) -> Effect {
        match step {
            // Approvals that are used up make room for others.
            Step::HasApprovals { seen, is_used: None } => {
                let is_used = table.approvals.get(&ONCE).is_none_or(|item| item.used || item.ended);
                self.step = Step::HasApprovals { seen, is_used: Some(is_used) };
                Effect::default()
            }
            Step::HasApprovals { seen, is_used } => {
                let mut next = seen.clone().without(id);
                if is_used == Some(true) {
                    next.live.remove(&ONCE);
                }
                if approves {
                    next.live.insert(id);
                }
                if next.live.len() > APPROVAL_LIMIT {
                    return Effect::default();
                }
                let is_pending = |item: &&Approval| item.decision.is_none() && !item.ended;
                let item = table.approvals.get(&id);
                let item = item.filter(|item| is_pending(item) || fault == Some(Fault::UncheckedDecision));
                let item = item.map(|item| Approval { decision: Some(approves), ..item.clone() });
                let event = if approves { Event::ApprovalApproved(id) } else { Event::ApprovalRejected(id) };
                self.write_approval(id, item, &seen, next, event, table, fault)
            }
            _ => match self.read_approval(id, step, table, now) {
                Some((Status::Pending, Some(seen))) => {
                    let is_used = (!seen.live.contains(&ONCE)).then_some(false);
                    self.step = Step::HasApprovals { seen, is_used };
                    Effect::default()
                }
                // Repeating a decision has no effect, and succeeds while it stands.
                Some((status, _)) => {
                    let decided = if approves { Status::Approved } else { Status::Rejected };
                    Effect { acknowledged: status == decided, ..Effect::default() }
                }
                None => Effect::default(),
            },
        }
    }

    pub(super) fn end_approval(
        &mut self,
        id: ApprovalId,
        step: Step,
        table: &mut Table,
        now: Time,
        fault: Option<Fault>,
    ) -> Effect {
        if let Step::HasApprovals { seen, .. } = step {
            let next = seen.clone().without(id);
            let item = table.approvals.get(&id).filter(|item| !item.ended && !item.used);
            let item = item.map(|item| Approval { ended: true, ..item.clone() });
            return self.write_approval(id, item, &seen, next, Event::ApprovalEnded(id), table, fault);
        }
        let Some((status, listed)) = self.read_approval(id, step, table, now) else { return Effect::default() };
        let listed = listed.filter(|listed| listed.pending.contains(&id) || listed.live.contains(&id));
        match (status, listed) {
            // The record of an expired token lists it too, and a change of the expiry may be under way.
            (Status::Ended, _) if fault == Some(Fault::UnwrittenEnd) => {
                Effect { acknowledged: true, ..Effect::default() }
            }
            (Status::Pending | Status::Approved | Status::Ended, Some(seen)) => {
                self.step = Step::HasApprovals { seen, is_used: Some(false) };
                Effect::default()
            }
            (status, _) => Effect { acknowledged: status == Status::Ended, ..Effect::default() },
        }
    }

    /// A request that needs the approval.
    pub(super) fn use_approval(
        &mut self,
        id: ApprovalId,
        step: &Step,
        table: &mut Table,
        now: Time,
        fault: Option<Fault>,
    ) -> Effect {
        if *step == Step::Begin {
            let is_live = table.open_approvals(REQUESTER, now).is_some_and(|open| open.live.contains(&id));
            if is_live && id == ONCE {
                self.step = Step::IsAllowed;
            }
            // For any number of uses, the read is the decision.
            return Effect { allowed: is_live && id != ONCE, ..Effect::default() };
        }
        let item = table.approvals.get_mut(&id);
        let item = item.filter(|item| !item.used || fault == Some(Fault::ApprovalUsedAgain));
        let Some(item) = item.filter(|item| !item.ended || fault == Some(Fault::EndedApprovalUsed)) else {
            return Effect::default();
        };
        item.used = true;
        // Without this response, the request fails.
        Effect { allowed: true, acknowledged: true, ..Effect::default() }
    }

    /// Reads the item, then the record, and the item again if the record does not list the approval and the item does
    /// not say why: a decision came in between. Returns the status and what the record lists.
    fn read_approval(
        &mut self,
        id: ApprovalId,
        step: Step,
        table: &Table,
        now: Time,
    ) -> Option<(Status, Option<TokenApprovals>)> {
        match step {
            Step::HasApproval(item) => {
                let listed = table.records.get(&REQUESTER).map(|record| record.approvals.clone());
                let open = table.open_approvals(REQUESTER, now);
                let status = item.status(id, open);
                match listed {
                    Some(listed) if open.is_some() && status == Status::Ended && !item.ended => {
                        self.step = Step::IsUnsettled(listed);
                        None
                    }
                    listed => Some((status, listed)),
                }
            }
            Step::IsUnsettled(listed) => {
                table.approvals.get(&id).map(|item| (item.status(id, Some(&listed)), Some(listed)))
            }
            _ => {
                self.step = table.approvals.get(&id).map_or(Step::End, |item| Step::HasApproval(item.clone()));
                None
            }
        }
    }

    /// Writes the item, unless its condition failed, the record's approvals and the event.
    #[expect(clippy::too_many_arguments, reason = "a transaction of three items")]
    fn write_approval(
        &mut self,
        id: ApprovalId,
        item: Option<Approval>,
        seen: &TokenApprovals,
        next: TokenApprovals,
        event: Event,
        table: &mut Table,
        fault: Option<Fault>,
    ) -> Effect {
        let is_appended = fault == Some(Fault::AppendedRequest) && event == Event::ApprovalRequested(id);
        let is_unchecked = is_appended || matches!(fault, Some(Fault::BlindApprovals | Fault::UncheckedDecision));
        let record = table.records.get_mut(&REQUESTER);
        let record = record.filter(|record| record.approvals == *seen || is_unchecked);
        let record =
            record.filter(|record| !record.revoked && !record.disabled || fault == Some(Fault::UncheckedToken));
        let (Some(record), Some(item)) = (record, item) else {
            // Refused: it reads everything again.
            self.step = Step::Begin;
            return Effect::default();
        };
        if is_appended {
            record.approvals.pending.insert(id);
        } else {
            record.approvals = next;
        }
        table.approvals.insert(id, item);
        self.commit(REQUESTER, event, table, fault)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Pending,
    Approved,
    Rejected,
    Used,
    Ended,
}

impl Approval {
    fn status(&self, id: ApprovalId, open: Option<&TokenApprovals>) -> Status {
        let is_pending = open.is_some_and(|open| open.pending.contains(&id));
        let is_live = open.is_some_and(|open| open.live.contains(&id));
        match self.decision {
            _ if self.ended => Status::Ended,
            Some(false) => Status::Rejected,
            Some(true) if self.used => Status::Used,
            Some(true) if is_live || is_pending => Status::Approved,
            None if is_pending => Status::Pending,
            _ => Status::Ended,
        }
    }
}
