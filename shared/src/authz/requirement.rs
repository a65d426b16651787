//! What a request requires: by fixed rules on the management API; by a catalog route or by convention on a
//! protected API.

use std::net::IpAddr;

use super::{Settings, TokenManagement};
use crate::catalog::{Catalog, Lookalike, RequestPath, Target};
use crate::grants::{Grants, Permission};

/// The API that a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// The API that manages tokens.
    Management,
    /// An API that Portcullis protects.
    Protected,
}

impl Api {
    /// Name and value of the stage variable that marks a request as one for the management API. Changing it
    /// takes the same rights as changing the authorizer.
    pub const MANAGEMENT_STAGE_VARIABLE: (&str, &str) = ("portcullis_api", "tokens");
}

/// A request to be authorized.
#[derive(Clone, Copy, Debug)]
pub struct AccessRequest<'a> {
    /// The API.
    pub api: Api,
    /// The target.
    pub target: Target<'a>,
    /// Client IP address that the gateway saw; `None` if unknown.
    pub from: Option<IpAddr>,
}

/// Everything beside grants that a decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct AuthzContext<'a> {
    /// The catalog.
    pub catalog: &'a Catalog,
    /// Who may manage tokens.
    pub management: TokenManagement,
    /// Days without use after which a token is refused; 0 means never.
    pub max_idle_days: u32,
    /// How long a gateway may cache the response of a protected API, in seconds; 0 means not at all.
    pub cache_seconds: u32,
}

impl<'a> AuthzContext<'a> {
    /// The context with this catalog and these settings.
    #[must_use]
    pub fn new(catalog: &'a Catalog, settings: &Settings) -> Self {
        Self {
            catalog,
            management: settings.token_management,
            max_idle_days: settings.max_idle_days,
            cache_seconds: settings.cache_seconds,
        }
    }
}

/// What a request requires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// Any valid credential.
    Authenticated,
    /// A permission on a resource.
    Permission {
        /// The required permission, which denials name.
        permission: Permission,
        /// An alternative permission.
        or: Option<Permission>,
        /// Name of the resource.
        resource: String,
        /// The source of this requirement.
        rule: RequirementSource,
        /// Listed routes of which the path is another spelling; their permissions are required too.
        lookalikes: Vec<Lookalike>,
    },
    /// Always denied: the catalog is strict and does not list the route.
    Unlisted,
}

impl Requirement {
    /// Whether the grants meet it.
    pub(super) fn is_met_by(&self, grants: &Grants) -> bool {
        match self {
            Self::Authenticated => true,
            Self::Permission { permission, or, resource, lookalikes, .. } => {
                let mut any = [permission].into_iter().chain(or);
                any.any(|permission| grants.allows(permission, resource))
                    && lookalikes.iter().all(|it| grants.allows(&it.permission, &it.resource))
            }
            Self::Unlisted => false,
        }
    }
}

/// Where a requirement comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequirementSource {
    /// The fixed rules of the management API.
    Builtin,
    /// A route of the catalog, as written there.
    Route(String),
    /// The convention: the method and the path's first segment.
    Convention,
}

/// What a method on a path requires.
///
/// On a protected API a matching catalog route decides. Otherwise the convention applies: `GET`, `HEAD` and
/// `OPTIONS` on `/apps/billing/builds` require `apps:read` on `apps/billing/builds`, any other method requires
/// `apps:write`, and opening a WebSocket requires `websocket:connect` on `websocket`. A strict catalog has no
/// convention. A path that is another spelling of a listed route's path also requires that route's permission.
///
/// On the management API the catalog does not apply. `GET /me` requires any valid credential, and so do paths below
/// `/approvals`: what the caller may do there depends on the approval. `tokens:admin`
/// includes `tokens:read` and `tokens:write`; if only admins manage tokens, it is the only permission that
/// counts. `GET /activity` and `POST /explain` require the permission to read tokens; `POST /introspect`
/// requires `tokens:introspect` on `tokens`, and paths below `/owners` require `tokens:admin` on `tokens`.
#[must_use]
pub fn requirement(rules: &AuthzContext<'_>, api: Api, target: Target<'_>, path: &RequestPath) -> Requirement {
    if api == Api::Protected {
        if let Some((route, resource)) = rules.catalog.route(target, path) {
            let permission = route.permission.clone();
            let rule = RequirementSource::Route(route.pattern.clone());
            return Requirement::Permission { permission, or: None, resource, rule, lookalikes: Vec::new() };
        }
        if rules.catalog.is_strict() {
            return Requirement::Unlisted;
        }
    }
    let method = match target {
        Target::Connect => {
            let permission = Permission::named("websocket", "connect");
            let resource = "websocket".to_owned();
            let rule = RequirementSource::Convention;
            return Requirement::Permission { permission, or: None, resource, rule, lookalikes: Vec::new() };
        }
        Target::Http { method, .. } => method,
    };
    let action = conventional_action(method);
    match (api, path.first()) {
        (Api::Management, "me") if path.as_str() == "me" => Requirement::Authenticated,
        (Api::Management, "approvals") => Requirement::Authenticated,
        (Api::Management, "tokens") => tokens(rules.management, action, path.as_str()),
        (Api::Management, "activity" | "explain") => tokens(rules.management, "read", "tokens"),
        (Api::Management, "introspect") => of_all_tokens("introspect"),
        (Api::Management, "owners") => of_all_tokens("admin"),
        (_, first) => Requirement::Permission {
            permission: Permission::needed(first, action),
            or: None,
            resource: path.as_str().to_owned(),
            rule: if api == Api::Management { RequirementSource::Builtin } else { RequirementSource::Convention },
            lookalikes: if api == Api::Management { Vec::new() } else { rules.catalog.lookalikes(target, path) },
        },
    }
}

/// The action that the convention assigns to a method.
pub(super) fn conventional_action(method: &str) -> &'static str {
    if matches!(method, "GET" | "HEAD" | "OPTIONS") { "read" } else { "write" }
}

fn tokens(management: TokenManagement, action: &str, resource: &str) -> Requirement {
    let admin = Permission::named("tokens", "admin");
    let (permission, or) = match management {
        TokenManagement::Owners => (Permission::named("tokens", action), Some(admin)),
        TokenManagement::Admins => (admin, None),
    };
    Requirement::Permission {
        permission,
        or,
        resource: resource.to_owned(),
        rule: RequirementSource::Builtin,
        lookalikes: Vec::new(),
    }
}

fn of_all_tokens(action: &str) -> Requirement {
    let permission = Permission::named("tokens", action);
    let resource = "tokens".to_owned();
    Requirement::Permission { permission, or: None, resource, rule: RequirementSource::Builtin, lookalikes: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::tests::catalog;

    fn needed_under(rules: &AuthzContext<'_>, api: Api, method: &str, path: &str) -> String {
        let target = if method == "$connect" { Target::Connect } else { Target::Http { method, path } };
        match requirement(rules, api, target, &RequestPath::parse(path).unwrap()) {
            Requirement::Authenticated => "a credential".to_owned(),
            Requirement::Unlisted => "to be listed".to_owned(),
            Requirement::Permission { permission, or, resource, .. } => {
                let or = or.map_or(String::new(), |or| format!(" or {or}"));
                format!("{permission}{or} on {resource}")
            }
        }
    }

    #[test]
    fn the_management_api_has_fixed_rules_and_a_protected_api_the_convention() {
        let catalog = Catalog::default();
        let rules = AuthzContext::new(&catalog, &Settings::default());
        for (api, source) in
            [(Api::Management, RequirementSource::Builtin), (Api::Protected, RequirementSource::Convention)]
        {
            let target = Target::Http { method: "GET", path: "catalog" };
            match requirement(&rules, api, target, &RequestPath::parse("catalog").unwrap()) {
                Requirement::Permission { rule, .. } => assert_eq!(rule, source),
                other => panic!("{other:?}"),
            }
        }
    }

    fn needed(api: Api, method: &str, path: &str) -> String {
        let catalog = Catalog::default();
        let rules = AuthzContext::new(&catalog, &Settings::default());
        needed_under(&rules, api, method, path)
    }

    #[test]
    fn by_convention_the_path_gives_the_resource_and_the_method_the_action() {
        for method in ["GET", "HEAD", "OPTIONS"] {
            assert_eq!(needed(Api::Protected, method, "apps/billing/builds"), "apps:read on apps/billing/builds");
        }
        for method in ["POST", "PUT", "PATCH", "DELETE", "get", "BREW"] {
            assert_eq!(needed(Api::Protected, method, "apps"), "apps:write on apps");
        }
        assert_eq!(needed(Api::Protected, "GET", ""), "*:read on ");
        assert_eq!(needed(Api::Protected, "GET", "~user/x"), "*:read on ~user/x");
        assert_eq!(needed(Api::Protected, "$connect", ""), "websocket:connect on websocket");
    }

    #[test]
    fn special_names_apply_only_on_the_management_api() {
        assert_eq!(needed(Api::Management, "GET", "me"), "a credential");
        assert_eq!(needed(Api::Management, "POST", "approvals/x/approve"), "a credential");
        assert_eq!(needed(Api::Protected, "POST", "approvals"), "approvals:write on approvals");
        assert_eq!(needed(Api::Management, "GET", "me/x"), "me:read on me/x");
        assert_eq!(needed(Api::Management, "GET", "tokens/x"), "tokens:read or tokens:admin on tokens/x");
        assert_eq!(needed(Api::Management, "POST", "tokens"), "tokens:write or tokens:admin on tokens");
        assert_eq!(needed(Api::Management, "POST", "explain"), "tokens:read or tokens:admin on tokens");
        assert_eq!(needed(Api::Management, "GET", "activity"), "tokens:read or tokens:admin on tokens");
        assert_eq!(needed(Api::Management, "POST", "introspect"), "tokens:introspect on tokens");
        assert_eq!(needed(Api::Management, "POST", "owners/alice/revoke-tokens"), "tokens:admin on tokens");
        assert_eq!(needed(Api::Protected, "POST", "introspect"), "introspect:write on introspect");
        assert_eq!(needed(Api::Protected, "POST", "owners/alice"), "owners:write on owners/alice");
        assert_eq!(needed(Api::Management, "PUT", "catalog"), "catalog:write on catalog");
        assert_eq!(needed(Api::Protected, "GET", "me"), "me:read on me");
        assert_eq!(needed(Api::Protected, "POST", "tokens"), "tokens:write on tokens");
        assert_eq!(needed(Api::Protected, "POST", "explain"), "explain:write on explain");
    }

    #[test]
    fn if_only_admins_manage_tokens_only_tokens_admin_counts() {
        let rules = AuthzContext {
            catalog: &Catalog::default(),
            management: TokenManagement::Admins,
            max_idle_days: 0,
            cache_seconds: 0,
        };
        for (method, path) in [("GET", "tokens"), ("GET", "tokens/x"), ("POST", "tokens"), ("DELETE", "tokens/x")] {
            assert_eq!(needed_under(&rules, Api::Management, method, path), format!("tokens:admin on {path}"));
        }
        assert_eq!(needed_under(&rules, Api::Management, "POST", "explain"), "tokens:admin on tokens");
        assert_eq!(needed_under(&rules, Api::Management, "GET", "activity"), "tokens:admin on tokens");
        assert_eq!(needed_under(&rules, Api::Management, "GET", "me"), "a credential");
    }

    #[test]
    fn a_listed_route_takes_precedence_over_the_convention() {
        let catalog = catalog(
            r#"{"permissions": {"build:create": "", "ws:open": ""}, "routes": [
                {"match": "POST /apps/{app}/builds", "permission": "build:create", "resource": "app/{app}"},
                {"match": "GET /status", "permission": "status:read"},
                {"match": "$connect", "permission": "ws:open", "resource": "sockets"}]}"#,
        );
        let rules = AuthzContext::new(&catalog, &Settings::default());
        let needed = |method, path| needed_under(&rules, Api::Protected, method, path);
        assert_eq!(needed("POST", "apps/billing/builds"), "build:create on app/billing");
        assert_eq!(needed("POST", "apps/billing/builds/"), "build:create on app/billing");
        assert_eq!(needed("GET", "apps/billing/builds"), "apps:read on apps/billing/builds");
        assert_eq!(needed("HEAD", "status"), "status:read on status");
        assert_eq!(needed("$connect", ""), "ws:open on sockets");
        assert_eq!(needed_under(&rules, Api::Management, "POST", "apps/x/builds"), "apps:write on apps/x/builds");
    }

    #[test]
    fn a_strict_catalog_has_no_convention() {
        let catalog = catalog(
            r#"{"strict": true, "permissions": {"app:read": ""}, "routes": [
                {"match": "GET /apps/{app}", "permission": "app:read", "resource": "app/{app}"}]}"#,
        );
        let rules = AuthzContext::new(&catalog, &Settings::default());
        let needed = |api, method, path| needed_under(&rules, api, method, path);
        assert_eq!(needed(Api::Protected, "GET", "apps/x"), "app:read on app/x");
        assert_eq!(needed(Api::Protected, "POST", "apps/x"), "to be listed");
        assert_eq!(needed(Api::Protected, "GET", "apps"), "to be listed");
        assert_eq!(needed(Api::Protected, "$connect", ""), "to be listed");
        assert_eq!(needed(Api::Management, "GET", "tokens"), "tokens:read or tokens:admin on tokens");
    }
}
