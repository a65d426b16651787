//! Approvals: an item each, and what is pending or live also in the token's record (ADR 0037).
//!
//! Each change writes both in one transaction with its event. The record's part is written under the condition that it
//! is as it was read and that the token is neither revoked nor disabled, so that a decision never outlives the token.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::TransactWriteItem;

use rand::TryRng;
use rand::rngs::SysRng;
use ulid::Ulid;

use super::backoff::backoff;
use super::cursor::Cursor;
use super::item_client::ConditionalWrite;
use super::transaction::{MAX_ATTEMPTS, write};
use super::transaction_outcome::TransactionOutcome;
use super::update_expression::UpdateExpression;
use super::{Error, ItemStore, MAX_PER_PAGE, TokenStore, cursor, item, ttl};
use crate::authz::{MissingAccess, NeededApproval};
use crate::catalog::ApprovalUses;
use crate::change_log::{ChangeEntry, ChangeOutcome};
use crate::clock::{Clock, Timestamp};
use crate::secret::TokenId;
use crate::token::{
    APPROVAL_LAPSE_SECONDS, Actor, Approval, ApprovalDecision, ApprovalId, ApprovalStatus, ApprovalStep, EventOrigin,
    LiveApproval, MAX_APPROVAL_REQUESTS_PER_DAY, MAX_LIVE_APPROVALS, MAX_PENDING_APPROVALS, TokenApprovals,
    TokenRecord, request_key,
};
use crate::validation::ValidationError;

/// Maximum number of queries per page. A filter that matches few approvals ends the page early, with a cursor.
const MAX_QUERIES: u32 = 10;

/// List name in the cursors of approvals; a page holds those that the caller may see.
const APPROVALS: &str = "approvals";

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

/// Filter of a list of approvals, with paging.
#[derive(Clone, Debug)]
pub struct ApprovalFilter {
    /// Only approvals with this status at `now`.
    pub status: Option<ApprovalStatus>,
    /// Only approvals of this token.
    pub token: Option<TokenId>,
    /// Cursor to continue after; `None` starts with the newest approval.
    pub after: Option<ApprovalCursor>,
    /// Maximum number of approvals.
    pub limit: usize,
    /// Time at which the status is evaluated.
    pub now: Timestamp,
}

/// A page of approvals.
#[derive(Clone, Debug)]
pub struct ApprovalPage {
    /// The approvals, newest first.
    pub approvals: Vec<ApprovalView>,
    /// Cursor of the next page; `None` on the last page.
    pub next: Option<ApprovalCursor>,
}

/// Position in a list of approvals, after one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalCursor {
    created_at: i64,
    id: ApprovalId,
}

impl ApprovalCursor {
    /// Encodes the cursor for the caller.
    #[must_use]
    pub fn encode(&self) -> String {
        cursor::encode(self, &APPROVALS)
    }

    /// Decodes a cursor sent by the caller.
    ///
    /// # Errors
    /// When it was not made by [`ApprovalCursor::encode`].
    pub fn decode(text: &str) -> Result<Self, ValidationError> {
        cursor::decode(text, &APPROVALS)
            .ok_or_else(|| ValidationError::new("must be the next_cursor of the previous page"))
    }

    fn of(approval: &Approval) -> Self {
        Self { created_at: approval.created_at.millis(), id: approval.id.clone() }
    }

    fn of_key(key: &item::Item) -> Option<Self> {
        let created_at = key.get(item::CREATED_AT)?.as_n().ok()?.parse().ok()?;
        Some(Self { created_at, id: item::approval_id_of(key)?.parse().ok()? })
    }

    fn start_key(&self) -> item::Item {
        let mut key = item::approval_key(&self.id);
        key.insert(item::CREATED_AT.to_owned(), item::number(self.created_at));
        key
    }
}

impl Cursor for ApprovalCursor {
    type List = &'static str;

    fn place(&self) -> String {
        format!("{}.{}", self.created_at, self.id)
    }

    fn read(place: &str) -> Option<Self> {
        let (created_at, id) = place.split_once('.')?;
        Some(Self { created_at: created_at.parse().ok()?, id: id.parse().ok()? })
    }
}

impl ApprovalFilter {
    /// The earliest request that can match: a pending one is at most a day old, and a live one two.
    fn since(&self) -> i64 {
        let days = match self.status {
            Some(ApprovalStatus::Pending) => 1,
            Some(ApprovalStatus::Approved) => 2,
            _ => return 0,
        };
        self.now.truncated_to_seconds().plus_seconds(-days * APPROVAL_LAPSE_SECONDS).millis()
    }
}

/// A new ID of an approval that is requested at this time.
///
/// # Errors
/// When the operating system gives no randomness.
pub fn new_approval_id(at: Timestamp) -> Result<ApprovalId, Error> {
    let [high, low] = [SysRng.try_next_u64(), SysRng.try_next_u64()];
    let drawn = u128::from(high.map_err(Error::unavailable)?) << 64 | u128::from(low.map_err(Error::unavailable)?);
    let id = Ulid::from_parts(u64::try_from(at.millis()).unwrap_or(0), drawn).to_string();
    id.parse().map_err(|_| Error::Corrupt { id, attribute: "pk" })
}

impl ItemStore {
    /// Chooses an approval for each need of a request, and uses up those for one use. Returns what is missing if other
    /// requests have used them up.
    ///
    /// # Errors
    /// When the store fails. An approval may be used up then.
    pub async fn take_approvals<'a>(
        &self,
        needed: &[NeededApproval<'a>],
        at: Timestamp,
    ) -> Result<Result<Vec<&'a LiveApproval>, MissingAccess>, Error> {
        self.choose_approvals(needed, Some(at)).await
    }

    /// Chooses an approval for each need of a request, without using it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unused_approvals<'a>(
        &self,
        needed: &[NeededApproval<'a>],
    ) -> Result<Result<Vec<&'a LiveApproval>, MissingAccess>, Error> {
        self.choose_approvals(needed, None).await
    }

    /// Chooses an approval for each need: one for any number of uses, or the first for one use that is not used up. With
    /// a time, uses it up.
    async fn choose_approvals<'a>(
        &self,
        needed: &[NeededApproval<'a>],
        used_at: Option<Timestamp>,
    ) -> Result<Result<Vec<&'a LiveApproval>, MissingAccess>, Error> {
        let mut chosen: Vec<&LiveApproval> = Vec::new();
        'needs: for NeededApproval { permission, resource, choices } in needed {
            for approval in choices {
                // One approval may serve two needs of a request.
                if chosen.contains(approval) {
                    continue 'needs;
                }
                let is_free = match (approval.uses, used_at) {
                    (ApprovalUses::Any, _) => true,
                    (ApprovalUses::Once, Some(at)) => self.take_approval(&approval.id, at).await?,
                    (ApprovalUses::Once, None) => self.is_unused(&approval.id).await?,
                };
                if is_free {
                    chosen.push(*approval);
                    continue 'needs;
                }
            }
            let (permission, resource) = (Some(permission.clone()), Some(resource.clone()));
            return Ok(Err(MissingAccess { permission, resource, roles: Vec::new() }));
        }
        Ok(Ok(chosen))
    }

    async fn is_unused(&self, id: &ApprovalId) -> Result<bool, Error> {
        let response = self.read(item::approval_key(id), &item::APPROVAL_USE_ATTRIBUTES).await?;
        Ok(response.attributes()?.is_some_and(|item| item::is_unused(&item)))
    }

    /// Uses up an approval for one use. Of all calls for one approval, one returns `true`, also under concurrency.
    async fn take_approval(&self, id: &ApprovalId, at: Timestamp) -> Result<bool, Error> {
        let update = UpdateExpression::of_existing()
            .set(item::USED_AT, item::seconds(at))
            .when_absent(item::USED_AT)
            .when_absent(item::ENDED)
            .build(&self.table, item::approval_key(id))?;
        Ok(self.item_client().await?.update_item(update).await? == ConditionalWrite::Written)
    }
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
            let (ApprovalStatus::Pending | ApprovalStatus::Approved, Some(token)) = (status, &token) else {
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
        let unused: HashSet<_> = items
            .iter()
            .filter(|item| item::is_unused(&(*item).into()))
            .filter_map(|item| item::approval_id_of(item))
            .collect();
        approvals.live.retain(|live| live.uses == ApprovalUses::Any || unused.contains(live.id.as_str()));
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
        let found = self.approval_and_token(id, now).await?;
        Ok(found.map(|(approval, token)| {
            let status = approval.status(open(token.as_ref(), now), now);
            ApprovalView { approval, status }
        }))
    }

    async fn approval_and_token(
        &self,
        id: &ApprovalId,
        now: Timestamp,
    ) -> Result<Option<(Approval, Option<TokenRecord>)>, Error> {
        let response = self.read(item::approval_key(id), &item::APPROVAL_ATTRIBUTES).await?;
        let Some(approval) = response.attributes()?.as_ref().map(item::approval).transpose()? else { return Ok(None) };
        let token = self.get(&approval.token).await?;
        if !is_unsettled(&approval, token.as_ref(), now) {
            return Ok(Some((approval, token)));
        }
        let response = self.read(item::approval_key(id), &item::APPROVAL_ATTRIBUTES).await?;
        let approval = response.attributes()?.as_ref().map(item::approval).transpose()?;
        Ok(approval.map(|approval| (approval, token)))
    }

    /// Reads one page of the approvals that `is_visible` lets through. The index is eventually consistent, while the
    /// approvals and their tokens are read consistently.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn approvals(
        &self,
        filter: &ApprovalFilter,
        is_visible: impl Fn(&Approval) -> bool,
    ) -> Result<ApprovalPage, Error> {
        let limit = filter.limit.clamp(1, MAX_PER_PAGE);
        let mut approvals: Vec<ApprovalView> = Vec::new();
        let mut start = filter.after.as_ref().map(ApprovalCursor::start_key);
        for _ in 0..MAX_QUERIES {
            let (keys, last) = self.approval_keys(filter, limit, start.take()).await?;
            let found = self.batch(keys, &item::APPROVAL_ATTRIBUTES).await?;
            let found = found.iter().map(|item| item::approval(&item.into())).filter_map(|read| {
                // An invalid item must not make the whole list unreadable.
                read.inspect_err(|error| tracing::error!(%error, "an invalid approval was omitted from the list")).ok()
            });
            let of_token = |approval: &Approval| filter.token.as_ref().is_none_or(|token| *token == approval.token);
            let found: Vec<_> = found.filter(|approval| of_token(approval) && is_visible(approval)).collect();
            approvals.extend(
                self.with_status(found, filter.now)
                    .await?
                    .into_iter()
                    .filter(|view| filter.status.is_none_or(|wanted| wanted == view.status)),
            );
            if approvals.len() > limit {
                approvals.truncate(limit);
                let next = approvals.last().map(|view| ApprovalCursor::of(&view.approval));
                return Ok(ApprovalPage { approvals, next });
            }
            match last {
                None => return Ok(ApprovalPage { approvals, next: None }),
                some => start = some,
            }
        }
        let next = start.as_ref().and_then(ApprovalCursor::of_key);
        Ok(ApprovalPage { approvals, next })
    }

    async fn with_status(&self, approvals: Vec<Approval>, now: Timestamp) -> Result<Vec<ApprovalView>, Error> {
        let tokens: HashSet<_> = approvals.iter().map(|approval| approval.token.clone()).collect();
        let tokens: Vec<_> = tokens.into_iter().collect();
        let tokens = self.records(&tokens).await?;
        let tokens: HashMap<_, _> = tokens.iter().map(|token| (&token.id, token)).collect();
        let token_of = |approval: &Approval| tokens.get(&approval.token).copied();
        let unsettled = approvals.iter().filter(|approval| is_unsettled(approval, token_of(approval), now));
        let keys = unsettled.map(|approval| item::approval_key(&approval.id)).collect();
        let mut again = HashMap::new();
        for item in self.batch(keys, &item::APPROVAL_ATTRIBUTES).await? {
            let approval = item::approval(&(&item).into())?;
            again.insert(approval.id.clone(), approval);
        }
        let approvals = approvals.into_iter().map(|approval| again.remove(&approval.id).unwrap_or(approval));
        let view = |approval: Approval| {
            let status = approval.status(open(token_of(&approval), now), now);
            ApprovalView { approval, status }
        };
        Ok(approvals.map(view).collect())
    }

    async fn approval_keys(
        &self,
        filter: &ApprovalFilter,
        limit: usize,
        start: Option<item::Item>,
    ) -> Result<(Vec<item::Item>, Option<item::Item>), Error> {
        let names = HashMap::from([
            ("#partition".to_owned(), "sk".to_owned()),
            ("#created_at".to_owned(), item::CREATED_AT.to_owned()),
        ]);
        let values = HashMap::from([
            (":partition".to_owned(), item::string(item::APPROVAL)),
            (":since".to_owned(), item::number(filter.since())),
        ]);
        let condition = "#partition = :partition AND #created_at >= :since";
        let query = self.query_newest(condition, names, values, limit).await?.index_name("by_time");
        let page = query.set_exclusive_start_key(start).send().await.map_err(Error::unavailable)?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
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
