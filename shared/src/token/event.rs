//! A token's history: an [`Event`] for each change, and for notable uses.

use std::net::IpAddr;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Actor, Approval, ApprovalId, DisableReason, RevocationDetails, UserAgentFamily};
use crate::clock::Timestamp;
use crate::grants::{Permission, Resource};

/// Origin of an event: actor, IP address and user agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventOrigin {
    /// The actor; `None` if it is unknown or the deployment acted automatically.
    pub actor: Option<Actor>,
    /// IP address that the gateway saw.
    pub source_ip: Option<IpAddr>,
    /// User agent family, as the client sent it.
    pub agent: Option<UserAgentFamily>,
}

/// What happened to a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It was created.
    Created,
    /// Fields were changed.
    Updated(Vec<FieldChange>),
    /// It was rotated.
    Rotated {
        /// End of the previous secret's overlap.
        previous_secret_until: Option<Timestamp>,
        /// The old and the new expiry, if the rotation changed it.
        expires_at: Option<[Option<Timestamp>; 2]>,
    },
    /// A retired secret was presented.
    SecretReuse {
        /// Whether the token was disabled because of it.
        disabled: bool,
    },
    /// It was disabled.
    Disabled(DisableReason),
    /// It was enabled.
    Enabled,
    /// It was revoked.
    Revoked(RevocationDetails),
    /// It was used for the first time.
    FirstUsed,
    /// Its record was deleted.
    Deleted,
    /// A step of one of its approvals.
    Approval(ApprovalStep, ApprovalDetail),
}

/// A step of an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalStep {
    /// The token asked for it.
    Requested,
    /// It was approved.
    Approved,
    /// It was rejected.
    Rejected,
    /// It was withdrawn or ended.
    Ended,
}

/// An approval, as an event names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalDetail {
    id: ApprovalId,
    permission: Permission,
    resource: Resource,
    /// `None` unless the step is the approval.
    expires_at: Option<Timestamp>,
}

impl ApprovalStep {
    /// The event of this step.
    #[must_use]
    pub fn event(self, approval: &Approval) -> EventKind {
        let detail = ApprovalDetail {
            id: approval.id,
            permission: approval.permission.clone(),
            resource: approval.resource.clone(),
            expires_at: approval.expires_at().filter(|_| self == Self::Approved),
        };
        EventKind::Approval(self, detail)
    }
}

/// Every [`EventKind::kind`].
pub const EVENT_KINDS: [&str; 13] = [
    "created",
    "updated",
    "rotated",
    "secret_reuse",
    "disabled",
    "enabled",
    "revoked",
    "first_used",
    "deleted",
    "approval_requested",
    "approval_approved",
    "approval_rejected",
    "approval_ended",
];

/// A changed field of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The field's name in the HTTP API.
    pub field: &'static str,
    /// The old value.
    pub from: Value,
    /// The new value.
    pub to: Value,
}

impl EventKind {
    /// The stored name of the kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated(_) => "updated",
            Self::Rotated { .. } => "rotated",
            Self::SecretReuse { .. } => "secret_reuse",
            Self::Disabled(_) => "disabled",
            Self::Enabled => "enabled",
            Self::Revoked(_) => "revoked",
            Self::FirstUsed => "first_used",
            Self::Deleted => "deleted",
            Self::Approval(ApprovalStep::Requested, _) => "approval_requested",
            Self::Approval(ApprovalStep::Approved, _) => "approval_approved",
            Self::Approval(ApprovalStep::Rejected, _) => "approval_rejected",
            Self::Approval(ApprovalStep::Ended, _) => "approval_ended",
        }
    }

    /// Details of the event; null if there are none.
    #[must_use]
    pub fn detail(&self) -> Value {
        match self {
            Self::Created | Self::Enabled | Self::FirstUsed | Self::Deleted => Value::Null,
            Self::Updated(changes) => json!({ "changes": changes }),
            Self::Rotated { previous_secret_until, expires_at } => {
                let changes: Vec<_> = expires_at
                    .iter()
                    .map(|[from, to]| FieldChange { field: "expires_at", from: json!(from), to: json!(to) })
                    .collect();
                json!({ "previous_secret_until": previous_secret_until, "changes": changes })
            }
            Self::SecretReuse { disabled } => json!({ "disabled": disabled }),
            Self::Disabled(why) => json!({ "reason": why }),
            Self::Revoked(RevocationDetails { reason, comment }) => {
                json!({ "reason": reason, "comment": comment.as_ref().map(ToString::to_string) })
            }
            Self::Approval(_, ApprovalDetail { id, permission, resource, expires_at }) => json!({
                "approval_id": id.to_string(),
                "permission": permission.to_string(),
                "resource": resource.to_string(),
                "expires_at": expires_at,
            }),
        }
    }
}

/// A stored event. Kinds of a later version are shown as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// ULID; events sort by it.
    pub id: String,
    /// Time of the event.
    pub at: Timestamp,
    /// [`EventKind::kind`]
    pub kind: String,
    /// Actor, IP address and user agent.
    pub by: EventOrigin,
    /// [`EventKind::detail`]
    pub detail: Value,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::approval::tests::approval;

    #[test]
    fn every_kind_is_listed_once() {
        let approval = approval();
        let all = [
            EventKind::Created,
            EventKind::Updated(Vec::new()),
            EventKind::Rotated { previous_secret_until: None, expires_at: None },
            EventKind::SecretReuse { disabled: false },
            EventKind::Disabled(DisableReason::Owner),
            EventKind::Enabled,
            EventKind::Revoked(RevocationDetails::default()),
            EventKind::FirstUsed,
            EventKind::Deleted,
            ApprovalStep::Requested.event(&approval),
            ApprovalStep::Approved.event(&approval),
            ApprovalStep::Rejected.event(&approval),
            ApprovalStep::Ended.event(&approval),
        ];
        assert_eq!(all.map(|happened| happened.kind()), EVENT_KINDS);
    }

    #[test]
    fn the_detail_of_an_event_says_what_changed() {
        let at = Timestamp::from_seconds(1_800_000_000);
        let rotated = EventKind::Rotated { previous_secret_until: Some(at), expires_at: Some([None, Some(at)]) };
        let change = json!({"field": "expires_at", "from": null, "to": at});
        assert_eq!(rotated.detail(), json!({"previous_secret_until": at, "changes": [change]}));
        assert_eq!(EventKind::SecretReuse { disabled: true }.detail(), json!({"disabled": true}));
        assert_eq!(EventKind::Disabled(DisableReason::Admin).detail(), json!({"reason": "admin"}));
        assert_eq!(EventKind::Created.detail(), Value::Null);
    }
}
