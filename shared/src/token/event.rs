//! What happened to a token: one [`Event`] for each change of it, and for the uses that someone
//! should know of.

use std::net::IpAddr;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Actor, DisableReason, RevocationDetails, UserAgentFamily};
use crate::clock::Timestamp;

/// Who did something, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventOrigin {
    /// Who; nobody where that is not known, or where the deployment did it by itself.
    pub actor: Option<Actor>,
    /// From which address, as the gateway saw it.
    pub source_ip: Option<IpAddr>,
    /// With what, as the caller said.
    pub agent: Option<UserAgentFamily>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It was made.
    Created,
    /// Something of it was changed.
    Updated(Vec<FieldChange>),
    /// It was given a new secret.
    Rotated {
        /// Until when the one before works too.
        previous_secret_until: Option<Timestamp>,
        /// When it ends now, where that was changed as well: from and to.
        expires_at: Option<[Option<Timestamp>; 2]>,
    },
    /// A secret was presented that does not work any more, as a newer one has replaced it.
    SecretReuse {
        /// Whether the token was disabled for that.
        disabled: bool,
    },
    /// It was kept from opening doors.
    Disabled(DisableReason),
    /// It was let open doors again.
    Enabled,
    /// It was ended.
    Revoked(RevocationDetails),
    /// It opened a door for the first time.
    FirstUsed,
    /// Its record was deleted.
    Deleted,
}

/// Every [`EventKind::kind`].
pub const EVENT_KINDS: [&str; 9] =
    ["created", "updated", "rotated", "secret_reuse", "disabled", "enabled", "revoked", "first_used", "deleted"];

/// One field of a record that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// Its name in the HTTP API.
    pub field: &'static str,
    /// What it was.
    pub from: Value,
    /// What it is.
    pub to: Value,
}

impl EventKind {
    /// As it is written down.
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

    /// What there is to say besides; null if there is nothing.
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

/// One event, as it was written down. What a later version wrote is shown as it stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// A ULID: events are ordered by it.
    pub id: String,
    /// When.
    pub at: Timestamp,
    /// [`EventKind::kind`]
    pub kind: String,
    /// Who, and from where.
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
}
