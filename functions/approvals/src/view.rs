//! The API's view of an approval.

use portcullis::api_types::Approval;
use portcullis::http::Problem;
use portcullis::store::ApprovalView;
use portcullis::token::ApprovalStatus;

pub(crate) fn view(ApprovalView { approval, status }: ApprovalView) -> Approval {
    let (lapses_at, expires_at) = (approval.lapses_at(), approval.expires_at());
    let (decision, ended) = (approval.decision, approval.ended);
    Approval {
        id: approval.id.to_string(),
        token_id: approval.token.to_string(),
        token_name: approval.token_name.to_string(),
        owner: approval.owner.to_string(),
        permission: approval.permission.to_string(),
        resource: approval.resource.to_string(),
        reason: approval.reason.to_string(),
        link: approval.link.as_ref().map(ToString::to_string),
        status: status.as_str().to_owned(),
        uses: approval.uses.as_str().to_owned(),
        valid_for: approval.valid_for_seconds,
        created_at: approval.created_at.truncated_to_seconds(),
        lapses_at,
        decided_at: decision.as_ref().map(|decision| decision.at),
        decided_by: decision.as_ref().map(|decision| decision.by.to_string()),
        comment: decision.and_then(|decision| decision.comment).map(|comment| comment.to_string()),
        expires_at,
        used_at: approval.used_at,
        ended_at: ended.as_ref().map(|(at, _)| *at),
        ended_by: ended.map(|(_, by)| by.to_string()),
    }
}

/// 409: what became of an approval that is no longer pending.
pub(crate) fn too_late(ApprovalView { approval, status }: &ApprovalView) -> Problem {
    let detail = match (status, &approval.decision, &approval.ended) {
        (ApprovalStatus::Ended, _, Some((at, by))) => format!("{by} ended it at {at}."),
        (ApprovalStatus::Ended, ..) => {
            "It ended, because its token was revoked, disabled or deleted, or has expired.".to_owned()
        }
        (ApprovalStatus::Lapsed, ..) => format!("It lapsed without a decision at {}.", approval.lapses_at()),
        (ApprovalStatus::Used, ..) => format!("It was used at {}.", approval.used_at.unwrap_or(approval.created_at)),
        (ApprovalStatus::Expired, ..) => {
            format!("It expired at {}.", approval.expires_at().unwrap_or(approval.created_at))
        }
        (_, Some(decision), _) => {
            let verb = if decision.approved { "approved" } else { "rejected" };
            format!("{} {verb} it at {}.", decision.by, decision.at)
        }
        // Nothing else is too late.
        (_, None, _) => String::new(),
    };
    Problem::approval_decided(format!("{detail} Nothing was changed."))
}
