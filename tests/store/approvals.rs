//! The approvals of a token that expires.

use std::sync::LazyLock;

use portcullis::catalog::ApprovalUses;
use portcullis::clock::{Clock, Timestamp};
use portcullis::store::{
    ApprovalChange, ApprovalOutcome, ApprovalRequestOutcome, TokenUpdate, UpdateOutcome, new_approval_id,
};
use portcullis::token::{
    Actor, Approval, ApprovalId, ApprovalStatus, EventKind, EventOrigin, TokenApprovals, TokenRecord,
};

use super::events::kinds;
use super::{LIMITS, Sample, Table, alice, by_whom, clock_at, now};

/// A token that expires in an hour, and its pending request for approval.
async fn requester(table: &Table) -> (TokenRecord, Timestamp, ApprovalId) {
    let end = now().truncated_to_seconds().plus_seconds(3600);
    let token = Sample::owned_by(&alice()).until(end).in_table(table).await;
    let at = end.plus_seconds(-60);
    let request = Approval {
        id: new_approval_id(at).unwrap(),
        token: token.id.clone(),
        token_name: token.name,
        owner: token.owner,
        permission: "apps:deploy".parse().unwrap(),
        resource: "apps/billing".parse().unwrap(),
        reason: "Deploy 1.4.2".parse().unwrap(),
        link: None,
        uses: ApprovalUses::Any,
        valid_for_seconds: 900,
        created_at: at,
        decision: None,
        used_at: None,
        ended: None,
    };
    let outcome = table.tokens.request_approval(&request, &change(&clock_at(at))).await.unwrap();
    assert!(matches!(outcome, ApprovalRequestOutcome::Created(_)));
    (table.tokens.get(&token.id).await.unwrap().unwrap(), end, request.id)
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
    assert_eq!(renewed.approvals, TokenApprovals::default());
    assert_eq!(table.tokens.get(&token.id).await.unwrap(), Some(*renewed));
    assert_eq!(status(&table, &request, end).await, ApprovalStatus::Ended);
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
