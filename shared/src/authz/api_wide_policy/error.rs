//! Reasons why an API-wide policy cannot be built.

use super::regions::NotExpressible;
use crate::authz::request_arn::MAX_ARN_LENGTH;

/// Why there is no API-wide policy. The messages go to the operator's log.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// No patterns express the grants exactly.
    #[error(transparent)]
    NotExpressible(#[from] NotExpressible),
    /// A pattern would be longer than IAM allows.
    #[error("an allowed path needs a pattern of more than {MAX_ARN_LENGTH} characters")]
    LongPattern,
    /// The policy is larger than a response may be.
    #[error("the patterns of the allowed paths do not fit into a response of 8 KB")]
    ManyPatterns,
    /// The guard denies the request itself.
    #[error("the request's path is allowed, but the guard against ambiguous paths denies its spelling")]
    Guarded,
}
