//! A token's history: an [`Event`] for each change, and for notable uses.

use std::net::IpAddr;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Actor, DisableReason, RevocationDetails, UserAgentFamily};
use crate::clock::Timestamp;

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
}

/// Every [`EventKind::kind`].
pub const EVENT_KINDS: [&str; 9] =
    ["created", "updated", "rotated", "secret_reuse", "disabled", "enabled", "revoked", "first_used", "deleted"];

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

    #[test]
    fn every_kind_is_listed_once() {
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
