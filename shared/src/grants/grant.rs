//! Grants: sets of permissions on sets of resources.

use std::collections::BTreeSet;

use super::{Permission, Resource};

/// Maximum number of grants of a token.
pub const MAX_GRANTS: usize = 20;
/// Maximum number of permissions of a grant.
pub const MAX_PERMISSIONS: usize = 50;
/// Maximum number of resources of a grant.
pub const MAX_RESOURCES: usize = 50;

/// A grant: each of the permissions on each of the resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The permissions.
    pub permissions: Vec<Permission>,
    /// The resources.
    pub resources: Vec<Resource>,
}

/// All grants of a principal. A permission of one grant does not apply to the resources of another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(Vec<Grant>);

/// A part of the requested grants that the principal does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UncoveredGrant {
    /// Index of the requested grant, from 0.
    pub grant: usize,
    /// The uncovered part of it.
    pub what: UncoveredPart,
}

/// The part of a grant that exceeds a principal's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UncoveredPart {
    /// A permission that no grant of the principal has.
    Permission(Permission),
    /// A resource on which the principal lacks these permissions.
    Resource(Resource, Vec<Permission>),
}

impl Grant {
    /// Whether the grant gives the permission on the resource with this name.
    #[must_use]
    pub fn allows(&self, permission: &Permission, name: &str) -> bool {
        self.has_permission(permission) && self.resources.iter().any(|held| held.covers_name(name))
    }

    /// Whether the grant has the permission, on any resource.
    #[must_use]
    pub fn has_permission(&self, permission: &Permission) -> bool {
        self.permissions.iter().any(|held| held.covers(permission))
    }

    /// Whether the grant gives the permission on everything that the resource covers.
    #[must_use]
    pub fn covers(&self, permission: &Permission, resource: &Resource) -> bool {
        self.has_permission(permission) && self.resources.iter().any(|held| held.covers(resource))
    }
}

impl Grants {
    /// A single grant, the short form of requests.
    #[must_use]
    pub fn single(permissions: Vec<Permission>, resources: Vec<Resource>) -> Self {
        Self(vec![Grant { permissions, resources }])
    }

    /// Iterates over the grants in their order.
    pub fn iter(&self) -> std::slice::Iter<'_, Grant> {
        self.0.iter()
    }

    /// Whether one grant gives the permission on the resource with this name.
    #[must_use]
    pub fn allows(&self, permission: &Permission, name: &str) -> bool {
        self.iter().any(|grant| grant.allows(permission, name))
    }

    /// Whether one grant has the permission, on any resource.
    #[must_use]
    pub fn has_permission(&self, permission: &Permission) -> bool {
        self.iter().any(|grant| grant.has_permission(permission))
    }

    /// Whether one grant gives the permission on everything that the resource covers.
    #[must_use]
    pub fn covers(&self, permission: &Permission, resource: &Resource) -> bool {
        self.iter().any(|grant| grant.covers(permission, resource))
    }

    /// These grants, restricted to some permissions; resources stay the same.
    ///
    /// # Errors
    /// The permissions that no grant has.
    pub fn restricted_to(&self, asked: &[Permission]) -> Result<Self, Vec<Permission>> {
        let beyond: Vec<_> = asked.iter().filter(|permission| !self.has_permission(permission)).cloned().collect();
        if !beyond.is_empty() {
            return Err(beyond);
        }
        let narrow = |grant: &Grant| {
            let permissions: Vec<_> =
                asked.iter().filter(|permission| grant.has_permission(permission)).cloned().collect();
            (!permissions.is_empty()).then(|| Grant { permissions, resources: grant.resources.clone() })
        };
        Ok(Self(self.iter().filter_map(narrow).collect()))
    }

    /// The permissions as an OAuth scope, regardless of resources.
    #[must_use]
    pub fn to_oauth_scope(&self) -> String {
        let permissions: BTreeSet<_> = self.iter().flat_map(|grant| &grant.permissions).collect();
        permissions.into_iter().map(Permission::to_string).collect::<Vec<_>>().join(" ")
    }

    /// The parts of `asked` that these grants do not cover; empty if a holder of these may delegate `asked`.
    ///
    /// One grant has to cover each permission on each resource. This check is exact, because no wildcard or
    /// pattern is the union of smaller ones.
    #[must_use]
    pub fn uncovered(&self, asked: &Self) -> Vec<UncoveredGrant> {
        let mut excess = Vec::new();
        for (grant, wanted) in asked.iter().enumerate() {
            let (held, lacked): (Vec<_>, Vec<_>) =
                wanted.permissions.iter().partition(|wanted| self.has_permission(wanted));
            for permission in lacked {
                excess.push(UncoveredGrant { grant, what: UncoveredPart::Permission(permission.clone()) });
            }
            for resource in &wanted.resources {
                let lacked: Vec<_> = held.iter().filter(|held| !self.covers(held, resource)).collect();
                if !lacked.is_empty() {
                    let lacked = lacked.into_iter().map(|permission| (*permission).clone()).collect();
                    excess.push(UncoveredGrant { grant, what: UncoveredPart::Resource(resource.clone(), lacked) });
                }
            }
        }
        excess
    }
}

impl From<Vec<Grant>> for Grants {
    fn from(grants: Vec<Grant>) -> Self {
        Self(grants)
    }
}

impl<'a> IntoIterator for &'a Grants {
    type Item = &'a Grant;
    type IntoIter = std::slice::Iter<'a, Grant>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::grants::permission::tests::{any_permission, permission};
    use crate::grants::resource::tests::{any_resource, resource};
    use proptest::prelude::*;

    pub(crate) fn grant(permissions: &[&str], resources: &[&str]) -> Grant {
        Grant {
            permissions: permissions.iter().map(|p| permission(p)).collect(),
            resources: resources.iter().map(|r| resource(r)).collect(),
        }
    }

    pub(crate) fn grants(list: &[(&[&str], &[&str])]) -> Grants {
        list.iter().map(|(permissions, resources)| grant(permissions, resources)).collect::<Vec<_>>().into()
    }

    pub(crate) fn any_grants() -> impl Strategy<Value = Grants> {
        let grant = (prop::collection::vec(any_permission(), 1..4), prop::collection::vec(any_resource(), 1..4))
            .prop_map(|(permissions, resources)| Grant { permissions, resources });
        prop::collection::vec(grant, 0..4).prop_map(Grants::from)
    }

    /// The uncovered parts, one line each.
    fn uncovered(held: &Grants, asked: &Grants) -> Vec<String> {
        let shown = |excess: UncoveredGrant| match excess.what {
            UncoveredPart::Permission(permission) => format!("{}: {permission}", excess.grant),
            UncoveredPart::Resource(resource, permissions) => {
                let permissions: Vec<_> = permissions.iter().map(ToString::to_string).collect();
                format!("{}: {} on {resource}", excess.grant, permissions.join(", "))
            }
        };
        held.uncovered(asked).into_iter().map(shown).collect()
    }

    #[test]
    fn a_permission_does_not_apply_to_the_resources_of_another_grant() {
        let held = grants(&[(&["app:deploy"], &["app/billing"]), (&["app:read"], &["app/*"])]);
        assert!(held.allows(&permission("app:deploy"), "app/billing"));
        assert!(held.allows(&permission("app:read"), "app/payroll"));
        assert!(!held.allows(&permission("app:deploy"), "app/payroll"));
        assert!(held.has_permission(&permission("app:deploy")));
    }

    #[test]
    fn uncovered_parts_are_named_with_their_grant() {
        let held = grants(&[(&["app:*"], &["app/billing"]), (&["job:read"], &["*"])]);
        let asked = grants(&[
            (&["app:read", "db:read"], &["app/billing/builds", "app", "*"]),
            (&["job:read"], &["app"]),
            (&["app:read", "job:read"], &["job"]),
        ]);
        assert_eq!(
            uncovered(&held, &asked),
            ["0: db:read", "0: app:read on app", "0: app:read on *", "2: app:read on job"]
        );
    }

    #[test]
    fn restricted_grants_have_the_requested_permissions_where_held() {
        let held = grants(&[(&["app:*"], &["app/billing"]), (&["app:read", "job:read"], &["app/*"])]);
        let narrow = |asked: &[&str]| held.restricted_to(&asked.iter().map(|p| permission(p)).collect::<Vec<_>>());
        assert_eq!(narrow(&["app:write"]), Ok(grants(&[(&["app:write"], &["app/billing"])])));
        let both = grants(&[(&["app:read"], &["app/billing"]), (&["app:read"], &["app/*"])]);
        assert_eq!(narrow(&["app:read"]), Ok(both.clone()));
        assert_eq!(both.to_oauth_scope(), "app:read");
        assert_eq!(narrow(&["app:read", "db:read", "*"]), Err(vec![permission("db:read"), permission("*")]));
    }

    #[test]
    fn two_grants_do_not_combine_to_cover_a_third() {
        let held = grants(&[(&["app:read"], &["a"]), (&["app:write"], &["b"])]);
        assert_eq!(uncovered(&held, &grants(&[(&["app:write"], &["a"])])), ["0: app:write on a"]);
        assert_eq!(uncovered(&held, &grants(&[(&["app:*"], &["a"])])), ["0: app:*"]);
    }

    /// Every path of one to `depth` of the names.
    fn paths(names: &[&str], depth: usize) -> Vec<String> {
        let mut paths: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut last = paths.clone();
        for _ in 1..depth {
            last = last.iter().flat_map(|path| names.iter().map(move |name| format!("{path}/{name}"))).collect();
            paths.extend_from_slice(&last);
        }
        paths
    }

    /// Whether a permission on a resource allows each of the requests, by a second implementation.
    fn allowed(requests: &[(String, String)], permission: &str, resource: &str) -> Vec<bool> {
        let allows = |(needed, path): &(String, String)| {
            let mut parts = permission.split(':').zip(needed.split(':'));
            let (below, root) = resource.strip_suffix("/*").map_or((false, resource), |root| (true, root));
            let (root, path): (Vec<_>, Vec<_>) = (root.split('/').collect(), path.split('/').collect());
            parts.all(|(held, needed)| held == "*" || held == needed)
                && (resource == "*" || path.starts_with(&root) && (!below || path.len() > root.len()))
        };
        requests.iter().map(allows).collect()
    }

    #[test]
    fn every_small_grant_allows_and_delegates_what_the_rule_says() {
        // `z` is in no grant, so that a request for it tells a wildcard from the names that it covers here.
        let permissions = ["*", "a:*", "*:r", "a:r"];
        let needed = ["a:r", "a:z", "z:r", "z:z"];
        let mut resources = paths(&["a", "aa"], 2);
        resources.extend(resources.clone().iter().map(|root| format!("{root}/*")));
        resources.push("*".to_owned());
        let names = paths(&["a", "aa", "z"], 3);
        let requests: Vec<_> =
            needed.iter().flat_map(|needed| names.iter().map(|name| ((*needed).to_owned(), name.clone()))).collect();
        let mut singles = Vec::new();
        for permission_text in permissions {
            for resource_text in &resources {
                let single = Grants::single(vec![permission(permission_text)], vec![resource(resource_text)]);
                let allowed = allowed(&requests, permission_text, resource_text);
                for ((needed, name), allowed) in requests.iter().zip(&allowed) {
                    assert_eq!(single.allows(&permission(needed), name), *allowed, "{single:?}: {needed} on {name}");
                }
                singles.push((single, allowed));
            }
        }
        for (at, (first, by_first)) in singles.iter().enumerate() {
            for (second, by_second) in &singles[at..] {
                let held = Grants(first.iter().chain(second).cloned().collect());
                for (asked, by_asked) in &singles {
                    let is_held =
                        by_asked.iter().zip(by_first).zip(by_second).all(|((asked, a), b)| !asked || *a || *b);
                    assert_eq!(held.uncovered(asked).is_empty(), is_held, "{held:?} delegates {asked:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn delegated_grants_never_allow_more(
            held in any_grants(), asked in any_grants(), permission in any_permission(), name in "[ab](/[ab]){0,4}"
        ) {
            let within = asked.iter().filter(|one| held.uncovered(&Grants(vec![(*one).clone()])).is_empty());
            let within = Grants(within.cloned().collect());
            prop_assert!(held.uncovered(&within).is_empty());
            prop_assert!(!within.allows(&permission, &name) || held.allows(&permission, &name));
        }

        #[test]
        fn own_grants_can_be_delegated(held in any_grants()) {
            prop_assert_eq!(held.uncovered(&held), []);
        }

        #[test]
        fn grants_that_are_refused_would_have_allowed_more(held in any_grants(), asked in any_grants()) {
            // A request that shows it: the permission itself, on the resource's root or on a name one level
            // below that no sample has.
            for excess in held.uncovered(&asked) {
                let wanted = asked.iter().nth(excess.grant).unwrap();
                let (permissions, resources) = match excess.what {
                    UncoveredPart::Permission(permission) => (vec![permission], wanted.resources.clone()),
                    UncoveredPart::Resource(resource, permissions) => (permissions, vec![resource]),
                };
                let names = resources.iter().flat_map(|resource| match resource {
                    Resource::All => vec!["zz".to_owned()],
                    Resource::Subtree(root) => vec![root.clone(), format!("{root}/zz")],
                    Resource::Descendants(root) => vec![format!("{root}/zz")],
                });
                for permission in &permissions {
                    prop_assert!(names.clone().any(|name| {
                        asked.allows(permission, &name) && !held.allows(permission, &name)
                    }), "{permission}");
                }
            }
        }
    }
}
