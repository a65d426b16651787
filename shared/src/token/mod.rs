//! The token's [`TokenRecord`]: its state, events and expiry.
//!
//! This module must not know about storage or HTTP.

mod actor;
pub(crate) mod approval;
mod event;
mod issued_token;
mod record;
mod settings;
mod user_agent;

pub use actor::Actor;
pub use approval::{
    APPROVAL_LAPSE_SECONDS, Approval, ApprovalDecision, ApprovalId, ApprovalStatus, LiveApproval,
    MAX_APPROVAL_REQUESTS_PER_DAY, MAX_LIVE_APPROVALS, MAX_PENDING_APPROVALS, PendingApproval, TokenApprovals,
    request_key,
};
pub use event::{ApprovalDetail, ApprovalStep, EVENT_KINDS, Event, EventKind, EventOrigin, FieldChange};
pub use issued_token::IssuedToken;
pub use record::{
    DisableReason, DisabledState, LastUse, Revocation, RevocationDetails, RevokeReason, Status, TokenRecord, TokenState,
};
pub use settings::Settings;
pub use user_agent::UserAgentFamily;
