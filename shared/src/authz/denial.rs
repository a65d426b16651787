//! Denials that a grant would repair.

use super::permission_usage::digest_of;
use super::{Decision, DenyReason};
use crate::clock::Timestamp;
use crate::grants::{Permission, Resource};
use crate::text::redact;

/// Maximum number of denials stored for a token. A further one replaces the oldest.
pub const MAX_DENIALS: usize = 10;

/// Reasons of denials that a grant would repair.
const REPAIRABLE: [DenyReason; 2] = [DenyReason::PermissionMissing, DenyReason::ResourceNotGranted];

/// A denied request: what it required and lacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The required permission.
    pub permission: Permission,
    /// The resource on which it is required.
    pub resource: Resource,
    /// Whether the permission was missing, or its resource.
    pub reason: DenyReason,
    /// Time of the denial, in seconds.
    pub at: Timestamp,
}

impl Denial {
    /// The denial of a request. `None` if no grant would have allowed it: for another reason, or for a path that
    /// cannot be a resource. Also `None` if the path contains what a log would redact, because it may be a
    /// credential.
    #[must_use]
    pub fn from_decision(decision: &Decision, at: Timestamp) -> Option<Self> {
        let Decision::Forbidden(reason, missing) = decision else { return None };
        let resource = missing.resource.as_deref().filter(|resource| redact(resource) == *resource)?;
        Some(Self {
            permission: missing.permission.clone()?,
            resource: resource.parse().ok()?,
            reason: *REPAIRABLE.iter().find(|it| *it == reason)?,
            at: at.truncated_to_seconds(),
        })
    }

    /// Key of the entry: a digest of permission and resource, because a resource can be long.
    #[must_use]
    pub fn key(&self) -> String {
        digest_of(&format!("{} {}", self.permission, self.resource))
    }

    /// Builds the denial from storage. `None` if a later release wrote it with another reason.
    #[must_use]
    pub fn from_stored(permission: &str, resource: &str, reason: &str, at: Timestamp) -> Option<Self> {
        Some(Self {
            permission: Permission::from_stored(permission)?,
            resource: Resource::from_stored(resource),
            reason: *REPAIRABLE.iter().find(|it| it.as_str() == reason)?,
            at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::MissingAccess;
    use super::*;

    fn denied(reason: DenyReason, permission: &str, resource: &str) -> Option<Denial> {
        let missing = MissingAccess {
            permission: Some(permission.parse().unwrap()),
            resource: Some(resource.to_owned()),
            roles: Vec::new(),
        };
        Denial::from_decision(&Decision::Forbidden(reason, missing), Timestamp::from_millis(7_900))
    }

    #[test]
    fn a_denial_is_noted_only_if_a_grant_would_repair_it() {
        let noted = denied(DenyReason::PermissionMissing, "apps:write", "apps/payroll").unwrap();
        assert_eq!(
            (noted.permission.to_string(), noted.resource.to_string()),
            ("apps:write".into(), "apps/payroll".into())
        );
        assert_eq!(noted.at, Timestamp::from_seconds(7));
        assert!(denied(DenyReason::ResourceNotGranted, "apps:write", "apps/payroll").is_some());
        assert_eq!(denied(DenyReason::RouteLookalike, "apps:write", "apps/payroll"), None);
        let at = Timestamp::from_seconds(7);
        let elsewhere = Decision::Forbidden(DenyReason::IpNotAllowed, MissingAccess::default());
        for other in [Decision::Allow, Decision::Unauthorized(DenyReason::Expired), elsewhere] {
            assert_eq!(Denial::from_decision(&other, at), None, "{other:?}");
        }
    }

    #[test]
    fn a_denial_is_read_as_it_was_stored() {
        for reason in REPAIRABLE {
            let stored = denied(reason, "apps:write", "apps/payroll").unwrap();
            let read = Denial::from_stored("apps:write", "apps/payroll", reason.as_str(), stored.at);
            assert_eq!(read, Some(stored));
        }
        assert_eq!(Denial::from_stored("apps:write", "apps", "a_later_reason", Timestamp::from_seconds(7)), None);
    }

    #[test]
    fn each_permission_and_resource_has_an_entry_of_its_own() {
        let denied = |permission, resource| denied(DenyReason::PermissionMissing, permission, resource).unwrap();
        let key = denied("apps:write", "apps").key();
        assert_eq!(key, Denial { at: Timestamp::from_seconds(9), ..denied("apps:write", "apps") }.key());
        for other in [denied("apps:read", "apps"), denied("apps:write", "app")] {
            assert_ne!(key, other.key());
        }
    }

    #[test]
    fn a_denial_whose_path_may_hold_a_credential_is_not_noted() {
        let secret = format!("pcl_{}", "a1B2".repeat(16));
        assert_eq!(denied(DenyReason::PermissionMissing, "apps:write", &format!("apps/{secret}")), None);
    }

    #[test]
    fn a_denial_whose_path_cannot_be_a_resource_is_not_noted() {
        for path in ["", " x", &"x".repeat(257)] {
            assert_eq!(denied(DenyReason::PermissionMissing, "apps:write", path), None, "{path:?}");
        }
        assert!(denied(DenyReason::PermissionMissing, "apps:write", &"x".repeat(256)).is_some());
    }
}
