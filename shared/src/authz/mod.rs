//! Decisions: who makes a request, what it requires, and [`decide`].
//!
//! All of it is pure: a principal, a request and a time go in, a [`Decision`] comes out.
//! The rules by which permissions, resources and routes match stand in `docs/access.md`,
//! as tables that are tests.

mod decision;
mod permission_usage;
mod policy_regions;
mod principal;
mod requirement;
mod settings;

#[cfg(test)]
mod access_doc_tests;

pub use decision::{Decision, Missing, Reason, decide};
pub use permission_usage::{MAX_USES, Use, Uses, exercised};
pub use policy_regions::{Allowed, Extent, Inexpressible, Region, regions};
pub use principal::{Principal, Session};
pub use requirement::{Api, Asked, Need, Rule, Rules, need};
pub use settings::{Settings, TokenManagement};
