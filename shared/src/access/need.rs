//! What a request needs: by convention, or by the product's own rules on its own API.

use super::{Permission, RequestPath};

/// Whose API a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Portcullis's own, where tokens are managed.
    Own,
    /// One that it protects.
    Protected,
}

/// What a request is aimed at, from the ARN that API Gateway evaluates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// A method on a path, without its leading slash.
    Http {
        /// `GET`
        method: &'a str,
        /// `apps/billing`
        path: &'a str,
    },
    /// Opening a WebSocket (`$connect`).
    Connect,
}

/// What whoever makes a request must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// A credential that is alive.
    Credential,
    /// A permission on a resource.
    Permission {
        /// The permission that says it best, and is named when it is missing.
        permission: Permission,
        /// One that does as well.
        or: Option<Permission>,
        /// The resource's name.
        resource: String,
    },
}

/// What a method on a path needs.
///
/// By convention `GET`, `HEAD` and `OPTIONS` on `/apps/billing/builds` need `apps:read` on
/// `apps/billing/builds`, and any other method `apps:write`. On Portcullis's own API
/// `GET /me` needs a live credential and nothing more, and `tokens:admin` opens what
/// `tokens:read` and `tokens:write` open. Opening a WebSocket needs `websocket:connect` on
/// `websocket`.
#[must_use]
pub fn need(api: Api, target: Target<'_>, path: &RequestPath) -> Need {
    let method = match target {
        Target::Connect => {
            let permission = Permission::needed("websocket", "connect");
            return Need::Permission { permission, or: None, resource: "websocket".to_owned() };
        }
        Target::Http { method, .. } => method,
    };
    if api == Api::Own && path.as_str() == "me" {
        return Need::Credential;
    }
    let action = if matches!(method, "GET" | "HEAD" | "OPTIONS") { "read" } else { "write" };
    Need::Permission {
        permission: Permission::needed(path.first(), action),
        or: (api == Api::Own && path.first() == "tokens").then(|| Permission::needed("tokens", "admin")),
        resource: path.as_str().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(api: Api, method: &str, path: &str) -> String {
        match need(api, Target::Http { method, path }, &RequestPath::parse(path).unwrap()) {
            Need::Credential => "a credential".to_owned(),
            Need::Permission { permission, or: None, resource } => format!("{permission} on {resource}"),
            Need::Permission { permission, or: Some(or), resource } => format!("{permission} or {or} on {resource}"),
        }
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
    }

    #[test]
    fn only_on_its_own_api_are_me_and_tokens_special() {
        assert_eq!(needed(Api::Own, "GET", "me"), "a credential");
        assert_eq!(needed(Api::Own, "GET", "tokens/x"), "tokens:read or tokens:admin on tokens/x");
        assert_eq!(needed(Api::Own, "POST", "tokens"), "tokens:write or tokens:admin on tokens");
        assert_eq!(needed(Api::Protected, "GET", "me"), "me:read on me");
        assert_eq!(needed(Api::Protected, "POST", "tokens"), "tokens:write on tokens");
    }
}
