//! What the HTTP API answers, as types: the service writes them, and clients read them. They
//! are the one description in Rust of what `infra/openapi.yaml` says in words.
//!
//! Of words that a later version may add to (a status, a kind, a reason) the types hold the
//! text, so that an older client lives with a newer service. Nothing here knows how an answer
//! comes to be, or how it is sent.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Each of the permissions on each of the resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// What may be done.
    pub permissions: Vec<String>,
    /// On what.
    pub resources: Vec<String>,
}

/// One token: never its secret, never its digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The public id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whom it belongs to and acts for.
    pub owner: String,
    /// The role that its permissions were taken from.
    pub role: Option<String>,
    /// What it may do, and where.
    pub grants: Vec<Grant>,
    /// From where it may be used; from anywhere, if there are none.
    pub allowed_ips: Vec<String>,
    /// `active`, `expired`, `revoked` or `disabled`.
    pub status: String,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// When it was last given a new secret.
    pub rotated_at: Option<Timestamp>,
    /// While the secret before the present one works too.
    pub previous_secret_until: Option<Timestamp>,
    /// When it last opened a door.
    pub last_used_at: Option<Timestamp>,
    /// From where that was.
    pub last_used_ip: Option<IpAddr>,
    /// With what, as the caller said.
    pub last_used_user_agent: Option<String>,
    /// When it was disabled, while it is.
    pub disabled_at: Option<Timestamp>,
    /// Who disabled it; nobody where the deployment did it by itself.
    pub disabled_by: Option<String>,
    /// `admin`, `owner`, `secret_reuse` or `idle`, and what may be added.
    pub disabled_reason: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Who revoked it.
    pub revoked_by: Option<String>,
    /// One of the reasons that there are.
    pub revoked_reason: Option<String>,
    /// Why, in someone's own words.
    pub revoked_comment: Option<String>,
}

/// A page of `GET /tokens`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// Newest first.
    pub tokens: Vec<Token>,
    /// Where the next page begins; `None` on the last.
    pub next_cursor: Option<String>,
}

/// `GET /me`: who am I, what may I do, when do I expire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// `token` or `session`.
    pub principal_type: String,
    /// Of a token.
    #[serde(flatten)]
    pub token: Option<MeToken>,
    /// Of a session: the roles that its groups have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Whom the caller acts for.
    pub owner: String,
    /// What the caller may do, and where.
    pub grants: Vec<Grant>,
    /// When the credential ends; `None` is never.
    pub expires_at: Option<Timestamp>,
}

/// What [`Me`] says of a token besides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeToken {
    /// The public id.
    pub token_id: String,
    /// What people call it.
    pub token_name: String,
    /// The role that its permissions were taken from.
    pub role: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Why a call was not answered as asked (RFC 9457), as far as a client reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `urn:portcullis:problem:…`, which is stable.
    #[serde(default)]
    pub r#type: String,
    /// For people.
    #[serde(default)]
    pub title: String,
    /// The answer's status.
    #[serde(default)]
    pub status: u16,
    /// For people, of this very case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Every field that was wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Of a refusal by the gateway: what names the request in the logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// `name`, `permissions[3]`; a query parameter's name.
    pub field: String,
    /// A sentence that names the limit, and never the value.
    pub message: String,
}
