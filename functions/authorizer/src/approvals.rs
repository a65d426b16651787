//! Approvals for one use: taken before the response, with one conditional write.

use portcullis::authz::MissingAccess;
use portcullis::catalog::ApprovalUses;
use portcullis::clock::Timestamp;
use portcullis::store::ItemStore;
use portcullis::token::LiveApproval;
use tokio::time::Instant;

use crate::authenticate::{AuthenticationError, Dependency};

/// Uses up the approvals for one use. Returns what is missing if another request was faster.
///
/// # Errors
/// When the store fails or the deadline passes. The approval may be used up then, and the request is not allowed.
pub(crate) async fn take(
    tokens: &ItemStore,
    approvals: &[&LiveApproval],
    now: Timestamp,
    deadline: Instant,
) -> Result<Option<MissingAccess>, AuthenticationError> {
    for approval in approvals.iter().filter(|approval| approval.uses == ApprovalUses::Once) {
        if !Dependency::Approval.before(deadline, tokens.take_approval(&approval.id, now)).await?? {
            let (permission, resource) = (Some(approval.permission.clone()), Some(approval.resource.to_string()));
            return Ok(Some(MissingAccess { permission, resource, roles: Vec::new() }));
        }
    }
    Ok(None)
}
