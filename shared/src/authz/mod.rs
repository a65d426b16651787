//! Decisions: who makes a request, what it requires, and [`decide`].
//!
//! All of it is pure: a principal, a request and a time go in, a [`Decision`] comes out.
//! The rules by which permissions, resources and routes match stand in `docs/access.md`,
//! as tables that are tests.

mod api_wide_policy;
mod decision;
mod permission_usage;
mod principal;
mod request_arn;
mod requirement;
mod settings;

#[cfg(test)]
mod access_doc_tests;

pub use api_wide_policy::{ApiWidePolicy, CompileError, Inexpressible};
pub use decision::{Decision, Missing, Reason, decide};
pub use permission_usage::{MAX_USES, Use, Uses, exercised};
pub use principal::{Principal, Session};
pub use request_arn::{Arn, LONGEST_ARN};
pub use requirement::{Api, Asked, Need, Rule, Rules, need};
pub use settings::{Settings, TokenManagement};
