//! The catalog: which permissions there are, which roles bundle them, which routes need
//! them, which groups of people have which role, and which CI jobs get a token.
//!
//! | module | is |
//! | --- | --- |
//! | `document` | the catalog as JSON, read with every flaw named at its place |
//! | `flaw` | what is wrong with one, and where |
//! | `limits` | how many entries its lists may have |
//! | `validate` | what has to hold of a catalog as a whole |
//! | `route` | a route's pattern, and the resource that its parameters name |
//! | `role` | a role and its name |
//! | `request_path` | the path of a request, refused where it can be read in two ways |
//! | `fold` | names that a backend may take for the same |
//! | `trust` | whose identities of CI jobs get a token |
//!
//! Over HTTP the document is JSON, in files TOML; both say the same. The product's own
//! permissions are part of every catalog.

mod document;
mod flaw;
pub(crate) mod fold;
mod limits;
mod request_path;
mod role;
mod route;
mod trust;
mod validate;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::grants::Permission;
use fold::fold;

pub use flaw::CatalogIssue;
pub use request_path::{AmbiguousPath, RequestPath};
pub use role::{Role, RoleName};
pub use route::{Lookalike, Route, Target};
pub(crate) use route::{METHODS, RouteMatcher, Segment};
pub use trust::{
    ClaimPattern, ClaimSet, MAX_EXCHANGED_SECONDS, TrustGain, TrustRule, TrustRuleName, UnmetCondition, via,
};

/// The most bytes of a catalog's document.
pub const MAX_CATALOG_BYTES: usize = 256 * 1024;

/// The product's own permissions, which every catalog has.
const BUILTIN_PERMISSIONS: [(&str, &str, &str); 6] = [
    ("tokens", "read", "See one's own tokens"),
    ("tokens", "write", "Make, change and end one's own tokens"),
    ("tokens", "admin", "See, make, change and end anyone's tokens"),
    ("tokens", "introspect", "Ask what anyone's token is worth"),
    ("catalog", "read", "See the catalog"),
    ("catalog", "write", "Change the catalog"),
];

/// What is in force where nobody has written a catalog: `infra/catalog.toml`.
static DEFAULT: LazyLock<Catalog> = LazyLock::new(|| {
    // The build script made it of a TOML file, and a test reads it as any other.
    Catalog::from_stored(include_str!(concat!(env!("OUT_DIR"), "/catalog.json"))).unwrap_or_default()
});

/// Permissions, roles, routes, the groups of sessions, and trust rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    strict: bool,
    /// Without the product's own.
    permissions: BTreeMap<Permission, String>,
    roles: BTreeMap<RoleName, Role>,
    routes: Vec<Route>,
    groups: BTreeMap<String, RoleName>,
    trust: Vec<TrustRule>,
}

impl Catalog {
    /// The catalog of a deployment in which nobody has written one.
    #[must_use]
    pub fn default_catalog() -> &'static Self {
        &DEFAULT
    }

    /// Whether only what is listed can be granted, and only listed routes pass.
    #[must_use]
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// The roles, by name.
    #[must_use]
    pub fn role(&self, name: &RoleName) -> Option<&Role> {
        self.roles.get(name)
    }

    /// The names of all roles.
    pub fn role_names(&self) -> impl Iterator<Item = &RoleName> {
        self.roles.keys()
    }

    /// The roles that give a permission.
    #[must_use]
    pub fn roles_giving(&self, permission: &Permission) -> Vec<RoleName> {
        let gives = |role: &Role| role.permissions.iter().any(|held| held.covers(permission));
        self.roles.iter().filter(|(_, role)| gives(role)).map(|(name, _)| name.clone()).collect()
    }

    /// The routes.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The one route that a request is for, and the resource that it names. No two routes
    /// match the same request.
    #[must_use]
    pub fn route(&self, target: Target<'_>, path: &RequestPath) -> Option<(&Route, String)> {
        self.routes.iter().find_map(|route| Some((route, route.resource_of(target, path)?)))
    }

    /// The routes of which a request's path is another spelling, as backends may see it, and what they
    /// need. For a path that no route matches.
    #[must_use]
    pub fn lookalikes(&self, target: Target<'_>, path: &RequestPath) -> Vec<Lookalike> {
        if self.routes.is_empty() {
            return Vec::new();
        }
        let folded: Vec<_> = path.names().map(fold).collect();
        let found = self.routes.iter().filter_map(|route| {
            let resource = route.resource_of_lookalike(target, path, &folded)?;
            Some(Lookalike { route: route.pattern.clone(), permission: route.permission.clone(), resource })
        });
        found.collect()
    }

    /// Whether a token may be given the permission: in a strict catalog one that is listed,
    /// or a wildcard that covers one.
    #[must_use]
    pub fn is_grantable(&self, permission: &Permission) -> bool {
        !self.strict || self.is_known(permission)
    }

    /// The groups that the catalog maps to a role, with that role.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<(&String, &RoleName)> {
        self.groups.get_key_value(name)
    }

    /// What this gives to groups of people that the catalog before did not give them, each
    /// with the group: whoever writes it has to have as much.
    pub fn new_group_permissions<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = (&'a str, &'a Permission)> {
        self.groups.iter().flat_map(|(group, role)| {
            let had = before.groups.get(group).and_then(|role| before.roles.get(role));
            let has = self.roles.get(role).map(|role| role.permissions.as_slice());
            let had = had.map(|role| role.permissions.as_slice()).unwrap_or_default();
            let gained = move |permission: &&Permission| !had.iter().any(|held| held.covers(permission));
            has.unwrap_or_default().iter().filter(gained).map(move |permission| (group.as_str(), permission))
        })
    }

    /// Whether the permission is listed, or a wildcard that covers what is. Where the
    /// catalog is not strict, what routes need by convention counts as listed.
    fn is_known(&self, permission: &Permission) -> bool {
        let own = BUILTIN_PERMISSIONS.map(|(resource, action, _)| Permission::named(resource, action));
        let listed = own.iter().chain(self.permissions.keys()).any(|listed| permission.covers(listed));
        let by_convention = !self.strict && matches!(permission.action(), None | Some("read" | "write"));
        listed || by_convention
    }
}

#[cfg(test)]
pub(crate) mod tests;
