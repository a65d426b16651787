//! History and usage of tokens.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Grant;
use crate::clock::Timestamp;

/// A page of `GET /tokens/{id}/events`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventPage {
    /// The events, newest first.
    pub events: Vec<Event>,
    /// Cursor of the next page; `None` on the last page.
    pub next_cursor: Option<String>,
}

/// A page of `GET /activity`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivityPage {
    /// The events, newest first.
    pub events: Vec<ActivityEvent>,
    /// Cursor of the next page; `None` on the last page.
    pub next_cursor: Option<String>,
}

/// An event in the activity of the deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivityEvent {
    /// ID of the token, which may have been deleted since.
    pub token_id: String,
    /// Owner of the token.
    pub owner: String,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

/// An event in a token's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// ULID; events sort by it.
    pub id: String,
    /// What happened: `created`, `updated`, `rotated` and so on.
    pub kind: String,
    /// Time of the event.
    pub at: Timestamp,
    /// The actor; `None` if it is unknown or the deployment acted automatically.
    pub by: Option<String>,
    /// IP address of the client.
    pub source_ip: Option<IpAddr>,
    /// User agent family, as the client sent it.
    pub user_agent: Option<String>,
    /// Details, which depend on the kind.
    pub detail: Value,
}

/// Response of `GET /tokens/{id}/usage`: which of a token's permissions are used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Length of the period, in days.
    pub days: u32,
    /// Number of permissions that the token has.
    pub granted: usize,
    /// Number of permissions that were used in the period.
    pub used: usize,
    /// Summary of both numbers as a sentence.
    pub summary: String,
    /// Whether the usage data is complete.
    pub complete: bool,
    /// Last use of each permission.
    pub permissions: Vec<PermissionUse>,
    /// The smallest grants that cover the recorded use.
    pub suggested_grants: Vec<Grant>,
    /// The token's recent denials, newest first. An earlier service has none.
    #[serde(default)]
    pub recent_denials: Vec<Denial>,
    /// Requests of the last 13 weeks, oldest first. An earlier service has none.
    #[serde(default)]
    pub daily_counts: Vec<DailyCounts>,
}

/// Allowed requests of a day, which has some.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DailyCounts {
    /// The day, such as `2027-01-15`.
    pub day: String,
    /// Number of requests by the permission that they required.
    pub counts: BTreeMap<String, u64>,
}

/// A denied request, which a grant would allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denial {
    /// The required permission.
    pub permission: String,
    /// The resource on which it is required.
    pub resource: String,
    /// `permission_missing` or `resource_not_granted`.
    pub reason: String,
    /// Time of the last such denial.
    pub denied_at: Timestamp,
}

/// Last use of a permission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionUse {
    /// The permission.
    pub permission: String,
    /// Day of the last use, such as `2027-01-15`; `None` if no use is recorded.
    pub last_used_on: Option<String>,
}
