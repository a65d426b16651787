//! A history: each call with the time before it was sent and the time after its response arrived.

use std::sync::atomic::{AtomicU64, Ordering};

/// Number of a token in a history.
pub(crate) type TokenNumber = usize;
/// Number of a secret of a token; 0 is the first.
pub(crate) type SecretNumber = usize;

/// Number of a request for approval in a history.
pub(crate) type ApprovalNumber = usize;

/// A call by one client.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) token: TokenNumber,
    pub(crate) owner: usize,
    pub(crate) action: Action,
    pub(crate) begin: u64,
    pub(crate) end: u64,
    pub(crate) outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Create,
    /// An exchange creates a token that does not count against the limit.
    Exchange,
    /// A request to the protected API with a secret of the token.
    Use(SecretNumber),
    /// A request to the protected API that needs an approval, with a secret of the token.
    UseApproval(SecretNumber),
    /// An approval of a request for it.
    Approve(ApprovalNumber),
    EndApproval(ApprovalNumber),
    /// The new secret; the previous one is valid no longer.
    Rotate(SecretNumber),
    Update,
    Disable,
    Enable,
    Revoke,
    Delete,
    /// The call names an owner, and ends each token of the owner that was created before.
    RevokeOwner,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Acknowledged; a use was allowed.
    Done,
    /// Refused, without effect; a use was denied with 401.
    Refused,
    /// A use was denied with 403: the token was live, and had no approval.
    Unapproved,
    /// There was no response, or an error: it may have had its effect.
    Unknown,
}

/// Orders the beginnings and the ends of all calls.
#[derive(Debug, Default)]
pub(crate) struct LogicalClock(AtomicU64);

impl LogicalClock {
    /// A later time than any before.
    pub(crate) fn tick(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}
