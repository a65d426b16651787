//! What a request needs: by the product's own rules on its own API, by a route of the
//! catalog, or by convention.

use std::net::IpAddr;

use super::{Settings, TokenManagement};
use crate::catalog::{Catalog, Lookalike, RequestPath, Target};
use crate::grants::Permission;

/// Whose API a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Portcullis's own, where tokens are managed.
    Management,
    /// One that it protects.
    Protected,
}

impl Api {
    /// The stage variable, with its value, by which Portcullis's own API tells the authorizer and the
    /// functions that a request is one of its own. Who can set it can also change the authorizer.
    pub const OWN_STAGE_VARIABLE: (&str, &str) = ("portcullis_api", "tokens");
}

/// What a request asks for, and from where.
#[derive(Clone, Copy, Debug)]
pub struct AccessRequest<'a> {
    /// Whose API it is for.
    pub api: Api,
    /// What it is aimed at.
    pub target: Target<'a>,
    /// The address that it comes from, as the gateway saw it; `None` where nobody did.
    pub from: Option<IpAddr>,
}

/// What the operator has laid down, beside the grants.
#[derive(Clone, Copy, Debug)]
pub struct AuthzContext<'a> {
    /// The catalog.
    pub catalog: &'a Catalog,
    /// Who may manage tokens.
    pub management: TokenManagement,
    /// After how many days without use a token opens nothing; 0 is never.
    pub max_idle_days: u32,
}

impl<'a> AuthzContext<'a> {
    /// Under this catalog, in a deployment with these settings.
    #[must_use]
    pub fn of(catalog: &'a Catalog, settings: &Settings) -> Self {
        Self { catalog, management: settings.token_management, max_idle_days: settings.max_idle_days }
    }
}

/// What whoever makes a request must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// A credential that is alive.
    Authenticated,
    /// A permission on a resource.
    Permission {
        /// The permission that says it best, and is named when it is missing.
        permission: Permission,
        /// One that does as well.
        or: Option<Permission>,
        /// The resource's name.
        resource: String,
        /// What says so.
        rule: RequirementSource,
        /// The listed routes of which the path is another spelling: what they need is needed too.
        lookalikes: Vec<Lookalike>,
    },
    /// Nothing would do: the catalog is strict and does not list the route.
    Unlisted,
}

/// What says which permission a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequirementSource {
    /// The product itself, on its own API.
    Builtin,
    /// A route of the catalog, as it was written.
    Route(String),
    /// The method and the path's first name.
    Convention,
}

/// What a method on a path needs.
///
/// On a protected API the catalog's route says it, if there is one. If not, by convention
/// `GET`, `HEAD` and `OPTIONS` on `/apps/billing/builds` need `apps:read` on
/// `apps/billing/builds`, any other method `apps:write`, and opening a WebSocket
/// `websocket:connect` on `websocket`; a strict catalog has no convention. A path that is another
/// spelling of a listed route's needs what that route needs as well.
///
/// On Portcullis's own API the catalog has no say. `GET /me` needs a live credential and
/// nothing more. `tokens:admin` opens what `tokens:read` and `tokens:write` open, and where
/// only admins manage tokens nothing else does. `GET /activity` and `POST /explain` are ways to read tokens;
/// `POST /introspect` needs `tokens:introspect` on `tokens`, and what is below `/owners`
/// `tokens:admin` on `tokens`.
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

/// What the methods do by convention.
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

    fn needed(api: Api, method: &str, path: &str) -> String {
        let rules =
            AuthzContext { catalog: &Catalog::default(), management: TokenManagement::Owners, max_idle_days: 0 };
        needed_under(&rules, api, method, path)
    }

    #[test]
    fn by_convention_the_first_name_is_the_resource_and_the_method_the_action() {
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
    fn only_on_its_own_api_are_some_names_special() {
        assert_eq!(needed(Api::Management, "GET", "me"), "a credential");
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
    fn where_only_admins_manage_tokens_nothing_else_opens_them() {
        let rules =
            AuthzContext { catalog: &Catalog::default(), management: TokenManagement::Admins, max_idle_days: 0 };
        for (method, path) in [("GET", "tokens"), ("GET", "tokens/x"), ("POST", "tokens"), ("DELETE", "tokens/x")] {
            assert_eq!(needed_under(&rules, Api::Management, method, path), format!("tokens:admin on {path}"));
        }
        assert_eq!(needed_under(&rules, Api::Management, "POST", "explain"), "tokens:admin on tokens");
        assert_eq!(needed_under(&rules, Api::Management, "GET", "activity"), "tokens:admin on tokens");
        assert_eq!(needed_under(&rules, Api::Management, "GET", "me"), "a credential");
    }

    #[test]
    fn a_listed_route_says_what_is_needed_and_convention_says_the_rest() {
        let catalog = catalog(
            r#"{"permissions": {"build:create": "", "ws:open": ""}, "routes": [
                {"match": "POST /apps/{app}/builds", "permission": "build:create", "resource": "app/{app}"},
                {"match": "GET /status", "permission": "status:read"},
                {"match": "$connect", "permission": "ws:open", "resource": "sockets"}]}"#,
        );
        let rules = AuthzContext { catalog: &catalog, management: TokenManagement::Owners, max_idle_days: 0 };
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
        let rules = AuthzContext { catalog: &catalog, management: TokenManagement::Owners, max_idle_days: 0 };
        let needed = |api, method, path| needed_under(&rules, api, method, path);
        assert_eq!(needed(Api::Protected, "GET", "apps/x"), "app:read on app/x");
        assert_eq!(needed(Api::Protected, "POST", "apps/x"), "to be listed");
        assert_eq!(needed(Api::Protected, "GET", "apps"), "to be listed");
        assert_eq!(needed(Api::Protected, "$connect", ""), "to be listed");
        assert_eq!(needed(Api::Management, "GET", "tokens"), "tokens:read or tokens:admin on tokens");
    }
}
