//! Grants: sets of permissions on sets of resources.

use std::collections::BTreeSet;

use super::{Permission, Resource};

/// The most grants of a token.
pub const MAX_GRANTS: usize = 20;
/// The most permissions of a grant.
pub const MAX_PERMISSIONS: usize = 50;
/// The most resources of a grant.
pub const MAX_RESOURCES: usize = 50;

/// Each of the permissions on each of the resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What may be done.
    pub permissions: Vec<Permission>,
    /// On what.
    pub resources: Vec<Resource>,
}

/// All that a principal has. A permission of one grant says nothing about the resources of
/// another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants(Vec<Grant>);

/// A part of what was asked for that whoever asks does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UncoveredGrant {
    /// Which of the grants that were asked for, counted from 0.
    pub grant: usize,
    /// What of it.
    pub what: UncoveredPart,
}

/// What exceeds a principal's grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UncoveredPart {
    /// A permission that none of its grants holds.
    Permission(Permission),
    /// A resource on which it does not have these permissions.
    Resource(Resource, Vec<Permission>),
}

impl Grant {
    /// Whether this gives the permission on the thing of that name.
    #[must_use]
    pub fn allows(&self, permission: &Permission, name: &str) -> bool {
        self.has(permission) && self.resources.iter().any(|held| held.covers_name(name))
    }

    /// Whether this holds the permission, wherever.
    #[must_use]
    pub fn has(&self, permission: &Permission) -> bool {
        self.permissions.iter().any(|held| held.covers(permission))
    }

    /// Whether this gives the permission on all that the resource covers.
    #[must_use]
    pub fn covers(&self, permission: &Permission, resource: &Resource) -> bool {
        self.has(permission) && self.resources.iter().any(|held| held.covers(resource))
    }
}

impl Grants {
    /// One grant, which is the short form.
    #[must_use]
    pub fn single(permissions: Vec<Permission>, resources: Vec<Resource>) -> Self {
        Self(vec![Grant { permissions, resources }])
    }

    /// Each grant, in the order in which they were given.
    pub fn iter(&self) -> std::slice::Iter<'_, Grant> {
        self.0.iter()
    }

    /// Whether one of them gives the permission on the thing of that name.
    #[must_use]
    pub fn allows(&self, permission: &Permission, name: &str) -> bool {
        self.iter().any(|grant| grant.allows(permission, name))
    }

    /// Whether one of them holds the permission, wherever.
    #[must_use]
    pub fn has(&self, permission: &Permission) -> bool {
        self.iter().any(|grant| grant.has(permission))
    }

    /// Whether one of them gives the permission on all that the resource covers.
    #[must_use]
    pub fn covers(&self, permission: &Permission, resource: &Resource) -> bool {
        self.iter().any(|grant| grant.covers(permission, resource))
    }

    /// Of these, no more than the permissions that are asked for, on the same resources.
    ///
    /// # Errors
    /// The permissions that these do not hold.
    pub fn restricted_to(&self, asked: &[Permission]) -> Result<Self, Vec<Permission>> {
        let beyond: Vec<_> = asked.iter().filter(|permission| !self.has(permission)).cloned().collect();
        if !beyond.is_empty() {
            return Err(beyond);
        }
        let narrow = |grant: &Grant| {
            let permissions: Vec<_> = asked.iter().filter(|permission| grant.has(permission)).cloned().collect();
            (!permissions.is_empty()).then(|| Grant { permissions, resources: grant.resources.clone() })
        };
        Ok(Self(self.iter().filter_map(narrow).collect()))
    }

    /// The permissions, wherever they hold, as OAuth writes a scope.
    #[must_use]
    pub fn to_oauth_scope(&self) -> String {
        let permissions: BTreeSet<_> = self.iter().flat_map(|grant| &grant.permissions).collect();
        permissions.into_iter().map(Permission::to_string).collect::<Vec<_>>().join(" ")
    }

    /// What of `asked` these do not cover; nothing if whoever has these may hand `asked`
    /// out.
    ///
    /// Each permission on each resource has to be covered by one grant. That is exact, and
    /// not merely safe: no wildcard and no pattern is the union of lesser ones.
    #[must_use]
    pub fn uncovered(&self, asked: &Self) -> Vec<UncoveredGrant> {
        let mut excess = Vec::new();
        for (grant, wanted) in asked.iter().enumerate() {
            let (held, lacked): (Vec<_>, Vec<_>) = wanted.permissions.iter().partition(|wanted| self.has(wanted));
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

    /// What is lacking, in a line each.
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
    fn a_permission_of_one_grant_says_nothing_about_the_resources_of_another() {
        let held = grants(&[(&["app:deploy"], &["app/billing"]), (&["app:read"], &["app/*"])]);
        assert!(held.allows(&permission("app:deploy"), "app/billing"));
        assert!(held.allows(&permission("app:read"), "app/payroll"));
        assert!(!held.allows(&permission("app:deploy"), "app/payroll"));
        assert!(held.has(&permission("app:deploy")));
    }

    #[test]
    fn what_is_lacking_is_named_with_its_grant() {
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
    fn narrowed_grants_hold_what_was_asked_for_where_it_was_held() {
        let held = grants(&[(&["app:*"], &["app/billing"]), (&["app:read", "job:read"], &["app/*"])]);
        let narrow = |asked: &[&str]| held.restricted_to(&asked.iter().map(|p| permission(p)).collect::<Vec<_>>());
        assert_eq!(narrow(&["app:write"]), Ok(grants(&[(&["app:write"], &["app/billing"])])));
        let both = grants(&[(&["app:read"], &["app/billing"]), (&["app:read"], &["app/*"])]);
        assert_eq!(narrow(&["app:read"]), Ok(both.clone()));
        assert_eq!(both.to_oauth_scope(), "app:read");
        assert_eq!(narrow(&["app:read", "db:read", "*"]), Err(vec![permission("db:read"), permission("*")]));
    }

    #[test]
    fn two_grants_that_each_lack_something_do_not_make_up_for_each_other() {
        let held = grants(&[(&["app:read"], &["a"]), (&["app:write"], &["b"])]);
        assert_eq!(uncovered(&held, &grants(&[(&["app:write"], &["a"])])), ["0: app:write on a"]);
        assert_eq!(uncovered(&held, &grants(&[(&["app:*"], &["a"])])), ["0: app:*"]);
    }

    proptest! {
        #[test]
        fn nothing_can_be_handed_out_that_allows_more(
            held in any_grants(), asked in any_grants(), permission in any_permission(), name in "[ab](/[ab]){0,4}"
        ) {
            let within = asked.iter().filter(|one| held.uncovered(&Grants(vec![(*one).clone()])).is_empty());
            let within = Grants(within.cloned().collect());
            prop_assert!(held.uncovered(&within).is_empty());
            prop_assert!(!within.allows(&permission, &name) || held.allows(&permission, &name));
        }

        #[test]
        fn what_one_has_one_can_hand_out(held in any_grants()) {
            prop_assert_eq!(held.uncovered(&held), []);
        }

        #[test]
        fn whatever_is_refused_would_have_allowed_more(held in any_grants(), asked in any_grants()) {
            // The request that shows it: the permission itself, on the root of the resource
            // or one level below, in a name that no sample has.
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
