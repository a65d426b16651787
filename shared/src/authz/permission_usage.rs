//! Usage of a token's permissions, and the smallest grants that cover it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{AccessRequest, AuthzContext, Requirement, requirement};
use crate::catalog::{RequestPath, Target};
use crate::clock::Day;
use crate::grants::{Grant, Grants, MAX_GRANTS, MAX_PERMISSIONS, MAX_RESOURCES, Permission, Resource};
use crate::secret::TokenDigest;

/// Maximum number of uses recorded for a token. With that many, others may be missing.
pub const MAX_USES: usize = 1_000;

/// Maximum length of a resource name that is stored in full, in bytes. A longer one is stored as its digest, so
/// that a full usage item stays below 200 KB (DynamoDB's limit is 400 KB).
const MAX_RESOURCE_BYTES: usize = 64;

/// A permission that a request required, with the resource of the token's grants that covered it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PermissionUse {
    /// The required permission.
    pub permission: Permission,
    /// The narrowest resource of the grants that covers the request.
    pub resource: Resource,
}

/// Day of the last use, by use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageLog {
    days: BTreeMap<PermissionUse, Day>,
    /// Whether the maximum is reached, so that uses may be missing.
    full: bool,
    /// Day of the last use on a resource that the grants no longer name.
    unnamed: Option<Day>,
}

/// The permission that an allowed request used; `None` if it required none.
#[must_use]
pub fn permission_used(grants: &Grants, rules: &AuthzContext<'_>, asked: &AccessRequest<'_>) -> Option<PermissionUse> {
    let raw = match asked.target {
        Target::Http { path, .. } => path,
        Target::Connect => "",
    };
    let path = RequestPath::parse(raw).ok()?;
    let Requirement::Permission { permission, or, resource, .. } = requirement(rules, asked.api, asked.target, &path)
    else {
        return None;
    };
    let needed = [Some(permission), or].into_iter().flatten();
    needed.into_iter().find_map(|permission| {
        let held = grants.iter().filter(|grant| grant.has_permission(&permission)).flat_map(|grant| &grant.resources);
        // All of them cover the same name, so the longest is the narrowest.
        let narrowest = held.filter(|held| held.covers_name(&resource)).max_by_key(|held| held.to_string().len());
        narrowest.cloned().map(|resource| PermissionUse { permission, resource })
    })
}

/// `app:read app/billing`
impl fmt::Display for PermissionUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.permission, self.resource)
    }
}

impl PermissionUse {
    /// The stored form: `app:read app/billing`. A resource that is long or begins with a space is replaced by
    /// its digest, with a space before it.
    #[must_use]
    pub fn key(&self) -> String {
        let resource = self.resource.to_string();
        if resource.len() <= MAX_RESOURCE_BYTES && !resource.starts_with(' ') {
            return format!("{} {resource}", self.permission);
        }
        format!("{}  {}", self.permission, digest_of(&resource))
    }

    /// Parses a permission and a resource: `app:read app/billing`.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        let (permission, resource) = text.split_once(' ')?;
        Some(Self { permission: Permission::from_stored(permission)?, resource: Resource::from_stored(resource) })
    }

    fn is_covered_by(&self, other: &Self) -> bool {
        other.permission.covers(&self.permission) && other.resource.covers(&self.resource)
    }
}

/// 16 bytes of SHA-256, enough to tell the resources of one token apart.
pub(super) fn digest_of(resource: &str) -> String {
    let digest = TokenDigest::hash(resource.as_bytes());
    URL_SAFE_NO_PAD.encode(digest.as_bytes().get(..16).unwrap_or_default())
}

impl UsageLog {
    /// Builds the log from stored keys ([`PermissionUse::key`]). Digests are resolved through the token's
    /// grants. `None` if a key is invalid.
    #[must_use]
    pub fn from_stored<'a>(stored: impl Iterator<Item = (&'a str, Day)>, grants: &Grants) -> Option<Self> {
        let mut uses = Self::default();
        let mut count = 0;
        for (key, day) in stored {
            count += 1;
            let (permission, resource) = key.split_once(' ')?;
            match resource.strip_prefix(' ') {
                None => {
                    uses.days.insert(PermissionUse::from_stored(key)?, day);
                }
                Some(digest) => {
                    let resources = grants.iter().flat_map(|grant| &grant.resources);
                    let resource = resources.into_iter().find(|one| digest_of(&one.to_string()) == digest);
                    match resource.cloned() {
                        Some(resource) => {
                            uses.days.insert(
                                PermissionUse { permission: Permission::from_stored(permission)?, resource },
                                day,
                            );
                        }
                        None => uses.unnamed = uses.unnamed.max(Some(day)),
                    }
                }
            }
        }
        uses.full = count >= MAX_USES;
        Some(uses)
    }

    /// Day of the last recorded use.
    #[must_use]
    pub fn last(&self, made: &PermissionUse) -> Option<Day> {
        self.days.get(made).copied()
    }

    /// Whether the log has every use since a day.
    #[must_use]
    pub fn is_complete(&self, since: Day) -> bool {
        !self.full && self.unnamed.is_none_or(|day| day < since)
    }

    /// Each permission of the grants once, in their order, with the day of its last use.
    #[must_use]
    pub fn last_use_by_permission<'a>(&self, grants: &'a Grants) -> Vec<(&'a Permission, Option<Day>)> {
        let mut days: Vec<(&Permission, Option<Day>)> = Vec::new();
        for grant in grants {
            for held in &grant.permissions {
                let here = self.days.iter().filter(|(made, _)| held.covers(&made.permission) && covers(grant, made));
                let last = here.map(|(_, day)| *day).max();
                match days.iter_mut().find(|(permission, _)| *permission == held) {
                    Some((_, day)) => *day = (*day).max(last),
                    None => days.push((held, last)),
                }
            }
        }
        days
    }

    /// The smallest set of grants that covers all use of these grants since a day: each permission that was
    /// used, on the resources that it was used on. Permission wildcards are replaced; resources stay as
    /// granted.
    #[must_use]
    pub fn minimal_grants(&self, grants: &Grants, since: Day) -> Grants {
        let made: Vec<_> = self.days.iter().filter(|(_, day)| **day >= since).map(|(made, _)| made).collect();
        // Grants removed since then are not given back.
        let made: Vec<_> = made.into_iter().filter(|made| grants.covers(&made.permission, &made.resource)).collect();
        let made = made.iter().filter(|one| !made.iter().any(|other| one != &other && one.is_covered_by(other)));
        let mut on: BTreeMap<&Resource, BTreeSet<&Permission>> = BTreeMap::new();
        for PermissionUse { permission, resource } in made.copied() {
            on.entry(resource).or_default().insert(permission);
        }
        let mut together: BTreeMap<BTreeSet<&Permission>, Vec<Resource>> = BTreeMap::new();
        for (resource, permissions) in on {
            together.entry(permissions).or_default().push(resource.clone());
        }
        let exact = together.into_iter().map(|(permissions, resources)| Grant {
            permissions: permissions.into_iter().cloned().collect(),
            resources,
        });
        let exact: Vec<_> = exact.collect();
        let fits = exact.len() <= MAX_GRANTS
            && exact.iter().all(|g| g.permissions.len() <= MAX_PERMISSIONS && g.resources.len() <= MAX_RESOURCES);
        if fits { exact.into() } else { self.without_unused(grants, since) }
    }

    /// The grants without unused permissions, for usage with too many combinations to list exactly.
    fn without_unused(&self, grants: &Grants, since: Day) -> Grants {
        let used = |grant: &Grant, held: &Permission| {
            self.days.iter().any(|(made, day)| *day >= since && held.covers(&made.permission) && covers(grant, made))
        };
        let kept = grants.iter().map(|grant| Grant {
            permissions: grant.permissions.iter().filter(|held| used(grant, held)).cloned().collect(),
            resources: grant.resources.clone(),
        });
        kept.filter(|grant| !grant.permissions.is_empty()).collect::<Vec<_>>().into()
    }
}

fn covers(grant: &Grant, made: &PermissionUse) -> bool {
    grant.covers(&made.permission, &made.resource)
}

impl FromIterator<(PermissionUse, Day)> for UsageLog {
    fn from_iter<I: IntoIterator<Item = (PermissionUse, Day)>>(uses: I) -> Self {
        Self { days: uses.into_iter().collect(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Api, Decision, Principal, authorize};
    use super::*;
    use crate::authz::Settings;
    use crate::catalog::Catalog;
    use crate::catalog::tests::catalog;
    use crate::clock::Timestamp;
    use crate::grants::grant::tests::{any_grants, grants};
    use crate::token::{Actor, TokenRecord};
    use proptest::prelude::*;

    fn uses(list: &[(&str, i64)]) -> UsageLog {
        list.iter().map(|(text, day)| (PermissionUse::from_stored(text).unwrap(), Day(*day))).collect()
    }

    fn rules(catalog: &Catalog) -> AuthzContext<'_> {
        AuthzContext::new(catalog, &Settings::default())
    }

    fn asked<'a>(api: Api, method: &'a str, path: &'a str) -> AccessRequest<'a> {
        AccessRequest { api, target: Target::Http { method, path }, from: None }
    }

    fn exercise(held: &Grants, api: Api, method: &str, path: &str) -> Option<String> {
        permission_used(held, &rules(&Catalog::default()), &asked(api, method, path)).map(|made| made.to_string())
    }

    #[test]
    fn a_use_is_the_required_permission_on_the_narrowest_resource() {
        let held = grants(&[(&["*"], &["apps", "apps/*"]), (&["apps:read"], &["*", "apps/billing"])]);
        let of = |api, method, path| exercise(&held, api, method, path);
        assert_eq!(of(Api::Protected, "GET", "apps/billing/builds").as_deref(), Some("apps:read apps/billing"));
        assert_eq!(of(Api::Protected, "POST", "apps/billing").as_deref(), Some("apps:write apps/*"));
        assert_eq!(of(Api::Protected, "GET", "docs").as_deref(), None, "docs:read is not given there");
        assert_eq!(of(Api::Management, "GET", "me"), None);
        let admin = grants(&[(&["tokens:admin"], &["*"])]);
        assert_eq!(exercise(&admin, Api::Management, "GET", "tokens").as_deref(), Some("tokens:admin *"));
    }

    #[test]
    fn a_catalog_route_determines_the_permission_used() {
        let catalog = catalog(
            r#"{"permissions": {"build:create": ""}, "routes": [
                {"match": "POST /apps/{app}/builds", "permission": "build:create", "resource": "app/{app}"}]}"#,
        );
        let held = grants(&[(&["build:*"], &["app"])]);
        let made = permission_used(&held, &rules(&catalog), &asked(Api::Protected, "POST", "apps/billing/builds"));
        assert_eq!(made.unwrap().to_string(), "build:create app");
    }

    #[test]
    fn each_granted_permission_has_the_day_of_its_last_use() {
        let held = grants(&[(&["app:*", "db:read"], &["app/billing"]), (&["db:read", "*:write"], &["db"])]);
        let uses = uses(&[("app:read app/billing", 7), ("app:write app/billing", 9), ("db:read db", 3)]);
        let days: Vec<_> = uses
            .last_use_by_permission(&held)
            .into_iter()
            .map(|(p, day)| (p.to_string(), day.map(|day| day.0)))
            .collect();
        let expected = [("app:*", Some(9)), ("db:read", Some(3)), ("*:write", None)];
        assert_eq!(days, expected.map(|(permission, day)| (permission.to_owned(), day)));
    }

    #[test]
    fn minimal_grants_are_the_used_permissions_on_their_resources() {
        let held = grants(&[(&["app:*", "db:*", "x:y"], &["app/a", "app/b", "app/c", "db"]), (&["*:read"], &["*"])]);
        let uses = uses(&[
            ("app:read app/a", 10),
            ("app:deploy app/a", 10),
            ("app:read app/b", 11),
            ("app:deploy app/b", 12),
            ("db:read db", 9),
            ("gone:write db", 12),
        ]);
        let expected = grants(&[(&["app:deploy", "app:read"], &["app/a", "app/b"])]);
        assert_eq!(uses.minimal_grants(&held, Day(10)), expected);
        assert_eq!(uses.minimal_grants(&held, Day(13)), Grants::default());
    }

    #[test]
    fn a_use_covered_by_another_is_dropped() {
        let held = grants(&[(&["*"], &["*", "app/a"])]);
        assert_eq!(
            uses(&[("app:read *", 1), ("app:read app/a", 1)]).minimal_grants(&held, Day(0)),
            grants(&[(&["app:read"], &["*"])])
        );
    }

    #[test]
    fn too_many_combinations_keep_the_granted_permissions() {
        let resources: Vec<_> = (0..25).map(|n| format!("app/a{n}")).collect();
        let refs: Vec<_> = resources.iter().map(String::as_str).collect();
        let held = grants(&[(&["p:*", "unused:read"], &refs)]);
        let many: UsageLog =
            (0..25).map(|n| (PermissionUse::from_stored(&format!("p:a{n} app/a{n}")).unwrap(), Day(1))).collect();
        assert_eq!(many.minimal_grants(&held, Day(0)), grants(&[(&["p:*"], &refs)]));
        let held = grants(&[(&["p:*"], &["app"])]);
        let many: UsageLog =
            (0..51).map(|n| (PermissionUse::from_stored(&format!("p:a{n} app")).unwrap(), Day(1))).collect();
        assert_eq!(many.minimal_grants(&held, Day(0)), held);
    }

    fn from_stored(keys: &[&str], held: &Grants) -> Option<UsageLog> {
        UsageLog::from_stored(keys.iter().map(|key| (*key, Day(7))), held)
    }

    #[test]
    fn a_use_is_found_by_its_key_however_long_its_resource() {
        let long = format!("app/{}", "a".repeat(200));
        // The last one can only be in a record of an earlier version.
        let resources = ["app/a  b", &long, "x  y", " y"].map(Resource::from_stored);
        let held = Grants::single(vec!["app:*".parse().unwrap()], resources.to_vec());
        for resource in resources {
            let made = PermissionUse { permission: "app:read".parse().unwrap(), resource };
            assert!(made.key().len() < 80, "{}", made.key());
            let uses = from_stored(&[&made.key()], &held).unwrap();
            assert_eq!(uses.last(&made), Some(Day(7)), "{made}");
            assert!(uses.is_complete(Day(0)));
        }
        assert!(from_stored(&["app"], &held).is_none());
    }

    #[test]
    fn a_log_is_incomplete_if_full_or_with_an_unknown_resource() {
        let held = grants(&[(&["app:*"], &["app"])]);
        let long = PermissionUse { permission: "app:read".parse().unwrap(), resource: "b".repeat(90).parse().unwrap() };
        let unnamed = from_stored(&[&long.key()], &held).unwrap();
        assert!(!unnamed.is_complete(Day(7)) && unnamed.is_complete(Day(8)), "long ago is no matter");
        let many: Vec<_> = (0..MAX_USES).map(|at| format!("app:a{at} app")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert!(from_stored(&many[1..], &held).unwrap().is_complete(Day(0)));
        assert!(!from_stored(&many, &held).unwrap().is_complete(Day(8)));
    }

    fn lets(held: &Grants, method: &str, path: &str) -> bool {
        let record = TokenRecord::new(
            "0123456789abcdef".parse().unwrap(),
            "x".parse().unwrap(),
            "x".parse().unwrap(),
            held.clone(),
            Actor::Bootstrap,
            Timestamp::from_seconds(0),
        );
        let principal = Principal::Token(Box::new(record));
        let asked = asked(Api::Protected, method, path);
        authorize(Some(&principal), &rules(&Catalog::default()), &asked, Timestamp::from_seconds(1)) == Decision::Allow
    }

    proptest! {
        /// Checks both halves of "smallest grants that cover the use".
        #[test]
        fn minimal_grants_allow_all_past_requests_and_never_more_than_held(
            held in any_grants(), requests in prop::collection::vec(("GET|POST", "[ab](/[ab]){0,3}"), 1..12)
        ) {
            let came: Vec<_> = requests.iter().filter(|(method, path)| lets(&held, method, path)).collect();
            let catalog = Catalog::default();
            let uses: UsageLog = came
                .iter()
                .map(|(method, path)| {
                    (permission_used(&held, &rules(&catalog), &asked(Api::Protected, method, path)).unwrap(), Day(1))
                })
                .collect();
            let enough = uses.minimal_grants(&held, Day(1));
            for (method, path) in came {
                prop_assert!(lets(&enough, method, path));
            }
            prop_assert!(held.uncovered(&enough).is_empty());
        }
    }
}
