//! Approvals in a decision: which of a request's permissions the token must not use alone, and which live approvals
//! allow them.

use std::cmp::Reverse;

use super::{AccessRequest, Api, AuthzContext, NotExpressible, Principal, Requirement, RequirementSource, requirement};
use crate::catalog::fold::{fold, stems};
use crate::catalog::{ApprovalUses, Catalog, RequestPath, Target};
use crate::clock::Timestamp;
use crate::grants::{Grant, Grants, Permission, Resource};
use crate::token::{LiveApproval, TokenRecord};

/// A permission and the name of the resource on which a request needs it.
type Needed<'a> = (&'a Permission, &'a str);

impl Requirement {
    /// The permissions that may need approval, each with its resource. A path that the convention decides may be another
    /// spelling of one whose permission needs approval, and the backend may treat both alike.
    pub(super) fn needed<'a>(&'a self, catalog: &'a Catalog) -> impl Iterator<Item = Needed<'a>> {
        let (own, lookalikes, rule) = match self {
            Self::Permission { permission, resource, lookalikes, rule, .. } => {
                (Some((permission, resource.as_str())), lookalikes.as_slice(), Some(rule))
            }
            Self::Authenticated | Self::Unlisted => (None, [].as_slice(), None),
        };
        let by_convention = own.filter(|_| rule == Some(&RequirementSource::Convention));
        let spelled = by_convention.into_iter().flat_map(|(permission, path)| {
            let rules = catalog.approval_rules().map(|(listed, _)| listed);
            let rules = rules.filter(move |listed| *listed != permission && listed.action() == permission.action());
            rules.filter(move |listed| begins_with_spelling(listed, path)).map(move |listed| (listed, path))
        });
        own.into_iter().chain(lookalikes.iter().map(|it| (&it.permission, it.resource.as_str()))).chain(spelled)
    }

    /// Whether a token with these grants needs an approval for it.
    pub(super) fn needs_approval(&self, rules: &AuthzContext<'_>, grants: &Grants) -> bool {
        self.needed(rules.catalog).any(|needed| needs_approval(rules, grants, needed))
    }
}

/// Whether the first name of a path is a spelling of the permission's resource.
fn begins_with_spelling(permission: &Permission, path: &str) -> bool {
    let (first, is_last) = path.split_once('/').map_or((path, true), |(first, _)| (first, false));
    let first = fold(first);
    let is_spelling = |resource| first == resource || is_last && stems(&first).any(|stem| stem == resource);
    permission.resource().is_some_and(|resource| is_spelling(fold(resource)))
}

/// The first permission that needs an approval which the principal does not have. Sessions need none.
pub(super) fn unapproved<'a>(
    principal: &Principal,
    rules: &AuthzContext<'_>,
    needed: impl IntoIterator<Item = Needed<'a>>,
    now: Timestamp,
) -> Option<Needed<'a>> {
    let Principal::Token(record) = principal else { return None };
    needed
        .into_iter()
        .find(|needed| needs_approval(rules, &record.grants, *needed) && live(record, rules, *needed, now).is_empty())
}

/// An approval that an allowed request needs, and the live ones of which each would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeededApproval<'a> {
    /// The permission.
    pub permission: Permission,
    /// Name of the resource.
    pub resource: String,
    /// The live approvals. Those for any number of uses come first; one for a single use may be used up.
    pub choices: Vec<&'a LiveApproval>,
}

/// The approvals that an allowed request of a token needs.
#[must_use]
pub fn needed_approvals<'a>(
    record: &'a TokenRecord,
    rules: &AuthzContext<'_>,
    asked: &AccessRequest<'_>,
    now: Timestamp,
) -> Vec<NeededApproval<'a>> {
    let raw = match asked.target {
        Target::Http { path, .. } => path,
        Target::Connect => "",
    };
    // Few tokens have an approval.
    if record.approvals.live.is_empty() || asked.api == Api::Management {
        return Vec::new();
    }
    let Ok(path) = RequestPath::parse(raw) else { return Vec::new() };
    let requirement = requirement(rules, asked.api, asked.target, &path);
    let needed = requirement.needed(rules.catalog).filter(|needed| needs_approval(rules, &record.grants, *needed));
    let needed = needed.map(|(permission, resource)| NeededApproval {
        permission: permission.clone(),
        resource: resource.to_owned(),
        choices: live(record, rules, (permission, resource), now),
    });
    needed.collect()
}

/// The grants with which a token's requests are allowed as long as a gateway may cache the response: a permission that
/// needs approval everywhere is granted on the resources of its live approvals only, and where the approval is waived.
///
/// # Errors
/// When a permission needs approval on some resources only, or is granted by a wildcard that does not waive it.
pub(super) fn approved_grants(
    record: &TokenRecord,
    rules: &AuthzContext<'_>,
    now: Timestamp,
) -> Result<Grants, NotExpressible> {
    let mut grants: Vec<Grant> = record.grants.iter().cloned().collect();
    for (permission, rule) in rules.catalog.approval_rules() {
        let waives = |grant: &Grant| rule.unless.as_ref().is_some_and(|unless| grant.has_permission(unless));
        // The permission itself, one that covers it, or one for another spelling of its paths.
        let is_subject = |held: &&Permission| {
            let is_same_action = held.action().is_none_or(|action| Some(action) == permission.action());
            held.covers(permission)
                || is_same_action && held.resource().is_some_and(|name| begins_with_spelling(permission, name))
        };
        let is_bound = |grant: &&Grant| grant.permissions.iter().any(|held| is_subject(&held)) && !waives(grant);
        let bound = || record.grants.iter().filter(is_bound);
        if bound().next().is_none() {
            continue;
        }
        let mut held = bound().flat_map(|grant| &grant.permissions).filter(is_subject);
        if !rule.is_everywhere() || held.any(|held| held != permission) {
            return Err(NotExpressible::ApprovalRequired(permission.to_string()));
        }
        for grant in grants.iter_mut().filter(|grant| !waives(grant)) {
            grant.permissions.retain(|held| held != permission);
        }
        let live = record.approvals.live.iter().filter(|live| live.permission == *permission);
        let live = live.filter(|live| is_usable(live, rules, now)).map(|live| &live.resource);
        let waived = record.grants.iter().filter(|grant| waives(grant)).flat_map(|grant| &grant.resources);
        for open in live.chain(waived) {
            let resources = bound().flat_map(|grant| &grant.resources).filter_map(|held| both(held, open)).collect();
            grants.push(Grant { permissions: vec![permission.clone()], resources });
        }
    }
    grants.retain(|grant| !grant.permissions.is_empty() && !grant.resources.is_empty());
    Ok(grants.into())
}

/// What both resources cover: one of them, if they have a name in common.
fn both(one: &Resource, other: &Resource) -> Option<Resource> {
    if one.covers(other) { Some(other.clone()) } else { other.covers(one).then(|| one.clone()) }
}

fn needs_approval(rules: &AuthzContext<'_>, grants: &Grants, (permission, resource): Needed<'_>) -> bool {
    let rule = rules.catalog.approval_rule(permission);
    rule.is_some_and(|rule| rule.applies_to(resource) && !rule.is_waived_for(grants, resource))
}

/// The live approvals for a use: those for any number of uses first, then the narrowest, then the first to expire.
fn live<'a>(
    record: &'a TokenRecord,
    rules: &AuthzContext<'_>,
    (permission, resource): Needed<'_>,
    now: Timestamp,
) -> Vec<&'a LiveApproval> {
    let covers = |live: &&LiveApproval| live.permission == *permission && live.resource.covers_name(resource);
    let live = record.approvals.live.iter().filter(covers).filter(|live| is_usable(live, rules, now));
    let mut live: Vec<_> = live.collect();
    // All cover the same name, so the longest is the narrowest.
    live.sort_by_key(|live| {
        (live.uses == ApprovalUses::Once, Reverse(live.resource.to_string().len()), live.expires_at)
    });
    live
}

/// Whether an approval allows a request now. A gateway that caches the response uses it for other requests, and for as
/// long as it caches responses.
fn is_usable(live: &LiveApproval, rules: &AuthzContext<'_>, now: Timestamp) -> bool {
    let until = now.plus_seconds(i64::from(rules.cache_seconds));
    live.expires_at > until && (live.uses == ApprovalUses::Any || rules.cache_seconds == 0)
}

#[cfg(test)]
mod tests {
    use super::super::{Decision, DenyReason, Session, TokenManagement, authorize};
    use super::*;
    use crate::catalog::tests::catalog;
    use crate::catalog::{Catalog, RoleName};
    use crate::grants::grant::tests::grants;
    use crate::token::Actor;

    const CATALOG: &str = r#"{
        "permissions": {
            "app:deploy": {"description": "", "approval": {"valid_for": "15m"}},
            "db:drop": {"description": "", "approval": {"valid_for": "15m", "uses": "once", "resources": ["db/prod"]}},
            "job:run": {"description": "", "approval": {"valid_for": "15m", "unless": "job:unapproved"}},
            "job:unapproved": ""
        },
        "roles": {"all": {"permissions": ["*"]}},
        "routes": [
            {"match": "POST /apps/{app}/deploy", "permission": "app:deploy", "resource": "app/{app}"},
            {"match": "DELETE /dbs/{db}", "permission": "db:drop", "resource": "db/{db}"},
            {"match": "POST /jobs/{job}", "permission": "job:run", "resource": "job/{job}"}
        ]}"#;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn live(id: char, permission: &str, resource: &str, uses: ApprovalUses, until: i64) -> LiveApproval {
        LiveApproval {
            id: format!("{}{id}", "0".repeat(25)).parse().unwrap(),
            permission: permission.parse().unwrap(),
            resource: resource.parse().unwrap(),
            uses,
            expires_at: at(until),
            by: Actor::Bootstrap,
        }
    }

    fn token(live: Vec<LiveApproval>) -> TokenRecord {
        let (id, name, owner) = ("0123456789abcdef".parse(), "ci".parse(), "alice".parse());
        let all = grants(&[(&["app:*", "apps:*", "db:drop", "job:run"], &["*"])]);
        let mut record = TokenRecord::new(id.unwrap(), name.unwrap(), owner.unwrap(), all, Actor::Bootstrap, at(0));
        record.approvals.live = live;
        record
    }

    fn rules(catalog: &Catalog, cache_seconds: u32) -> AuthzContext<'_> {
        AuthzContext { catalog, management: TokenManagement::Owners, max_idle_days: 0, cache_seconds }
    }

    fn asked<'a>(method: &'a str, path: &'a str) -> AccessRequest<'a> {
        AccessRequest { api: Api::Protected, target: Target::Http { method, path }, from: None }
    }

    /// `allow`, or the missing approval.
    fn decided(record: &TokenRecord, cache_seconds: u32, method: &str, path: &str, now: i64) -> String {
        let catalog = catalog(CATALOG);
        let principal = Principal::Token(Box::new(record.clone()));
        match authorize(Some(&principal), &rules(&catalog, cache_seconds), &asked(method, path), at(now)) {
            Decision::Allow => "allow".to_owned(),
            Decision::Forbidden(DenyReason::ApprovalRequired, missing) => {
                assert_eq!(missing.roles, [] as [RoleName; 0]);
                format!("{} on {}", missing.permission.unwrap(), missing.resource.unwrap())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_token_needs_a_live_approval_beside_its_grant() {
        let deploy = "apps/billing/deploy";
        assert_eq!(decided(&token(vec![]), 0, "POST", deploy, 1), "app:deploy on app/billing");
        let approved = token(vec![live('1', "app:deploy", "app/billing", ApprovalUses::Any, 100)]);
        assert_eq!(decided(&approved, 0, "POST", deploy, 99), "allow");
        assert_eq!(decided(&approved, 0, "POST", deploy, 100), "app:deploy on app/billing");
        assert_eq!(decided(&approved, 0, "POST", "apps/payroll/deploy", 99), "app:deploy on app/payroll");
        let other = token(vec![live('1', "app:read", "app/billing", ApprovalUses::Any, 100)]);
        assert_eq!(decided(&other, 0, "POST", deploy, 99), "app:deploy on app/billing");
        // The rest needs none.
        assert_eq!(decided(&token(vec![]), 0, "GET", deploy, 1), "allow");
    }

    #[test]
    fn approval_may_be_needed_below_a_resource_only() {
        assert_eq!(decided(&token(vec![]), 0, "DELETE", "dbs/test", 1), "allow");
        assert_eq!(decided(&token(vec![]), 0, "DELETE", "dbs/prod", 1), "db:drop on db/prod");
    }

    #[test]
    fn another_permission_may_waive_the_approval_where_the_token_has_it() {
        let job =
            |held: Grants, path: &str| decided(&TokenRecord { grants: held, ..token(vec![]) }, 0, "POST", path, 1);
        let run = (["job:run"].as_slice(), ["*"].as_slice());
        assert_eq!(job(grants(&[run]), "jobs/a"), "job:run on job/a");
        let waived = || grants(&[run, (&["job:unapproved"], &["job/a"])]);
        assert_eq!(job(waived(), "jobs/a"), "allow");
        assert_eq!(job(waived(), "jobs/b"), "job:run on job/b");
        assert_eq!(job(grants(&[(&["*"], &["*"])]), "jobs/b"), "allow");
    }

    #[test]
    fn another_spelling_of_a_route_needs_the_routes_approval() {
        let deploy = |record: &TokenRecord| decided(record, 0, "POST", "apps/billing/DEPLOY", 1);
        assert_eq!(deploy(&token(vec![])), "app:deploy on app/billing");
        assert_eq!(deploy(&token(vec![live('1', "app:deploy", "app/billing", ApprovalUses::Any, 100)])), "allow");
    }

    #[test]
    fn another_spelling_of_a_path_by_convention_needs_the_same_approval() {
        let catalog = catalog(
            r#"{"permissions": {
                "rel:write": {"description": "", "approval": {"valid_for": "15m"}},
                "db:write": {"description": "", "approval": {"valid_for": "15m", "resources": ["db/prod", "db/v1.2"]}}}}"#,
        );
        let record = TokenRecord { grants: grants(&[(&["*:read", "*:write"], &["*"])]), ..token(vec![]) };
        let principal = Principal::Token(Box::new(record));
        let rules = rules(&catalog, 0);
        let by_method = |method, path: &str| match authorize(Some(&principal), &rules, &asked(method, path), at(1)) {
            Decision::Allow => "allow".to_owned(),
            Decision::Forbidden(reason, missing) => {
                format!("{} {} on {}", reason.as_str(), missing.permission.unwrap(), missing.resource.unwrap())
            }
            other @ Decision::Unauthorized(_) => panic!("{other:?}"),
        };
        let decided = |path: &str| by_method("POST", path);
        for path in
            ["rel/42", "Rel/42", "REL/42", "rel./42", "rel%20/42", "%EF%BD%92el/42", "rel", "Rel.json", "rel.v1.json"]
        {
            assert!(decided(path).starts_with("approval_required rel:write on "), "{path}: {}", decided(path));
        }
        for path in ["db/prod", "db/PROD", "DB/prod", "db/prod.", "db/prod%20/x", "db/prod.json", "db/v1.2.json"] {
            assert!(decided(path).starts_with("approval_required db:write on "), "{path}: {}", decided(path));
        }
        for path in ["rels/42", "re/l", "rel.json/42", "db/test", "db/prods", "db/v1", "db", "x/rel"] {
            assert_eq!(decided(path), "allow", "{path}");
        }
        assert_eq!(by_method("GET", "Rel/42"), "allow", "reading is another permission");
    }

    #[test]
    fn a_session_and_the_management_api_need_no_approval() {
        let catalog = catalog(CATALOG);
        let session = Session {
            owner: "alice".parse().unwrap(),
            groups: Vec::new(),
            roles: Vec::new(),
            grants: grants(&[(&["*"], &["*"])]),
            expires_at: at(9),
        };
        let rules = rules(&catalog, 0);
        let request = asked("POST", "apps/billing/deploy");
        assert_eq!(authorize(Some(&Principal::Session(session)), &rules, &request, at(1)), Decision::Allow);
        let token = Principal::Token(Box::new(token(vec![])));
        let request = AccessRequest { api: Api::Management, ..request };
        assert_eq!(authorize(Some(&token), &rules, &request, at(1)), Decision::Allow);
    }

    #[test]
    fn a_request_may_use_each_approval_and_one_for_any_number_of_uses_first() {
        let catalog = catalog(CATALOG);
        let choices = |live: Vec<LiveApproval>, path: &str| {
            let record = token(live);
            let needed = needed_approvals(&record, &rules(&catalog, 0), &asked("DELETE", path), at(1));
            let choices = needed.into_iter().flat_map(|needed| needed.choices);
            choices.map(|approval| approval.id.to_string()[25..].to_owned()).collect::<Vec<_>>().join(" ")
        };
        let once = |id| live(id, "db:drop", "db/prod", ApprovalUses::Once, 100);
        let any = || live('2', "db:drop", "db", ApprovalUses::Any, 100);
        assert_eq!(choices(vec![once('1'), once('3')], "dbs/prod"), "1 3");
        assert_eq!(choices(vec![once('1'), any(), once('3')], "dbs/prod"), "2 1 3");
        assert_eq!(choices(vec![once('1'), any()], "dbs/test"), "");
        assert_eq!(choices(vec![], "dbs/prod"), "");
    }

    #[test]
    fn a_cached_response_never_outlives_an_approval() {
        let deploy = "apps/billing/deploy";
        let approved = token(vec![live('1', "app:deploy", "app/billing", ApprovalUses::Any, 100)]);
        assert_eq!(decided(&approved, 60, "POST", deploy, 39), "allow");
        assert_eq!(decided(&approved, 60, "POST", deploy, 40), "app:deploy on app/billing");
        let once = token(vec![live('1', "db:drop", "db/prod", ApprovalUses::Once, 100)]);
        assert_eq!(decided(&once, 0, "DELETE", "dbs/prod", 39), "allow");
        assert_eq!(decided(&once, 60, "DELETE", "dbs/prod", 39), "db:drop on db/prod");
    }

    #[test]
    fn for_a_cache_a_permission_is_granted_where_it_is_approved() {
        let catalog = catalog(CATALOG);
        let approved = |held: Grants, resource: &str| {
            let live = live('1', "app:deploy", resource, ApprovalUses::Any, 100);
            let record = TokenRecord { grants: held, ..token(vec![live]) };
            approved_grants(&record, &rules(&catalog, 0), at(1)).map_err(|error| error.to_string())
        };
        let held = || grants(&[(&["app:deploy", "app:read"], &["app/billing", "app/eu/*"])]);
        let read = (["app:read"].as_slice(), ["app/billing", "app/eu/*"].as_slice());
        for (approval, on) in [("app/billing/web", ["app/billing/web"].as_slice()), ("*", &["app/billing", "app/eu/*"])]
        {
            assert_eq!(approved(held(), approval), Ok(grants(&[read, (&["app:deploy"], on)])), "{approval}");
        }
        assert_eq!(approved(held(), "app/payroll"), Ok(grants(&[read])));
        for wildcard in ["app:*", "*:deploy", "*"] {
            let wildcard = approved(grants(&[(&[wildcard], &["*"])]), "*");
            assert!(wildcard.unwrap_err().contains("app:deploy needs approval"));
        }
        assert!(approved(grants(&[(&["db:drop"], &["db/test"])]), "*").is_err());
        let run = (["job:run"].as_slice(), ["job"].as_slice());
        let waived = (["job:unapproved"].as_slice(), ["job/a", "job/b/*"].as_slice());
        let open = (["job:run"].as_slice(), ["job/a", "job/b/*"].as_slice());
        let found = approved(grants(&[run, waived]), "*").unwrap();
        assert_eq!(found.uncovered(&grants(&[waived, open])), []);
        assert_eq!(grants(&[waived, open]).uncovered(&found), []);
        let all = || grants(&[(&["job:*"], &["*"])]);
        assert_eq!(approved(all(), "*"), Ok(all()));
    }
}
