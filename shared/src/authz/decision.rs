//! The authorization decision: allow, or deny with one reason. Pure, no I/O.

use serde::Serialize;

use super::{AccessRequest, Api, AuthzContext, Principal, Requirement, approval, requirement};
use crate::catalog::{RequestPath, RoleName, Target};
use crate::clock::Timestamp;
use crate::grants::{IpAllowlist, Permission};
use crate::token::TokenState;

/// Result of [`authorize`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The request is allowed.
    Allow,
    /// The credential is not valid: 401.
    Unauthorized(DenyReason),
    /// The credential is valid but does not allow this request: 403.
    Forbidden(DenyReason, MissingAccess),
}

/// Why a request was denied, for the audit log. The first reason that applies, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DenyReason {
    /// No credential, two of them, or a malformed one.
    Malformed,
    /// Unknown ID or wrong secret. The caller does not learn which.
    Unknown,
    /// A previous secret after its overlap; it may have been stolen.
    SecretReuse,
    /// Revoked.
    Revoked,
    /// Disabled.
    Disabled,
    /// Expired.
    Expired,
    /// Not used for longer than the deployment allows.
    Idle,
    /// The path is ambiguous: it can be read in more than one way.
    MalformedPath,
    /// The client's IP address is not allowed.
    IpNotAllowed,
    /// The catalog is strict and does not list the route.
    RouteNotListed,
    /// The path is another spelling of a listed route's path, and the principal lacks what that route requires.
    RouteLookalike,
    /// No permission of the principal covers the required one.
    PermissionMissing,
    /// The principal has the permission, but not on this resource.
    ResourceNotGranted,
    /// The token has the permission on this resource, and needs an approval to use it.
    ApprovalRequired,
}

impl DenyReason {
    /// The reason as logs show it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::SecretReuse => "secret_reuse",
            Self::Revoked => "revoked",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Idle => "idle",
            Self::MalformedPath => "malformed_path",
            Self::IpNotAllowed => "ip_not_allowed",
            Self::RouteNotListed => "route_not_listed",
            Self::RouteLookalike => "route_lookalike",
            Self::PermissionMissing => "permission_missing",
            Self::ResourceNotGranted => "resource_not_granted",
            Self::ApprovalRequired => "approval_required",
        }
    }

    /// Whether the reason is specific to this request: the same principal may be allowed another request from
    /// the same address.
    #[must_use]
    pub fn is_request_specific(self) -> bool {
        match self {
            Self::Malformed
            | Self::Unknown
            | Self::SecretReuse
            | Self::Revoked
            | Self::Disabled
            | Self::Expired
            | Self::Idle
            | Self::IpNotAllowed => false,
            Self::MalformedPath
            | Self::RouteNotListed
            | Self::RouteLookalike
            | Self::PermissionMissing
            | Self::ResourceNotGranted
            | Self::ApprovalRequired => true,
        }
    }
}

/// What a 403 tells the caller: the missing permission, its resource, and the roles that have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingAccess {
    /// The permission that the request requires.
    pub permission: Option<Permission>,
    /// The resource that it is required on.
    pub resource: Option<String>,
    /// The roles that grant the permission; empty if the caller may not read the catalog.
    pub roles: Vec<RoleName>,
}

/// Decides on one request.
///
/// `principal` is authenticated; `None` means that the token does not exist or its secret was wrong. Malformed
/// credentials never get here: they are [`DenyReason::Malformed`] before any read.
#[must_use]
pub fn authorize(
    principal: Option<&Principal>,
    rules: &AuthzContext<'_>,
    asked: &AccessRequest<'_>,
    now: Timestamp,
) -> Decision {
    let Some(principal) = principal else {
        return Decision::Unauthorized(DenyReason::Unknown);
    };
    match principal.state(now, rules.max_idle_days) {
        TokenState::Revoked => return Decision::Unauthorized(DenyReason::Revoked),
        TokenState::Disabled => return Decision::Unauthorized(DenyReason::Disabled),
        TokenState::Expired => return Decision::Unauthorized(DenyReason::Expired),
        TokenState::Idle => return Decision::Unauthorized(DenyReason::Idle),
        TokenState::Active => {}
    }
    let raw = match asked.target {
        Target::Http { path, .. } => path,
        Target::Connect => "",
    };
    let Ok(path) = RequestPath::parse(raw) else {
        return Decision::Forbidden(DenyReason::MalformedPath, MissingAccess::default());
    };
    if principal.allowed_ips().is_some_and(|from: &IpAllowlist| !from.contains(asked.from)) {
        return Decision::Forbidden(DenyReason::IpNotAllowed, MissingAccess::default());
    }
    let needed = requirement(rules, asked.api, asked.target, &path);
    let (permission, or, resource, lookalikes) = match &needed {
        Requirement::Authenticated => return Decision::Allow,
        Requirement::Unlisted => return Decision::Forbidden(DenyReason::RouteNotListed, MissingAccess::default()),
        Requirement::Permission { permission, or, resource, lookalikes, .. } => (permission, or, resource, lookalikes),
    };
    let grants = principal.grants();
    let forbidden = |reason, permission: &Permission, resource: &str| {
        // A role gives no approval.
        let shows_roles = reason != DenyReason::ApprovalRequired && principal.may_read_catalog();
        let roles = if shows_roles { rules.catalog.roles_giving(permission) } else { Vec::new() };
        let (permission, resource) = (Some(permission.clone()), Some(resource.to_owned()));
        Decision::Forbidden(reason, MissingAccess { permission, resource, roles })
    };
    if let Some(it) = lookalikes.iter().find(|it| !grants.allows(&it.permission, &it.resource)) {
        return forbidden(DenyReason::RouteLookalike, &it.permission, &it.resource);
    }
    let do_as_well = || [permission].into_iter().chain(or);
    if do_as_well().any(|permission| grants.allows(permission, resource)) {
        if asked.api == Api::Management {
            return Decision::Allow;
        }
        let unapproved = approval::unapproved(principal, rules, needed.needed(rules.catalog), now);
        return unapproved.map_or(Decision::Allow, |(permission, resource)| {
            forbidden(DenyReason::ApprovalRequired, permission, resource)
        });
    }
    let elsewhere = do_as_well().any(|permission| grants.has_permission(permission));
    let reason = if elsewhere { DenyReason::ResourceNotGranted } else { DenyReason::PermissionMissing };
    forbidden(reason, permission, resource)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authz::{Settings, TokenManagement};
    use crate::catalog::Catalog;
    use crate::catalog::tests::catalog;
    use crate::grants::grant::tests::{any_grants, grants};
    use crate::token::{Actor, DisableReason, DisabledState, Revocation, RevocationDetails, TokenRecord};
    use proptest::prelude::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn record(permissions: &[&str], resources: &[&str]) -> TokenRecord {
        let (id, name, owner) = ("0123456789abcdef".parse(), "ci".parse(), "alice".parse());
        let grants = grants(&[(permissions, resources)]);
        TokenRecord::new(id.unwrap(), name.unwrap(), owner.unwrap(), grants, Actor::Bootstrap, at(0))
    }

    fn get(path: &str) -> Target<'_> {
        Target::Http { method: "GET", path }
    }

    fn decided_at(record: &TokenRecord, api: Api, target: Target<'_>, now: Timestamp) -> Decision {
        let catalog = Catalog::default();
        let rules = AuthzContext::new(&catalog, &Settings::default());
        authorize(
            Some(&Principal::Token(Box::new(record.clone()))),
            &rules,
            &AccessRequest { api, target, from: None },
            now,
        )
    }

    fn decided(record: &TokenRecord, target: Target<'_>) -> Decision {
        decided_at(record, Api::Protected, target, at(100))
    }

    #[test]
    fn an_active_token_with_the_permission_on_the_resource_is_allowed() {
        let token = record(&["apps:read"], &["apps/billing"]);
        assert_eq!(decided(&token, get("apps/billing/builds")), Decision::Allow);
    }

    #[test]
    fn a_reason_is_written_the_same_in_every_log() {
        for reason in [DenyReason::Malformed, DenyReason::SecretReuse, DenyReason::ResourceNotGranted] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
    }

    #[test]
    fn only_reasons_of_the_path_or_the_permission_are_specific_to_a_request() {
        use DenyReason::*;
        for reason in [Malformed, Unknown, SecretReuse, Revoked, Disabled, Expired, Idle, IpNotAllowed] {
            assert!(!reason.is_request_specific(), "{reason:?}");
        }
        for reason in
            [MalformedPath, RouteNotListed, RouteLookalike, PermissionMissing, ResourceNotGranted, ApprovalRequired]
        {
            assert!(reason.is_request_specific(), "{reason:?}");
        }
    }

    #[test]
    fn an_unknown_token_is_unauthorized() {
        let catalog = Catalog::default();
        let rules = AuthzContext::new(&catalog, &Settings::default());
        assert_eq!(
            authorize(None, &rules, &AccessRequest { api: Api::Management, target: get("me"), from: None }, at(0)),
            Decision::Unauthorized(DenyReason::Unknown)
        );
    }

    #[test]
    fn another_spelling_of_a_listed_path_requires_the_same_permission() {
        let catalog = catalog(
            r#"{"permissions": {"env:view": "", "key:view": ""}, "routes": [
                {"match": "GET /apps/{app}/env", "permission": "env:view", "resource": "app/{app}"},
                {"match": "GET /keys", "permission": "key:view"},
                {"match": "ANY /Admin/{rest+}", "permission": "key:view"}]}"#,
        );
        let rules = AuthzContext::new(&catalog, &Settings::default());
        let decided = |record: &TokenRecord, method, path| {
            let asked = AccessRequest { api: Api::Protected, target: Target::Http { method, path }, from: None };
            authorize(Some(&Principal::Token(Box::new(record.clone()))), &rules, &asked, at(100))
        };
        let lookalike = |decision: Decision| match decision {
            Decision::Forbidden(DenyReason::RouteLookalike, missing) => {
                format!("{} on {}", missing.permission.unwrap(), missing.resource.unwrap())
            }
            other => panic!("{other:?}"),
        };
        let reader = record(&["apps:read", "keys:read", "Keys:read", "admin:*", "*:read"], &["*"]);
        for path in [
            "apps/x/ENV",
            "apps/x/env.json",
            "apps/x/env.",
            "apps/x/env%20",
            "apps/x/env%E2%80%8B",
            "apps/x/%EF%BD%85nv",
            "apps/x/Env.tar.gz",
            "apps/x/env%20.json",
            "apps/x/env%E2%80%A4json",
            "Apps/x/env",
            "apps./x/env/",
            "%61pps/x/eNv",
        ] {
            assert_eq!(lookalike(decided(&reader, "GET", path)), "env:view on app/x", "{path}");
            assert_eq!(lookalike(decided(&reader, "HEAD", path)), "env:view on app/x", "{path}");
        }
        assert_eq!(lookalike(decided(&reader, "GET", "Keys")), "key:view on keys");
        assert_eq!(lookalike(decided(&reader, "DELETE", "admin/users/1")), "key:view on Admin/users/1");
        // Listed spellings, other methods and other names are decided as before.
        assert!(matches!(decided(&reader, "GET", "apps/x/env"), Decision::Forbidden(DenyReason::PermissionMissing, _)));
        assert!(matches!(
            decided(&reader, "POST", "apps/x/ENV"),
            Decision::Forbidden(DenyReason::PermissionMissing, _)
        ));
        for path in ["apps/x/envs", "apps/x/env-2", "apps/x.env", "apps/x/env/y", "apps/x/env.json/y", "keys/1"] {
            assert_eq!(decided(&reader, "GET", path), Decision::Allow, "{path}");
        }
        // Both requirements have to be met, each on the route's own resource.
        let both = record(&["apps:read", "env:view"], &["apps", "app/x"]);
        assert_eq!(decided(&both, "GET", "apps/x/ENV"), Decision::Allow);
        assert_eq!(lookalike(decided(&both, "GET", "apps/y/ENV")), "env:view on app/y");
        let viewer = record(&["env:view"], &["*"]);
        assert!(matches!(decided(&viewer, "GET", "apps/x/ENV"), Decision::Forbidden(DenyReason::PermissionMissing, _)));
        assert_eq!(decided(&record(&["*"], &["*"]), "GET", "apps/x/ENV"), Decision::Allow);
    }

    #[test]
    fn a_token_is_denied_from_the_second_of_its_expiry() {
        let token = TokenRecord { expires_at: Some(at(100)), ..record(&["*"], &["*"]) };
        let decided = |now| decided_at(&token, Api::Protected, get("x"), now);
        assert_eq!(decided(Timestamp::from_millis(99_999)), Decision::Allow);
        assert_eq!(decided(at(100)), Decision::Unauthorized(DenyReason::Expired));
    }

    #[test]
    fn a_revoked_token_is_refused_as_revoked_even_when_it_has_expired_too() {
        let revoked = Some(Revocation { at: at(50), by: Actor::Bootstrap, grounds: RevocationDetails::default() });
        let token = TokenRecord { revoked, expires_at: Some(at(60)), ..record(&["*"], &["*"]) };
        assert_eq!(decided(&token, get("x")), Decision::Unauthorized(DenyReason::Revoked));
    }

    #[test]
    fn a_disabled_token_is_refused_as_disabled_even_when_it_has_expired_too() {
        let disabled = Some(DisabledState { at: at(50), by: None, why: DisableReason::SecretReuse });
        let token = TokenRecord { disabled, expires_at: Some(at(60)), ..record(&["*"], &["*"]) };
        assert_eq!(decided(&token, get("x")), Decision::Unauthorized(DenyReason::Disabled));
    }

    #[test]
    fn an_idle_token_is_denied_if_the_deployment_limits_idle_time() {
        let token = Principal::Token(Box::new(record(&["*"], &["*"])));
        let asked = AccessRequest { api: Api::Protected, target: get("x"), from: None };
        let decided = |max_idle_days, now| {
            let catalog = Catalog::default();
            let rules = AuthzContext {
                catalog: &catalog,
                management: TokenManagement::Owners,
                max_idle_days,
                cache_seconds: 0,
            };
            authorize(Some(&token), &rules, &asked, at(now))
        };
        let days = |days: i64| days * 86_400;
        assert_eq!(decided(7, days(7) - 1), Decision::Allow);
        assert_eq!(decided(7, days(7)), Decision::Unauthorized(DenyReason::Idle));
        assert_eq!(decided(0, days(7000)), Decision::Allow);
    }

    #[test]
    fn a_token_is_allowed_only_from_its_ip_ranges() {
        let networks = vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
        let token = TokenRecord { allowed_ips: networks.into(), ..record(&["*"], &["*"]) };
        let catalog = Catalog::default();
        let rules = AuthzContext::new(&catalog, &Settings::default());
        let decided = |path, from: Option<&str>| {
            let from = from.map(|text| text.parse().unwrap());
            let asked = AccessRequest { api: Api::Protected, target: get(path), from };
            authorize(Some(&Principal::Token(Box::new(token.clone()))), &rules, &asked, at(1))
        };
        let elsewhere = Decision::Forbidden(DenyReason::IpNotAllowed, MissingAccess::default());
        for good in ["192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7"] {
            assert_eq!(decided("x", Some(good)), Decision::Allow, "{good}");
        }
        for bad in [Some("198.51.100.1"), Some("::1"), None] {
            assert_eq!(decided("x", bad), elsewhere, "{bad:?}");
        }
        assert_eq!(
            decided("a/../b", Some("::1")),
            Decision::Forbidden(DenyReason::MalformedPath, MissingAccess::default())
        );
    }

    #[test]
    fn a_revoked_token_learns_nothing_about_the_path() {
        let token = TokenRecord { expires_at: Some(at(1)), ..record(&["*"], &["*"]) };
        assert_eq!(decided(&token, get("a/../b")), Decision::Unauthorized(DenyReason::Expired));
    }

    #[test]
    fn an_ambiguous_path_is_forbidden_to_everyone() {
        let token = record(&["*"], &["*"]);
        assert_eq!(
            decided(&token, get("a/../b")),
            Decision::Forbidden(DenyReason::MalformedPath, MissingAccess::default())
        );
    }

    #[test]
    fn the_missing_permission_and_resource_are_named() {
        let token = record(&["apps:read"], &["apps/billing"]);
        let missing = |permission: &str, resource: &str| MissingAccess {
            permission: Some(permission.parse().unwrap()),
            resource: Some(resource.to_owned()),
            roles: Vec::new(),
        };
        assert_eq!(
            decided(&token, Target::Http { method: "POST", path: "apps/billing" }),
            Decision::Forbidden(DenyReason::PermissionMissing, missing("apps:write", "apps/billing"))
        );
        assert_eq!(
            decided(&token, get("apps/shop")),
            Decision::Forbidden(DenyReason::ResourceNotGranted, missing("apps:read", "apps/shop"))
        );
        assert_eq!(
            decided(&token, Target::Connect),
            Decision::Forbidden(DenyReason::PermissionMissing, missing("websocket:connect", "websocket"))
        );
    }

    #[test]
    fn tokens_admin_covers_read_and_write_on_the_management_api_only() {
        let token = record(&["tokens:admin"], &["*"]);
        for method in ["GET", "POST", "DELETE"] {
            let target = Target::Http { method, path: "tokens/x" };
            assert_eq!(decided_at(&token, Api::Management, target, at(1)), Decision::Allow);
            assert!(matches!(decided_at(&token, Api::Protected, target, at(1)), Decision::Forbidden(..)));
        }
    }

    #[test]
    fn permission_and_resource_must_come_from_one_grant() {
        let grants = grants(&[(&["apps:write"], &["apps/billing"]), (&["apps:read"], &["apps"])]);
        let token = TokenRecord { grants, ..record(&[], &[]) };
        let post = |path| decided(&token, Target::Http { method: "POST", path });
        assert_eq!(post("apps/billing"), Decision::Allow);
        assert_eq!(decided(&token, get("apps/payroll")), Decision::Allow);
        assert!(matches!(post("apps/payroll"), Decision::Forbidden(DenyReason::ResourceNotGranted, _)));
    }

    #[test]
    fn roles_are_named_to_callers_who_may_read_the_catalog() {
        let catalog = catalog(
            r#"{"roles": {"viewer": {"permissions": ["*:read"]}, "dev": {"permissions": ["apps:*"]}, "ops": {"permissions": ["apps:write"]}}}"#,
        );
        let rules = AuthzContext::new(&catalog, &Settings::default());
        let roles = |permissions: &[&str]| {
            let token = Principal::Token(Box::new(record(permissions, &["*"])));
            let target = Target::Http { method: "POST", path: "apps/x" };
            match authorize(Some(&token), &rules, &AccessRequest { api: Api::Protected, target, from: None }, at(1)) {
                Decision::Forbidden(_, missing) => missing.roles.iter().map(ToString::to_string).collect::<Vec<_>>(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(roles(&["catalog:read"]), ["dev", "ops"]);
        assert_eq!(roles(&["catalog:write"]), [""; 0]);
    }

    #[test]
    fn in_a_strict_catalog_unlisted_routes_are_denied_to_everyone() {
        let catalog = catalog(r#"{"strict": true}"#);
        let rules = AuthzContext::new(&catalog, &Settings::default());
        let admin = Principal::Token(Box::new(record(&["*"], &["*"])));
        let decision = authorize(
            Some(&admin),
            &rules,
            &AccessRequest { api: Api::Protected, target: get("apps"), from: None },
            at(1),
        );
        assert_eq!(decision, Decision::Forbidden(DenyReason::RouteNotListed, MissingAccess::default()));
    }

    proptest! {
        #[test]
        fn no_request_is_allowed_without_a_grant_for_it(
            grants in any_grants(), method in "GET|POST", path in "[ab~](/[ab]){0,3}/?"
        ) {
            let token = TokenRecord { grants: grants.clone(), ..record(&[], &[]) };
            let first = path.trim_end_matches('/').split('/').next().unwrap();
            let action = if method == "GET" { "read" } else { "write" };
            let needed = format!("{}:{action}", if first == "~" { "*" } else { first }).parse().unwrap();
            let allowed = decided(&token, Target::Http { method: &method, path: &path }) == Decision::Allow;
            prop_assert_eq!(allowed, grants.allows(&needed, path.trim_end_matches('/')));
        }
    }
}
