//! The policy that a gateway may cache: everything that a principal may do on a protected API, as IAM patterns.
//!
//! The entry point is [`ApiWidePolicy::compile`]. It is used only if authorizer caching is on.
//!
//! | module | contents |
//! | --- | --- |
//! | `regions` | the requests that [`authorize`](super::authorize) allows, as regions of paths |
//! | `route_unification` | the paths of a route that refer to a given resource |
//! | `open_path_probe` | whether a path, or every path below it, is open |
//! | `iam_policy` | regions as patterns, and the guard against ambiguous paths |
//! | `percent_encodings` | the usual percent-encodings of a path |
//! | `arn_pattern` | IAM's pattern matching |

pub(super) mod arn_pattern;
mod error;
mod iam_policy;
mod open_path_probe;
mod percent_encodings;
mod regions;
mod route_unification;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use super::approval::approved_grants;
use super::{Arn, AuthzContext, Principal};
use crate::clock::Timestamp;
use regions::allowed_paths;

pub use error::CompileError;
pub use iam_policy::ApiWidePolicy;
pub use regions::NotExpressible;

impl ApiWidePolicy {
    /// Compiles the policy for everything that the principal may do. For the request of this ARN it gives the
    /// decision `allowed`.
    ///
    /// # Errors
    /// When no policy expresses the grants exactly.
    pub fn compile(
        principal: &Principal,
        rules: &AuthzContext<'_>,
        arn: &Arn<'_>,
        allowed: bool,
        now: Timestamp,
    ) -> Result<Self, CompileError> {
        let grants = match principal {
            Principal::Token(record) => Cow::Owned(approved_grants(record, rules, now)?),
            Principal::Session(session) => Cow::Borrowed(&session.grants),
        };
        let mut policy = Self::new(&allowed_paths(&grants, rules)?, arn)?;
        policy.pin_request(arn, allowed)?;
        Ok(policy)
    }
}
