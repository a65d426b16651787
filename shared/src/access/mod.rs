//! Who may do what: grants, the catalog, what a request needs, and [`decide`].
//!
//! All of it is pure: a principal, a request and a time go in, a [`Decision`] comes out.
//! The rules by which permissions, resources and routes match stand in `docs/access.md`,
//! as tables that are tests.

mod addresses;
mod catalog;
mod decide;
mod fold;
mod grant;
mod need;
mod path;
mod permission;
mod principal;
mod regions;
mod resource;
mod usage;

#[cfg(test)]
mod documented;

pub use addresses::{Addresses, MOST_NETWORKS, Network};
pub use catalog::{
    Catalog, ClaimSet, Flaw, LONGEST_EXCHANGED_SECONDS, MOST_CATALOG_BYTES, Mismatch, Role, RoleName, Route,
};
pub use catalog::{Pattern, RuleName, TrustGain, TrustRule, via};
pub use decide::{Decision, Missing, Reason, decide};
pub use grant::{Beyond, Excess, Grant, Grants, MOST_GRANTS, MOST_PERMISSIONS, MOST_RESOURCES};
pub use need::{Api, Asked, Lookalike, Need, Rule, Rules, Target, need};
pub use path::{MalformedPath, RequestPath, spellings};
pub use permission::Permission;
pub use principal::{Principal, Session};
pub use regions::{Allowed, Extent, Inexpressible, Region, regions};
pub use resource::Resource;
pub use usage::{Day, MAX_USES, Use, Uses, exercised};
