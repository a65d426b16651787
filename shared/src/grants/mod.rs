//! What a token may do: permissions on resources, and the networks that it may be used from.
//!
//! The rules by which permissions and resources match stand in `docs/authorization.md`, as tables that are
//! tests.

pub(crate) mod grant;
mod ip_allowlist;
pub(crate) mod permission;
pub(crate) mod resource;

pub use grant::{Grant, Grants, MAX_GRANTS, MAX_PERMISSIONS, MAX_RESOURCES, UncoveredGrant, UncoveredPart};
pub use ip_allowlist::{IpAllowlist, MAX_NETWORKS, Network};
pub use permission::Permission;
pub use resource::Resource;
