//! Approvals: an item each, and what is pending or live also in the token's record (ADR 0037).
//!
//! Each change writes both in one transaction with its event. The record's part is written under the condition that it
//! is as it was read and that the token is neither revoked nor disabled, so that a decision never outlives the token.

mod list;
mod take;

use std::collections::HashSet;

use aws_sdk_dynamodb::types::TransactWriteItem;
use rand::TryRng;
use rand::rngs::SysRng;
use ulid::Ulid;

use super::backoff::backoff;
use super::transaction::{MAX_ATTEMPTS, write};
use super::transaction_outcome::TransactionOutcome;
use super::update_expression::UpdateExpression;
use super::{Error, TokenStore, item, ttl};
use crate::catalog::ApprovalUses;
use crate::change_log::{ChangeEntry, ChangeOutcome};
use crate::clock::{Clock, Timestamp};
use crate::token::{
    Actor, Approval, ApprovalDecision, ApprovalId, ApprovalStatus, ApprovalStep, EventOrigin,
    MAX_APPROVAL_REQUESTS_PER_DAY, MAX_LIVE_APPROVALS, MAX_PENDING_APPROVALS, TokenApprovals, TokenRecord, request_key,
};

pub use list::{ApprovalCursor, ApprovalFilter, ApprovalPage};

/// Who changes an approval, and when.
#[derive(Clone, Copy, Debug)]
pub struct ApprovalChange<'a> {
    /// Actor, IP address and user agent, for the event.
    pub by: &'a EventOrigin,
    /// The clock, read at each attempt.
    pub clock: &'a Clock,
    /// Days that events are kept.
    pub history_days: u32,
}

/// An approval and its token's record, with the status that follows from both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalView {
    /// The approval.
    pub approval: Approval,
    /// What became of it.
    pub status: ApprovalStatus,
}

/// Outcome of a request for approval.
#[derive(Debug, PartialEq, Eq)]
pub enum ApprovalRequestOutcome {
    /// It is pending now.
    Created(ApprovalView),
    /// The token's pending request for the same; nothing was written.
    Pending(ApprovalView),
    /// The token has the maximum number of pending requests; nothing was written.
    LimitReached,
    /// The token has made the maximum number of requests today; nothing was written.
    DailyLimitReached,
    /// The token is revoked, disabled, expired or deleted; nothing was written.
    Inactive,
}

/// Outcome of a decision on an approval, or of its end.
#[derive(Debug, PartialEq, Eq)]
pub enum ApprovalOutcome {
    /// It was written, now or by an earlier call with the same effect.
    Done(ApprovalView),
    /// It is too late for this; nothing was written.
    TooLate(ApprovalView),
    /// The token has the maximum number of live approvals; nothing was written.
    LimitReached,
    /// There is no such approval.
    Gone,
}

/// A new ID of an approval that is requested at this time.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn new_approval_id(at: Timestamp) -> Result<ApprovalId, Error> {
    let [high, low] = [SysRng.try_next_u64(), SysRng.try_next_u64()];
    let drawn = u128::from(high.map_err(Error::unavailable)?) << 64 | u128::from(low.map_err(Error::unavailable)?);
    Ok(Ulid::from_parts(u64::try_from(at.millis()).unwrap_or(0), drawn).into())
}

impl TokenStore {
    /// Stores a request for approval, unless the token has a pending one for the same permission and resource.
    ///
    /// # Errors
    /// When the store fails. The request may or may not be stored; retrying is safe.
    pub async fn request_approval(
        &self,
        request: &Approval,
        change: &ApprovalChange<'_>,
    ) -> Result<ApprovalRequestOutcome, Error> {
        let key = request_key(&request.permission, &request.resource);
        for tries in 0..MAX_ATTEMPTS {
            let now = change.clock.now();
            let token = self.get(&request.token).await?.filter(|token| token.open_approvals(now).is_some());
            let Some(token) = token else { return Ok(ApprovalRequestOutcome::Inactive) };
            let mut approvals = token.approvals.clone().pruned(now);
            if let Some(pending) = approvals.pending.iter().find(|pending| pending.key == key)
                && let Some(view) = self.approval(&pending.id, now).await?
            {
                self.log_unchanged_approval(Some(&token), &view.approval, ApprovalStep::Requested, change)?;
                return Ok(ApprovalRequestOutcome::Pending(view));
            }
            approvals.pending.retain(|pending| pending.key != key);
            if approvals.pending.len() >= MAX_PENDING_APPROVALS {
                return Ok(ApprovalRequestOutcome::LimitReached);
            }
            if approvals.requests.is_some_and(|(_, count)| count >= MAX_APPROVAL_REQUESTS_PER_DAY) {
                return Ok(ApprovalRequestOutcome::DailyLimitReached);
            }
            let approvals = approvals.with_request(request.to_pending(), now);
            let put = item::new_approval(request, ttl::approval_ttl(request.created_at, change.history_days));
            let put = self.put_new(put)?;
            if self.write_approval(put, request, &token, &approvals, ApprovalStep::Requested, change).await? {
                let view = ApprovalView { approval: request.clone(), status: ApprovalStatus::Pending };
                return Ok(ApprovalRequestOutcome::Created(view));
            }
            backoff(tries).await;
        }
        Err(Error::Contention)
    }

    /// Approves or rejects a pending request. An approval lasts for `valid_for_seconds`. The first decision stands; the
    /// same one by the same actor has no effect.
    ///
    /// # Errors
    /// When the store fails. The decision may or may not be stored; retrying is safe.
    pub async fn decide_approval(
        &self,
        id: &ApprovalId,
        decision: &ApprovalDecision,
        valid_for_seconds: u32,
        change: &ApprovalChange<'_>,
    ) -> Result<ApprovalOutcome, Error> {
        for tries in 0..MAX_ATTEMPTS {
            let now = change.clock.now();
            let Some((approval, token)) = self.approval_and_token(id, now).await? else {
                return Ok(ApprovalOutcome::Gone);
            };
            let status = approval.status(open(token.as_ref(), now), now);
            let (step, decided) = if decision.approved {
                (ApprovalStep::Approved, ApprovalStatus::Approved)
            } else {
                (ApprovalStep::Rejected, ApprovalStatus::Rejected)
            };
            let (ApprovalStatus::Pending, Some(token)) = (status, &token) else {
                let stands = approval.decision.as_ref();
                let is_same = stands.is_some_and(|it| it.approved == decision.approved && it.by == decision.by);
                if !is_same || status != decided || decision.approved && approval.valid_for_seconds != valid_for_seconds
                {
                    return Ok(ApprovalOutcome::TooLate(ApprovalView { approval, status }));
                }
                self.log_unchanged_approval(token.as_ref(), &approval, step, change)?;
                return Ok(ApprovalOutcome::Done(ApprovalView { approval, status }));
            };
            let decision = ApprovalDecision { at: now.truncated_to_seconds(), ..decision.clone() };
            let set = UpdateExpression::of_existing()
                .set(item::DECISION, item::decision(&decision, valid_for_seconds))
                .when_absent(item::DECISION)
                .when_absent(item::ENDED);
            let approval = Approval { decision: Some(decision), valid_for_seconds, ..approval };
            let mut approvals = self.without_used(token.approvals.clone().pruned(now).without(id)).await?;
            approvals.live.extend(approval.to_live());
            if approvals.live.len() > MAX_LIVE_APPROVALS {
                return Ok(ApprovalOutcome::LimitReached);
            }
            let set = write(set.build(&self.table, item::approval_key(id))?);
            if self.write_approval(set, &approval, token, &approvals, step, change).await? {
                return Ok(ApprovalOutcome::Done(ApprovalView { approval, status: decided }));
            }
            backoff(tries).await;
        }
        Err(Error::Contention)
    }

    /// Withdraws a pending request, or ends a live approval. Repeating it has no effect.
    ///
    /// # Errors
    /// When the store fails. It may or may not have ended; retrying is safe.
    pub async fn end_approval(
        &self,
        id: &ApprovalId,
        by: &Actor,
        change: &ApprovalChange<'_>,
    ) -> Result<ApprovalOutcome, Error> {
        for tries in 0..MAX_ATTEMPTS {
            let now = change.clock.now();
            let Some((approval, token)) = self.approval_and_token(id, now).await? else {
                return Ok(ApprovalOutcome::Gone);
            };
            let status = approval.status(open(token.as_ref(), now), now);
            // The record of an expired token still lists it, and a change of the expiry may be under way.
            let listing = token.as_ref().filter(|token| token.approvals.lists(id));
            let (ApprovalStatus::Pending | ApprovalStatus::Approved | ApprovalStatus::Ended, Some(token)) =
                (status, listing)
            else {
                if status != ApprovalStatus::Ended {
                    return Ok(ApprovalOutcome::TooLate(ApprovalView { approval, status }));
                }
                self.log_unchanged_approval(token.as_ref(), &approval, ApprovalStep::Ended, change)?;
                return Ok(ApprovalOutcome::Done(ApprovalView { approval, status }));
            };
            let at = now.truncated_to_seconds();
            // A use that was taken before stays one.
            let set = UpdateExpression::of_existing()
                .set(item::ENDED, item::ended(at, by))
                .when_absent(item::ENDED)
                .when_absent(item::USED_AT);
            let approval = Approval { ended: Some((at, by.clone())), ..approval };
            let approvals = token.approvals.clone().pruned(now).without(id);
            let set = write(set.build(&self.table, item::approval_key(id))?);
            if self.write_approval(set, &approval, token, &approvals, ApprovalStep::Ended, change).await? {
                return Ok(ApprovalOutcome::Done(ApprovalView { approval, status: ApprovalStatus::Ended }));
            }
            backoff(tries).await;
        }
        Err(Error::Contention)
    }

    /// Without the approvals for one use that are used up: the decision on a request writes their items only.
    async fn without_used(&self, mut approvals: TokenApprovals) -> Result<TokenApprovals, Error> {
        let once = approvals.live.iter().filter(|live| live.uses == ApprovalUses::Once);
        let keys: Vec<_> = once.map(|live| item::approval_key(&live.id)).collect();
        let items = self.batch(keys, &item::APPROVAL_USE_ATTRIBUTES).await?;
        let unused: HashSet<_> =
            items.iter().filter(|item| item::is_unused(&(*item).into())).filter_map(item::approval_id_of).collect();
        approvals.live.retain(|live| live.uses == ApprovalUses::Any || unused.contains(&live.id));
        Ok(approvals)
    }

    /// Writes an approval's item, the token's approvals and the event. `false` if something of it has changed since it
    /// was read.
    async fn write_approval(
        &self,
        item: TransactWriteItem,
        approval: &Approval,
        token: &TokenRecord,
        approvals: &TokenApprovals,
        step: ApprovalStep,
        change: &ApprovalChange<'_>,
    ) -> Result<bool, Error> {
        let record = UpdateExpression::of_existing()
            .set_or_remove(item::APPROVALS, item::approvals(approvals))
            .when_still(item::APPROVALS, item::approvals(&token.approvals))
            .when_absent(item::REVOKED)
            .when_absent(item::DISABLED);
        let record = write(record.build(&self.table, item::token_key(&token.id))?);
        let event = self.event(token, &step.event(approval), change.by, change.clock.now(), change.history_days)?;
        Ok(self.transact([item, record], &event).await? == TransactionOutcome::Committed)
    }

    /// Logs a change that is acknowledged without a write, because an earlier one had the same effect. The function
    /// that made that one may have been stopped before it wrote its line.
    fn log_unchanged_approval(
        &self,
        token: Option<&TokenRecord>,
        approval: &Approval,
        step: ApprovalStep,
        change: &ApprovalChange<'_>,
    ) -> Result<(), Error> {
        // The line of a deleted token's deletion says it all.
        let Some(token) = token else { return Ok(()) };
        let event = self.event(token, &step.event(approval), change.by, change.clock.now(), change.history_days)?;
        self.log_change(&ChangeEntry { event_id: None, ..event.entry(ChangeOutcome::Unchanged) })
    }

    /// Reads an approval with its status, consistently.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn approval(&self, id: &ApprovalId, now: Timestamp) -> Result<Option<ApprovalView>, Error> {
        let Some(approval) = self.approval_item(id).await? else { return Ok(None) };
        self.approval_view(approval, now).await
    }

    /// Reads what became of an approval after its item was read.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn approval_view(&self, approval: Approval, now: Timestamp) -> Result<Option<ApprovalView>, Error> {
        let found = self.with_token(approval, now).await?;
        Ok(found.map(|(approval, token)| {
            let status = approval.status(open(token.as_ref(), now), now);
            ApprovalView { approval, status }
        }))
    }

    /// Reads an approval's item, consistently. It does not say whether the token has ended the approval.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn approval_item(&self, id: &ApprovalId) -> Result<Option<Approval>, Error> {
        let response = self.read(item::approval_key(id), &item::APPROVAL_ATTRIBUTES).await?;
        response.attributes()?.as_ref().map(item::approval).transpose()
    }

    async fn approval_and_token(
        &self,
        id: &ApprovalId,
        now: Timestamp,
    ) -> Result<Option<(Approval, Option<TokenRecord>)>, Error> {
        let Some(approval) = self.approval_item(id).await? else { return Ok(None) };
        self.with_token(approval, now).await
    }

    /// Reads the token's record after an approval's item, and the item again if it is unsettled.
    async fn with_token(
        &self,
        approval: Approval,
        now: Timestamp,
    ) -> Result<Option<(Approval, Option<TokenRecord>)>, Error> {
        let token = self.get(&approval.token).await?;
        if !is_unsettled(&approval, token.as_ref(), now) {
            return Ok(Some((approval, token)));
        }
        Ok(self.approval_item(&approval.id).await?.map(|approval| (approval, token)))
    }
}

/// Whether an approval may have been decided or ended between the read of its item and the later one of its token's
/// record: the record does not list it, and the item does not say why. Then the item has to be read again.
fn is_unsettled(approval: &Approval, token: Option<&TokenRecord>, now: Timestamp) -> bool {
    let open = open(token, now);
    open.is_some() && approval.ended.is_none() && approval.status(open, now) == ApprovalStatus::Ended
}

fn open(token: Option<&TokenRecord>, now: Timestamp) -> Option<&TokenApprovals> {
    token.and_then(|token| token.open_approvals(now))
}
