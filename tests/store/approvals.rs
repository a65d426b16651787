//! Approvals, and other changes at the same time.

use std::cmp::Reverse;
use std::pin::Pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use portcullis::authz::NeededApproval;
use portcullis::catalog::ApprovalUses;
use portcullis::clock::{Clock, Timestamp};
use portcullis::store::{
    ApprovalChange, ApprovalCursor, ApprovalFilter, ApprovalOutcome, ApprovalRequestOutcome, StatusChange, TokenStore,
    TokenUpdate, UpdateOutcome, new_approval_id,
};
use portcullis::token::{
    Actor, Approval, ApprovalDecision, ApprovalId, ApprovalStatus, DisableReason, EventKind, EventOrigin,
    MAX_PENDING_APPROVALS, TokenApprovals, TokenRecord,
};
use tokio::runtime::Handle;
use tokio::task::{JoinSet, block_in_place};

use super::events::kinds;
use super::observed::Observed;
use super::{LIMITS, Sample, Table, alice, by_whom, clock_at, delete, now, revoke};

/// A request of a token for approval.
fn request_of(token: &TokenRecord, resource: &str, uses: ApprovalUses, at: Timestamp) -> Approval {
    Approval {
        id: new_approval_id(at).unwrap(),
        token: token.id.clone(),
        token_name: token.name.clone(),
        owner: token.owner.clone(),
        permission: "apps:deploy".parse().unwrap(),
        resource: resource.parse().unwrap(),
        reason: "Deploy 1.4.2".parse().unwrap(),
        link: None,
        uses,
        valid_for_seconds: 900,
        created_at: at,
        decision: None,
        used_at: None,
        ended: None,
    }
}

/// Stores a token's request for approval of a deployment of billing.
pub(super) async fn request_approval_of_billing(
    table: &Table,
    token: &TokenRecord,
    uses: ApprovalUses,
    at: Timestamp,
) -> ApprovalId {
    let request = request_of(token, "apps/billing", uses, at);
    let outcome = table.tokens.request_approval(&request, &change(&clock_at(at))).await.unwrap();
    assert!(matches!(outcome, ApprovalRequestOutcome::Created(_)));
    request.id
}

/// A token that expires in an hour, and its pending request for approval.
async fn requester(table: &Table) -> (TokenRecord, Timestamp, ApprovalId) {
    let end = now().truncated_to_seconds().plus_seconds(3600);
    let token = Sample::owned_by(&alice()).until(end).in_table(table).await;
    let id = request_approval_of_billing(table, &token, ApprovalUses::Any, end.plus_seconds(-60)).await;
    (table.tokens.get(&token.id).await.unwrap().unwrap(), end, id)
}

async fn approve(tokens: &TokenStore, id: &ApprovalId, clock: &Clock) -> ApprovalOutcome {
    let decision = ApprovalDecision { approved: true, at: now(), by: Actor::Bootstrap, comment: None };
    tokens.decide_approval(id, &decision, 900, &change(clock)).await.unwrap()
}

/// A token, and its live approval for one use.
async fn approved_once(table: &Table) -> (TokenRecord, ApprovalId) {
    let token = Sample::owned_by(&alice()).in_table(table).await;
    let id = request_approval_of_billing(table, &token, ApprovalUses::Once, now()).await;
    assert!(matches!(approve(&table.tokens, &id, &Clock::system()).await, ApprovalOutcome::Done(_)));
    (token, id)
}

/// Takes one of the token's live approvals for a request; whether there was one.
async fn read_and_take_approval(tokens: &TokenStore, token: &TokenRecord) -> bool {
    take_approval(tokens, &tokens.get(&token.id).await.unwrap().unwrap()).await
}

/// The same with a record that was read before.
async fn take_approval(tokens: &TokenStore, token: &TokenRecord) -> bool {
    let needed = NeededApproval {
        permission: "apps:deploy".parse().unwrap(),
        resource: "apps/billing".to_owned(),
        choices: token.approvals.live.iter().collect(),
    };
    tokens.take_approvals(&[needed], now()).await.unwrap().is_ok()
}

/// What a request that uses both apps needs, as the token was read.
fn needs_of_both(token: &TokenRecord) -> [NeededApproval<'_>; 2] {
    ["apps/billing", "apps/web"].map(|resource| NeededApproval {
        permission: "apps:deploy".parse().unwrap(),
        resource: resource.to_owned(),
        choices: token.approvals.live.iter().filter(|live| live.resource.to_string() == resource).collect(),
    })
}

/// Stores an approval for one use of an app.
async fn approve_once(table: &Table, token: &TokenRecord, resource: &str) -> ApprovalId {
    let request = request_of(token, resource, ApprovalUses::Once, now());
    table.tokens.request_approval(&request, &change(&Clock::system())).await.unwrap();
    assert!(matches!(approve(&table.tokens, &request.id, &Clock::system()).await, ApprovalOutcome::Done(_)));
    request.id
}

/// Another change, which comes between the reads and the write of a change of an approval.
type Overtaking = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A clock that makes a change when it is read for the second time: for the event, before the first write.
fn overtaken_by(make: impl Fn() -> Overtaking + Send + Sync + 'static) -> Clock {
    let reads = AtomicU32::new(0);
    Clock::from_fn(move || {
        if reads.fetch_add(1, Ordering::SeqCst) == 1 {
            block_in_place(|| Handle::current().block_on(make()));
        }
        now()
    })
}

/// The ways in which a token ends before its expiry.
const ENDS: [&str; 3] = ["revoke", "disable", "delete"];

/// Ends a token in one of these ways.
fn end_token(table: &Table, token: &TokenRecord, end: &'static str) -> impl Fn() -> Overtaking + Send + Sync + 'static {
    let (tokens, token) = (table.another_client(), token.clone());
    move || {
        let (tokens, seen) = (tokens.clone(), token.clone());
        Box::pin(async move {
            let (actor, by, clock) = (&Actor::Bootstrap, &by_whom(), &clock_at(now()));
            match end {
                "revoke" => drop(revoke(&tokens, &seen.id, actor, now(), 30).await.unwrap()),
                "delete" => assert!(delete(&tokens, &seen.id).await.unwrap()),
                _ => {
                    let change = StatusChange { seen: &seen, actor, by, clock, limits: LIMITS };
                    tokens.disable(&change, DisableReason::Admin, None).await.unwrap();
                }
            }
        })
    }
}

fn change(clock: &Clock) -> ApprovalChange<'_> {
    static BY: LazyLock<EventOrigin> = LazyLock::new(by_whom);
    ApprovalChange { by: &BY, clock, history_days: LIMITS.history_days }
}

async fn status(table: &Table, id: &ApprovalId, at: Timestamp) -> ApprovalStatus {
    table.tokens.approval(id, at).await.unwrap().unwrap().status
}

#[tokio::test]
async fn a_renewal_ends_the_approvals_of_an_expired_token() {
    let table = Table::fresh().await;
    let (token, end, request) = requester(&table).await;
    let seen = table.tokens.credential(&token.id).await.unwrap().unwrap();
    let next = TokenRecord { expires_at: Some(end.plus_seconds(3600)), ..token.clone() };
    let what = EventKind::Rotated { previous_secret_until: None, expires_at: None };
    let renewal = TokenUpdate { seen: &token, next, what, by: &by_whom(), clock: &clock_at(end), limits: LIMITS };
    let renewed = table.tokens.rotate(&renewal, &seen, Sample::owned_by(&alice()).digest, None).await.unwrap();
    let UpdateOutcome::Done(renewed) = renewed else { panic!("{renewed:?}") };
    assert_eq!(renewed.approvals, TokenApprovals { requests: token.approvals.requests, ..TokenApprovals::default() });
    assert_eq!(table.tokens.get(&token.id).await.unwrap(), Some(*renewed));
    assert_eq!(status(&table, &request, end).await, ApprovalStatus::Ended);
}

#[tokio::test]
async fn a_disabled_token_keeps_its_count_of_the_days_requests() {
    let table = Table::fresh().await;
    let (token, ..) = requester(&table).await;
    end_token(&table, &token, "disable")().await;
    let approvals = table.tokens.get(&token.id).await.unwrap().unwrap().approvals;
    assert_eq!((approvals.pending.len(), approvals.requests), (0, token.approvals.requests));
    assert!(approvals.requests.is_some_and(|(_, count)| count == 1));
}

#[tokio::test]
async fn an_end_after_the_expiry_holds_although_an_extension_has_begun() {
    let table = Table::fresh().await;
    let (token, end, request) = requester(&table).await;
    let ended = table.tokens.end_approval(&request, &Actor::Bootstrap, &change(&clock_at(end))).await.unwrap();
    assert!(matches!(ended, ApprovalOutcome::Done(view) if view.status == ApprovalStatus::Ended));
    // It has read the record and the clock before.
    let next = TokenRecord { expires_at: Some(end.plus_seconds(3600)), ..token.clone() };
    let (what, clock) = (EventKind::Updated(Vec::new()), clock_at(end.plus_seconds(-1)));
    let extension = TokenUpdate { seen: &token, next, what, by: &by_whom(), clock: &clock, limits: LIMITS };
    assert!(matches!(table.tokens.update(&extension).await.unwrap(), UpdateOutcome::Done(_)));
    assert_eq!(status(&table, &request, end).await, ApprovalStatus::Ended);
    assert_eq!(kinds(&table, &token.id).await, ["approval_ended", "updated", "approval_requested", "created"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_during_its_request_asks_for_nothing() {
    let table = Table::fresh().await;
    for end in ENDS {
        let token = Sample::owned_by(&alice()).in_table(&table).await;
        let make = end_token(&table, &token, end);
        let request = request_of(&token, "apps/billing", ApprovalUses::Any, now());
        let outcome = table.tokens.request_approval(&request, &change(&overtaken_by(make))).await.unwrap();
        assert_eq!(outcome, ApprovalRequestOutcome::Inactive, "{end}");
        assert_eq!(table.tokens.approval(&request.id, now()).await.unwrap(), None, "{end}");
        let record = table.tokens.get(&token.id).await.unwrap();
        assert!(record.is_none_or(|record| record.approvals == TokenApprovals::default()), "{end}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_never_outlives_a_token_that_ends_during_the_decision() {
    let table = Table::fresh().await;
    for end in ENDS {
        let token = Sample::owned_by(&alice()).in_table(&table).await;
        let id = request_approval_of_billing(&table, &token, ApprovalUses::Any, now()).await;
        let make = end_token(&table, &token, end);
        let outcome = approve(&table.tokens, &id, &overtaken_by(make)).await;
        assert!(matches!(outcome, ApprovalOutcome::TooLate(view) if view.status == ApprovalStatus::Ended), "{end}");
        let record = table.tokens.get(&token.id).await.unwrap();
        assert!(record.is_none_or(|record| record.approvals == TokenApprovals::default()), "{end}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_stands_although_an_end_has_begun() {
    let table = Table::fresh().await;
    let (token, id) = approved_once(&table).await;
    let (tokens, seen) = (table.another_client(), token.clone());
    let clock = overtaken_by(move || {
        let (tokens, seen) = (tokens.clone(), seen.clone());
        Box::pin(async move { assert!(read_and_take_approval(&tokens, &seen).await) })
    });
    let ended = table.tokens.end_approval(&id, &Actor::Bootstrap, &change(&clock)).await.unwrap();
    assert!(matches!(ended, ApprovalOutcome::TooLate(view) if view.status == ApprovalStatus::Used));
    assert!(!read_and_take_approval(&table.tokens, &token).await, "it was for one use");
}

#[tokio::test]
async fn an_approval_that_ended_since_the_token_was_read_is_not_used() {
    let table = Table::fresh().await;
    let (token, id) = approved_once(&table).await;
    let seen = table.tokens.get(&token.id).await.unwrap().unwrap();
    let ended = table.tokens.end_approval(&id, &Actor::Bootstrap, &change(&Clock::system())).await.unwrap();
    assert!(matches!(ended, ApprovalOutcome::Done(_)));
    assert!(!take_approval(&table.tokens, &seen).await);
    assert_eq!(status(&table, &id, now()).await, ApprovalStatus::Ended);
}

#[tokio::test]
async fn a_request_with_two_needs_uses_both_approvals_or_neither() {
    let table = Table::fresh().await;
    let token = Sample::owned_by(&alice()).in_table(&table).await;
    let ids = [approve_once(&table, &token, "apps/billing").await, approve_once(&table, &token, "apps/web").await];
    let seen = table.tokens.get(&token.id).await.unwrap().unwrap();
    let [billing, web] = needs_of_both(&seen);
    assert!(table.tokens.take_approvals(std::slice::from_ref(&web), now()).await.unwrap().is_ok());
    let missing = table.tokens.take_approvals(&[billing, web], now()).await.unwrap().unwrap_err();
    assert_eq!(missing.resource.as_deref(), Some("apps/web"));
    assert_eq!(status(&table, &ids[0], now()).await, ApprovalStatus::Approved);
    let next = approve_once(&table, &token, "apps/web").await;
    let seen = table.tokens.get(&token.id).await.unwrap().unwrap();
    assert_eq!(table.tokens.take_approvals(&needs_of_both(&seen), now()).await.unwrap().unwrap().len(), 2);
    for id in [ids[0], next] {
        assert_eq!(status(&table, &id, now()).await, ApprovalStatus::Used);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_racing_requests_with_two_needs_one_gets_both() {
    let table = Table::fresh().await;
    let token = Sample::owned_by(&alice()).in_table(&table).await;
    for resource in ["apps/billing", "apps/web"] {
        approve_once(&table, &token, resource).await;
    }
    let mut racing = JoinSet::new();
    for turned in [false, true].into_iter().cycle().take(20) {
        let (tokens, id) = (table.another_client(), token.id.clone());
        racing.spawn(async move {
            let seen = tokens.get(&id).await.unwrap().unwrap();
            let mut needs = needs_of_both(&seen);
            if turned {
                needs.reverse();
            }
            tokens.take_approvals(&needs, now()).await.unwrap().is_ok()
        });
    }
    assert_eq!(racing.join_all().await.into_iter().filter(|allowed| *allowed).count(), 1);
}

#[tokio::test]
async fn an_approval_without_its_item_allows_nothing() {
    let table = Table::fresh().await;
    let (token, id) = approved_once(&table).await;
    table.delete(&table.approval_item(&id).await.unwrap()).await;
    assert!(!read_and_take_approval(&table.tokens, &token).await);
    assert_eq!(table.tokens.approval(&id, now()).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_racing_requests_ten_are_pending() {
    let table = Table::fresh().await;
    let token = Sample::owned_by(&alice()).in_table(&table).await;
    let mut racing = JoinSet::new();
    for app in 0..MAX_PENDING_APPROVALS * 2 {
        let (tokens, token) = (table.another_client(), token.clone());
        racing.spawn(async move {
            let request = request_of(&token, &format!("apps/{app}"), ApprovalUses::Any, now());
            tokens.request_approval(&request, &change(&Clock::system())).await.unwrap()
        });
    }
    let outcomes = racing.join_all().await;
    let created = outcomes.iter().filter(|outcome| matches!(outcome, ApprovalRequestOutcome::Created(_))).count();
    assert_eq!(created, MAX_PENDING_APPROVALS);
    let record = table.tokens.get(&token.id).await.unwrap().unwrap();
    assert_eq!(record.approvals.pending.len(), MAX_PENDING_APPROVALS);
    assert_eq!(kinds(&table, &token.id).await.len(), 1 + MAX_PENDING_APPROVALS);
}

/// Stores approvals, each requested at one of these times; newest first.
async fn approvals_requested_at(table: &Table, times: impl Iterator<Item = Timestamp>) -> Vec<(Timestamp, ApprovalId)> {
    let token = Sample::owned_by(&alice()).in_table(table).await;
    let request = request_of(&token, "apps/billing", ApprovalUses::Any, now());
    table.tokens.request_approval(&request, &change(&Clock::system())).await.unwrap();
    let first = table.approval_item(&request.id).await.unwrap();
    table.delete(&first).await;
    let mut all: Vec<_> = times.map(|at| (at, new_approval_id(at).unwrap())).collect();
    let item = |(at, id): &(Timestamp, ApprovalId)| {
        let mut item = first.clone();
        item.insert("pk".to_owned(), AttributeValue::S(format!("APPROVAL#{id}")));
        item.insert("created_at".to_owned(), AttributeValue::N(at.millis().to_string()));
        item
    };
    table.put_all(all.iter().map(item).collect()).await;
    all.sort_unstable_by(|one, other| other.cmp(one));
    all
}

fn pages_of(limit: usize) -> ApprovalFilter {
    ApprovalFilter { status: None, token: None, after: None, limit, now: now() }
}

#[tokio::test]
async fn a_list_names_no_foreign_approval_and_no_time_of_one() {
    let table = Table::fresh().await;
    let hour = Timestamp::from_seconds(now().millis() / 3_600_000 * 3600 - 7200);
    // One in seven seconds, and 500 in the same millisecond.
    let crowded = hour.plus_seconds(-8_000);
    let times = (1..1_200).map(|at| hour.plus_seconds(-7 * at)).chain([crowded; 500]);
    let own: Vec<_> = approvals_requested_at(&table, times).await.into_iter().step_by(600).collect();
    for limit in [1, 2, 100] {
        let mut filter = pages_of(limit);
        let (mut seen, mut ends) = (Vec::new(), Vec::new());
        loop {
            let is_own = |approval: &Approval| own.iter().any(|(_, id)| *id == approval.id);
            let page = table.tokens.approvals(&filter, is_own).await.unwrap();
            seen.extend(page.approvals.into_iter().map(|view| (view.approval.created_at, view.approval.id)));
            let Some(next) = page.next else { break };
            match &next {
                ApprovalCursor::After { id, .. } => assert_eq!(Some(id), seen.last().map(|(_, id)| id)),
                ApprovalCursor::Before(end) => ends.push(*end),
            }
            assert_eq!(ApprovalCursor::decode(&next.encode()).as_ref(), Ok(&next));
            filter.after = Some(next);
        }
        assert!(seen.is_sorted_by_key(|(at, _)| Reverse(*at)));
        seen.sort_unstable_by(|one, other| other.cmp(one));
        assert_eq!(seen, own, "pages of {limit}");
        let is_crowded = |end: &i64| (end - crowded.millis()).abs() < 60_000;
        let is_vague = |end: &i64| end % 60_000 == 0 || is_crowded(end);
        assert!(!ends.is_empty() && ends.iter().all(is_vague), "{ends:?}");
    }
}

#[tokio::test]
async fn a_page_for_a_caller_who_sees_nothing_costs_five_queries() {
    let table = Table::in_process().await;
    approvals_requested_at(&table, (1..900).map(|at| now().plus_seconds(-at))).await;
    let observed = Observed::new(&table).await;
    let page = observed.tokens.approvals(&pages_of(50), |_| false).await.unwrap();
    assert!(page.next.is_some());
    assert_eq!(observed.operations(), ["Query", "BatchGetItem"].repeat(5));
}

#[tokio::test]
async fn a_page_that_ends_in_its_first_hour_shows_what_it_found() {
    let table = Table::in_process().await;
    let half_past = Timestamp::from_seconds(now().millis() / 3_600_000 * 3600 - 1800);
    let all = approvals_requested_at(&table, (1..900).map(|at| half_past.plus_seconds(-at))).await;
    let newest = &all[0].1;
    let filter = ApprovalFilter { now: half_past, ..pages_of(50) };
    let page = table.tokens.approvals(&filter, |approval| approval.id == *newest).await.unwrap();
    assert!(matches!(page.next, Some(ApprovalCursor::Before(end)) if end < half_past.millis()));
    assert_eq!(page.approvals.into_iter().map(|view| view.approval.id).collect::<Vec<_>>(), [*newest]);
}
