//! Why there is no policy for a whole API.

use super::regions::NotExpressible;
use crate::authz::request_arn::MAX_ARN_LENGTH;

/// Why there is no policy for the whole API. Each is a sentence for the operator's log.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// No patterns say exactly what is allowed.
    #[error(transparent)]
    NotExpressible(#[from] NotExpressible),
    /// A pattern would be longer than IAM allows.
    #[error("a path that is allowed takes a pattern of more than {MAX_ARN_LENGTH} characters")]
    LongPattern,
    /// The policy is larger than a response may be.
    #[error("the patterns that say what is allowed do not fit into an answer of 8 KB")]
    ManyPatterns,
    /// The request itself is held back by the guard.
    #[error("the request's path is allowed but spelled in a way that the guard against malformed paths holds back")]
    Guarded,
}
