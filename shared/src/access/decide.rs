//! The decision: a record, a request and a time go in; allow, or deny with one reason,
//! comes out. No I/O.

use serde::Serialize;

use super::{Api, Need, Permission, RequestPath, Target, need};
use crate::clock::Timestamp;
use crate::token::{Record, Status};

/// Allow, or deny with one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The request may pass.
    Allow,
    /// The credential opens nothing: 401.
    Refuse(Reason),
    /// The credential is alive, but not for this: 403.
    Forbid(Reason, Missing),
}

/// Why a request was denied, for the audit log. The first that applies, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// No credential, two of them, or one that no token can look like.
    Malformed,
    /// No such id, or the wrong secret: nobody learns which.
    Unknown,
    /// Someone ended it.
    Revoked,
    /// Its time has come.
    Expired,
    /// The path can be read in more than one way.
    MalformedPath,
    /// No permission of it covers what the request needs.
    PermissionMissing,
    /// It has the permission, but not on this resource.
    ResourceNotGranted,
}

impl Reason {
    /// As it stands in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unknown => "unknown",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::MalformedPath => "malformed_path",
            Self::PermissionMissing => "permission_missing",
            Self::ResourceNotGranted => "resource_not_granted",
        }
    }
}

/// What a 403 tells the caller: what was missing, and on what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// The permission that the request needs.
    pub permission: Option<Permission>,
    /// The resource that it needs it on.
    pub resource: Option<String>,
}

/// Decides on one request.
///
/// `record` is the presented token's, and `None` where there is none or the secret was
/// wrong. Garbage never comes here: it is [`Reason::Malformed`] before any read.
#[must_use]
pub fn decide(record: Option<&Record>, api: Api, target: Target<'_>, now: Timestamp) -> Decision {
    let Some(record) = record else {
        return Decision::Refuse(Reason::Unknown);
    };
    match record.status(now) {
        Status::Revoked => return Decision::Refuse(Reason::Revoked),
        Status::Expired => return Decision::Refuse(Reason::Expired),
        Status::Active => {}
    }
    let raw = match target {
        Target::Http { path, .. } => path,
        Target::Connect => "",
    };
    let Ok(path) = RequestPath::parse(raw) else {
        return Decision::Forbid(Reason::MalformedPath, Missing::default());
    };
    let (permission, or, resource) = match need(api, target, &path) {
        Need::Credential => return Decision::Allow,
        Need::Permission { permission, or, resource } => (permission, or, resource),
    };
    let held = record.grant.has(&permission) || or.is_some_and(|or| record.grant.has(&or));
    let reason = match (held, record.grant.reaches(&resource)) {
        (true, true) => return Decision::Allow,
        (true, false) => Reason::ResourceNotGranted,
        (false, _) => Reason::PermissionMissing,
    };
    Decision::Forbid(reason, Missing { permission: Some(permission), resource: Some(resource) })
}

#[cfg(test)]
mod tests {
    use super::super::grant::tests::{any_grant, grant};
    use super::*;
    use crate::token::{Actor, Revocation};
    use proptest::prelude::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn record(permissions: &[&str], resources: &[&str]) -> Record {
        Record {
            id: "0123456789abcdef".parse().unwrap(),
            name: "ci".parse().unwrap(),
            description: None,
            owner: "alice".parse().unwrap(),
            created_by: Actor::Bootstrap,
            created_at: at(0),
            expires_at: None,
            revoked: None,
            grant: grant(permissions, resources),
            last_used_at: None,
            version: 1,
        }
    }

    fn get(path: &str) -> Target<'_> {
        Target::Http { method: "GET", path }
    }

    fn decided(record: &Record, target: Target<'_>) -> Decision {
        decide(Some(record), Api::Protected, target, at(100))
    }

    #[test]
    fn a_live_token_with_the_permission_on_the_resource_passes() {
        let token = record(&["apps:read"], &["apps/billing"]);
        assert_eq!(decided(&token, get("apps/billing/builds")), Decision::Allow);
    }

    #[test]
    fn an_unknown_token_is_refused() {
        assert_eq!(decide(None, Api::Own, get("me"), at(0)), Decision::Refuse(Reason::Unknown));
    }

    #[test]
    fn a_token_is_refused_from_the_very_second_of_its_expiry() {
        let token = Record { expires_at: Some(at(100)), ..record(&["*"], &["*"]) };
        let decided = |now| decide(Some(&token), Api::Protected, get("x"), now);
        assert_eq!(decided(Timestamp::from_millis(99_999)), Decision::Allow);
        assert_eq!(decided(at(100)), Decision::Refuse(Reason::Expired));
    }

    #[test]
    fn a_revoked_token_is_refused_as_revoked_even_when_it_has_expired_too() {
        let revoked = Some(Revocation { at: at(50), by: Actor::Bootstrap });
        let token = Record { revoked, expires_at: Some(at(60)), ..record(&["*"], &["*"]) };
        assert_eq!(decided(&token, get("x")), Decision::Refuse(Reason::Revoked));
    }

    #[test]
    fn an_ended_token_learns_nothing_of_the_path() {
        let token = Record { expires_at: Some(at(1)), ..record(&["*"], &["*"]) };
        assert_eq!(decided(&token, get("a/../b")), Decision::Refuse(Reason::Expired));
    }

    #[test]
    fn a_path_with_two_readings_is_forbidden_to_everyone() {
        let token = record(&["*"], &["*"]);
        assert_eq!(decided(&token, get("a/../b")), Decision::Forbid(Reason::MalformedPath, Missing::default()));
    }

    #[test]
    fn what_is_missing_is_named() {
        let token = record(&["apps:read"], &["apps/billing"]);
        let missing = |permission: &str, resource: &str| Missing {
            permission: Some(permission.parse().unwrap()),
            resource: Some(resource.to_owned()),
        };
        assert_eq!(
            decided(&token, Target::Http { method: "POST", path: "apps/billing" }),
            Decision::Forbid(Reason::PermissionMissing, missing("apps:write", "apps/billing"))
        );
        assert_eq!(
            decided(&token, get("apps/shop")),
            Decision::Forbid(Reason::ResourceNotGranted, missing("apps:read", "apps/shop"))
        );
        assert_eq!(
            decided(&token, Target::Connect),
            Decision::Forbid(Reason::PermissionMissing, missing("websocket:connect", "websocket"))
        );
    }

    #[test]
    fn admin_of_tokens_reads_and_writes_them_on_the_own_api_only() {
        let token = record(&["tokens:admin"], &["*"]);
        for method in ["GET", "POST", "DELETE"] {
            let target = Target::Http { method, path: "tokens/x" };
            assert_eq!(decide(Some(&token), Api::Own, target, at(1)), Decision::Allow);
            assert!(matches!(decide(Some(&token), Api::Protected, target, at(1)), Decision::Forbid(..)));
        }
    }

    proptest! {
        #[test]
        fn nothing_passes_that_the_grant_does_not_allow(
            grant in any_grant(), method in "GET|POST", path in "[ab~](/[ab]){0,3}/?"
        ) {
            let token = Record { grant: grant.clone(), ..record(&[], &[]) };
            let first = path.trim_end_matches('/').split('/').next().unwrap();
            let action = if method == "GET" { "read" } else { "write" };
            let needed = format!("{}:{action}", if first == "~" { "*" } else { first }).parse().unwrap();
            let allowed = decided(&token, Target::Http { method: &method, path: &path }) == Decision::Allow;
            prop_assert_eq!(allowed, grant.allows(&needed, path.trim_end_matches('/')));
        }
    }
}
