//! Grants of a token: permissions on resources, and the networks from which it may be used.
//!
//! `docs/authorization.md` lists the matching rules of permissions and resources in tables that run as tests.

pub(crate) mod grant;
mod ip_allowlist;
pub(crate) mod permission;
pub(crate) mod resource;

pub use grant::{Grant, Grants, MAX_GRANTS, MAX_PERMISSIONS, MAX_RESOURCES, UncoveredGrant, UncoveredPart};
pub use ip_allowlist::{IpAllowlist, MAX_NETWORKS, Network};
pub use permission::Permission;
pub use resource::Resource;
