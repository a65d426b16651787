//! What a token may do: permissions on resources, and the networks that it may be used from.
//!
//! The rules by which permissions and resources match stand in `docs/access.md`, as tables that are
//! tests.

pub(crate) mod grant;
mod ip_allowlist;
pub(crate) mod permission;
pub(crate) mod resource;

pub use grant::{Beyond, Excess, Grant, Grants, MOST_GRANTS, MOST_PERMISSIONS, MOST_RESOURCES};
pub use ip_allowlist::{Addresses, MOST_NETWORKS, Network};
pub use permission::Permission;
pub use resource::Resource;
