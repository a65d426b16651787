//! Decisions: who makes a request, what it requires, and [`authorize`].
//!
//! All of it is pure: a principal, a request and a time go in, a [`Decision`] comes out.
//! The rules by which permissions, resources and routes match stand in `docs/authorization.md`,
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

pub use api_wide_policy::{ApiWidePolicy, CompileError, NotExpressible};
pub use decision::{Decision, DenyReason, Missing, authorize};
pub use permission_usage::{MAX_USES, PermissionUse, UsageLog, permission_used};
pub use principal::{Principal, Session};
pub use request_arn::{Arn, MAX_ARN_LENGTH};
pub use requirement::{AccessRequest, Api, AuthzContext, Requirement, RequirementSource, requirement};
pub use settings::{Settings, TokenManagement};
