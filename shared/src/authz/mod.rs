//! Authorization: the principal, what a request requires, and [`authorize`].
//!
//! All functions are pure: they take a principal, a request and a time, and return a [`Decision`].
//! `docs/authorization.md` lists the matching rules of permissions, resources and routes in tables that run as tests.

mod api_wide_policy;
mod approval;
mod approval_access;
mod catalog_impact;
mod daily_counts;
mod decision;
mod denial;
mod permission_usage;
mod principal;
mod request_arn;
mod requirement;
mod settings;

#[cfg(test)]
mod access_doc_tests;

pub use api_wide_policy::{ApiWidePolicy, CompileError, NotExpressible};
pub use approval::{NeededApproval, needed_approvals};
pub use approval_access::DecisionRefusal;
pub use catalog_impact::{CatalogImpact, TokenImpact};
pub use daily_counts::{COUNTED_DAYS, DailyCounts, MAX_COUNTED_PERMISSIONS};
pub use decision::{Decision, DenyReason, MissingAccess, authorize};
pub use denial::{Denial, MAX_DENIALS};
pub use permission_usage::{MAX_USES, PermissionUse, UsageLog, permission_used};
pub use principal::{Principal, Session};
pub use request_arn::{Arn, MAX_ARN_LENGTH};
pub use requirement::{AccessRequest, Api, AuthzContext, Requirement, RequirementSource, requirement};
pub use settings::{Settings, TokenManagement};
