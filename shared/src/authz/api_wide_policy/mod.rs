//! The policy that a gateway may cache: all that a principal may do on a protected API, in IAM's patterns.
//!
//! [`ApiWidePolicy::compile`] is the one way in. Nothing here is needed while authorizer caching is off.
//!
//! | module | is |
//! | --- | --- |
//! | `regions` | what [`authorize`](super::authorize) allows, as regions of paths |
//! | `route_unification` | the paths on which a route is about a given resource |
//! | `open_path_probe` | whether a path, or everything below one, is open |
//! | `iam_policy` | regions as patterns, and a guard against malformed paths |
//! | `spellings` | the ways in which clients write a path |
//! | `arn_pattern` | how IAM matches a pattern |

pub(super) mod arn_pattern;
mod error;
mod iam_policy;
mod open_path_probe;
mod regions;
mod route_unification;
mod spellings;
#[cfg(test)]
mod tests;

use super::{Arn, AuthzContext};
use crate::grants::Grants;
use regions::regions;

pub use error::CompileError;
pub use iam_policy::ApiWidePolicy;
pub use regions::NotExpressible;

impl ApiWidePolicy {
    /// The policy for everything that these grants allow. It answers the request of this ARN as that was
    /// decided, whatever its path.
    ///
    /// # Errors
    /// When no policy says exactly what is allowed.
    pub fn compile(
        grants: &Grants,
        rules: &AuthzContext<'_>,
        arn: &Arn<'_>,
        allowed: bool,
    ) -> Result<Self, CompileError> {
        let mut policy = Self::of(&regions(grants, rules)?, arn)?;
        policy.settle(arn, allowed)?;
        Ok(policy)
    }
}
