//! The approvals that a request uses. Those for one use are taken before the response, all of them or none.

use portcullis::authz::{AccessRequest, AuthzContext, MissingAccess, Principal, needed_approvals};
use portcullis::clock::Timestamp;
use portcullis::store::ItemStore;
use portcullis::token::LiveApproval;
use tokio::time::Instant;

use crate::authenticate::{AuthenticationError, Dependency};

/// Takes the approvals that an allowed request needs. Returns what is missing if other requests were faster.
///
/// # Errors
/// When the store fails or the deadline passes. An approval may be used up then, and the request is not allowed.
pub(crate) async fn take<'a>(
    tokens: &ItemStore,
    principal: &'a Principal,
    rules: &AuthzContext<'_>,
    asked: &AccessRequest<'_>,
    now: Timestamp,
    deadline: Instant,
) -> Result<Result<Vec<&'a LiveApproval>, MissingAccess>, AuthenticationError> {
    let Principal::Token(record) = principal else { return Ok(Ok(Vec::new())) };
    let needed = needed_approvals(record, rules, asked, now);
    if needed.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    Ok(Dependency::Approval.before(deadline, tokens.take_approvals(&needed, now)).await??)
}
