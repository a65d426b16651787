//! The catalog: permissions, roles that bundle them, routes that require them, roles of user groups, and trust
//! rules for CI jobs.
//!
//! | module | contents |
//! | --- | --- |
//! | `approval`, `approval_document` | which permissions need approval; reading and writing that |
//! | `document` | reading and writing the JSON document |
//! | `duration` | durations in it |
//! | `issue` | a validation issue and its path |
//! | `limits` | maximum sizes of lists |
//! | `validate` | validation of a catalog as a whole |
//! | `route` | route patterns and resource templates |
//! | `routes` | the routes, found by the path of a request |
//! | `role` | a role and its name |
//! | `request_path` | the path of a request; ambiguous paths are refused |
//! | `fold` | folding of names that a backend may treat as equal |
//! | `trust` | trust rules for the identities of CI jobs |
//!
//! The document is JSON over HTTP and TOML in files, with the same content. The built-in permissions are part
//! of every catalog.

mod approval;
mod approval_document;
mod document;
mod duration;
pub(crate) mod fold;
mod issue;
mod limits;
mod request_path;
mod role;
mod route;
mod routes;
mod trust;
mod validate;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::grants::Permission;
use routes::Routes;

pub use approval::{ApprovalRule, ApprovalUses, MAX_APPROVAL_SECONDS, MIN_APPROVAL_SECONDS};
pub use issue::CatalogIssue;
pub use request_path::{AmbiguousPath, RequestPath};
pub use role::{Role, RoleName};
pub use route::{Lookalike, Route, Target};
pub(crate) use route::{METHODS, RouteMatcher, Segment};
pub use trust::{
    ClaimPattern, ClaimSet, MAX_EXCHANGED_SECONDS, TrustGain, TrustRule, TrustRuleName, UnmetCondition, via,
};

/// Maximum size of a catalog document, in bytes.
pub const MAX_CATALOG_BYTES: usize = 256 * 1024;

/// The built-in permissions, which every catalog has: resource, action and description.
const BUILTIN_PERMISSIONS: [(&str, &str, &str); 8] = [
    ("tokens", "read", "View your own tokens"),
    ("tokens", "write", "Create, edit and revoke your own tokens"),
    ("tokens", "admin", "View and manage everyone's tokens"),
    ("tokens", "introspect", "Introspect any token"),
    ("catalog", "read", "View the catalog"),
    ("catalog", "write", "Edit the catalog"),
    ("approvals", "read", "View approvals"),
    ("approvals", "decide", "Approve and reject requests"),
];

fn builtin_permissions() -> [Permission; BUILTIN_PERMISSIONS.len()] {
    BUILTIN_PERMISSIONS.map(|(resource, action, _)| Permission::named(resource, action))
}

/// The default catalog, used until one is stored: `infra/catalog.toml`.
static DEFAULT: LazyLock<Catalog> = LazyLock::new(|| {
    // The build script converts the TOML file, and a test validates it.
    Catalog::from_stored(include_str!(concat!(env!("OUT_DIR"), "/catalog.json"))).unwrap_or_default()
});

/// A catalog: permissions, roles, routes, session groups and trust rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    strict: bool,
    /// Without the built-in permissions.
    permissions: BTreeMap<Permission, String>,
    approvals: BTreeMap<Permission, ApprovalRule>,
    roles: BTreeMap<RoleName, Role>,
    routes: Routes,
    groups: BTreeMap<String, RoleName>,
    trust: Vec<TrustRule>,
}

impl Catalog {
    /// The catalog of a deployment that has not stored one.
    #[must_use]
    pub fn default_catalog() -> &'static Self {
        &DEFAULT
    }

    /// Whether only listed permissions can be granted and only listed routes are allowed.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// All roles by name.
    #[must_use]
    pub fn role(&self, name: &RoleName) -> Option<&Role> {
        self.roles.get(name)
    }

    /// The names of all roles.
    pub fn role_names(&self) -> impl Iterator<Item = &RoleName> {
        self.roles.keys()
    }

    /// Roles that grant a permission.
    #[must_use]
    pub fn roles_giving(&self, permission: &Permission) -> Vec<RoleName> {
        let gives = |role: &Role| role.permissions.iter().any(|held| held.covers(permission));
        self.roles.iter().filter(|(_, role)| gives(role)).map(|(name, _)| name.clone()).collect()
    }

    /// The routes.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        self.routes.as_slice()
    }

    /// The route that matches a request, with the resource that it refers to. At most one route matches.
    #[must_use]
    pub fn route(&self, target: Target<'_>, path: &RequestPath) -> Option<(&Route, String)> {
        self.routes.find(target, path)
    }

    /// The routes of which a request's path is another spelling, with what they require. For a path that no
    /// route matches.
    #[must_use]
    pub fn lookalikes(&self, target: Target<'_>, path: &RequestPath) -> Vec<Lookalike> {
        self.routes.lookalikes(target, path)
    }

    /// Whether a token may be given the permission. A strict catalog allows only listed permissions and
    /// wildcards that cover one.
    #[must_use]
    pub fn is_grantable(&self, permission: &Permission) -> bool {
        !self.strict || self.is_known(permission)
    }

    /// Groups that the catalog maps to a role, with their role.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<(&String, &RoleName)> {
        self.groups.get_key_value(name)
    }

    /// Permissions that this catalog gives to groups and the previous one did not, each with its group. The
    /// caller who writes the catalog must hold them.
    pub fn new_group_permissions<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = (&'a str, &'a Permission)> {
        self.groups.iter().flat_map(|(group, role)| {
            let had = before.groups.get(group).and_then(|role| before.roles.get(role));
            let has = self.roles.get(role).map(|role| role.permissions.as_slice());
            let had = had.map(|role| role.permissions.as_slice()).unwrap_or_default();
            let gained = move |permission: &&Permission| !had.iter().any(|held| held.covers(permission));
            has.unwrap_or_default().iter().filter(gained).map(move |permission| (group.as_str(), permission))
        })
    }

    /// Whether the permission is listed, or is a wildcard that covers a listed one. Unless the catalog is
    /// strict, the convention's permissions count as listed.
    fn is_known(&self, permission: &Permission) -> bool {
        let builtin = builtin_permissions();
        let listed = builtin.iter().chain(self.permissions.keys()).any(|listed| permission.covers(listed));
        let by_convention = !self.strict && matches!(permission.action(), None | Some("read" | "write"));
        listed || by_convention
    }
}

#[cfg(test)]
pub(crate) mod tests;
