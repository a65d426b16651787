//! Approvals: what a token must not do alone.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// A request for approval, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// ULID; approvals sort by it.
    pub id: String,
    /// ID of the token that asks.
    pub token_id: String,
    /// Name of the token when it asked.
    pub token_name: String,
    /// Owner of the token.
    pub owner: String,
    /// The permission.
    pub permission: String,
    /// The resource on which the permission is to be used.
    pub resource: String,
    /// Why the token needs it.
    pub reason: String,
    /// A page about it, such as the pipeline's run.
    pub link: Option<String>,
    /// `pending`, `approved`, `rejected`, `lapsed`, `expired`, `used` or `ended`.
    pub status: String,
    /// How often the approval can be used: `any` or `once`.
    pub uses: String,
    /// How long the approval lasts from its decision, in seconds.
    pub valid_for: u32,
    /// Time of the request.
    pub created_at: Timestamp,
    /// Time at which the request lapses without a decision.
    pub lapses_at: Timestamp,
    /// Time of the decision.
    pub decided_at: Option<Timestamp>,
    /// The actor who decided.
    pub decided_by: Option<String>,
    /// The decider's comment.
    pub comment: Option<String>,
    /// End of the approval.
    pub expires_at: Option<Timestamp>,
    /// When an approval for one use was used.
    pub used_at: Option<Timestamp>,
    /// When the request or the approval was ended before its time.
    pub ended_at: Option<Timestamp>,
    /// The actor who ended it.
    pub ended_by: Option<String>,
}

/// A page of `GET /approvals`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalPage {
    /// The approvals, newest first.
    pub approvals: Vec<Approval>,
    /// Cursor of the next page; `null` on the last page.
    pub next_cursor: Option<String>,
}

/// Response to `DELETE /approvals/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndApprovalResponse {
    /// The approval.
    #[serde(flatten)]
    pub approval: Approval,
    /// Time from which no request uses the approval.
    pub effective_by: Timestamp,
}
