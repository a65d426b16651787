//! A grant: a set of permissions on a set of resources.

use super::{Permission, Resource};

/// The most permissions of a token.
pub const MOST_PERMISSIONS: usize = 50;
/// The most resources of a token.
pub const MOST_RESOURCES: usize = 50;

/// Each of the permissions on each of the resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What may be done.
    pub permissions: Vec<Permission>,
    /// On what.
    pub resources: Vec<Resource>,
}

impl Grant {
    /// Whether this gives the permission on the thing of that name.
    #[must_use]
    pub fn allows(&self, permission: &Permission, name: &str) -> bool {
        self.has(permission) && self.reaches(name)
    }

    /// Whether this holds the permission, wherever.
    #[must_use]
    pub fn has(&self, permission: &Permission) -> bool {
        self.permissions.iter().any(|held| held.covers(permission))
    }

    /// Whether this reaches the thing of that name, with whatever permission.
    #[must_use]
    pub fn reaches(&self, name: &str) -> bool {
        self.resources.iter().any(|held| held.covers_name(name))
    }

    /// The permissions of `asked` that this does not hold.
    pub fn lacks_permissions<'a>(&self, asked: &'a Self) -> impl Iterator<Item = &'a Permission> {
        asked.permissions.iter().filter(|permission| !self.has(permission))
    }

    /// The resources of `asked` that this does not cover.
    pub fn lacks_resources<'a>(&self, asked: &'a Self) -> impl Iterator<Item = &'a Resource> {
        asked.resources.iter().filter(|resource| !self.resources.iter().any(|held| held.covers(resource)))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::permission::tests::{any_permission, permission};
    use super::super::resource::tests::{any_resource, resource};
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn grant(permissions: &[&str], resources: &[&str]) -> Grant {
        Grant {
            permissions: permissions.iter().map(|p| permission(p)).collect(),
            resources: resources.iter().map(|r| resource(r)).collect(),
        }
    }

    pub(crate) fn any_grant() -> impl Strategy<Value = Grant> {
        (prop::collection::vec(any_permission(), 1..4), prop::collection::vec(any_resource(), 1..4))
            .prop_map(|(permissions, resources)| Grant { permissions, resources })
    }

    #[test]
    fn what_is_lacking_is_named() {
        let held = grant(&["app:*"], &["app/billing"]);
        let asked = grant(&["app:read", "db:read"], &["app/billing/builds", "app", "*"]);
        let permissions: Vec<_> = held.lacks_permissions(&asked).map(ToString::to_string).collect();
        let resources: Vec<_> = held.lacks_resources(&asked).map(ToString::to_string).collect();
        assert_eq!((permissions, resources), (vec!["db:read".to_owned()], vec!["app".to_owned(), "*".to_owned()]));
    }

    proptest! {
        #[test]
        fn no_grant_that_lacks_nothing_allows_more(
            held in any_grant(), mut asked in any_grant(), permission in any_permission(), name in "[ab](/[ab]){0,4}"
        ) {
            let whole = asked.clone();
            asked.permissions.retain(|permission| !held.lacks_permissions(&whole).any(|lacking| lacking == permission));
            asked.resources.retain(|resource| !held.lacks_resources(&whole).any(|lacking| lacking == resource));
            prop_assert!(!asked.allows(&permission, &name) || held.allows(&permission, &name));
        }
    }
}
