//! What the HTTP API answers, as types: the service writes them, and clients read them. They
//! are the one description in Rust of what `infra/openapi.yaml` says in words.
//!
//! Of words that a later version may add to (a status, a kind, a reason) the types hold the
//! text, so that an older client lives with a newer service. Nothing here knows how an answer
//! comes to be, or how it is sent.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::grants;
use crate::grants::{Grants, Permission, Resource};

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
    /// Through what identity it was come by, where it was exchanged for one.
    pub via: Option<String>,
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

/// What comes of an exchange
/// ([RFC 8693, 2.2.1](https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1)), with what the product
/// says of it besides. There is no `expires_at`: OAuth clients read a number there.
#[derive(Serialize, Deserialize)]
pub struct TokenExchangeResponse<'a> {
    /// The whole token: the only answer that ever shows it.
    pub access_token: Cow<'a, str>,
    /// What it is, as a URN.
    pub issued_token_type: String,
    /// How it is presented: `Bearer`.
    pub token_type: String,
    /// For how many seconds it lives.
    pub expires_in: i64,
    /// Its permissions, wherever they hold.
    pub scope: String,
    /// Its public id.
    pub token_id: String,
    /// Through what identity it was come by.
    pub via: Option<String>,
    /// The trust rule that gave it.
    pub rule: String,
}

/// Where people sign in ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectedResource {
    /// The URL below which the API is.
    pub resource: String,
    /// The issuers whose sessions are accepted; left out where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_servers: Vec<String>,
    /// How a credential is presented.
    pub bearer_methods_supported: Vec<String>,
    /// What to ask the issuer for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    /// The public client with which the product's own clients sign people in; a field of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// A page of `GET /tokens`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPage {
    /// Newest first.
    pub tokens: Vec<Token>,
    /// Where the next page begins; `None` on the last.
    pub next_cursor: Option<String>,
}

/// The answer to a create and to a rotation, the only ones with a secret in them. It prints
/// nowhere.
#[derive(Serialize, Deserialize)]
pub struct TokenWithSecret<'a> {
    /// The secret.
    pub token: Cow<'a, str>,
    /// What else there is to it.
    #[serde(flatten)]
    pub view: Token,
}

/// The answer to a revocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeResponse {
    /// The token as it is now.
    #[serde(flatten)]
    pub view: Token,
    /// From when on no request is let in any more.
    pub effective_by: Timestamp,
    /// Whether gateways keep nothing any more, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flushed: Option<bool>,
}

/// The answer to the revocation of all that an owner has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeOwnerTokensResponse {
    /// Whose tokens.
    pub owner: String,
    /// How many this call has revoked.
    pub revoked: u64,
    /// The IDs of tokens that could not be revoked; the same call tries them again.
    #[serde(default)]
    pub failed: Vec<String>,
    /// Whether there is nothing left to be revoked. If not, make the call again: with the cursor, or
    /// without where there is none.
    pub done: bool,
    /// Where this call stopped for want of time; `None` where it came to the end.
    #[serde(default)]
    pub next_cursor: Option<String>,
    /// From when on no request is let in any more.
    pub effective_by: Timestamp,
}

/// A page of `GET /tokens/{id}/events`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventPage {
    /// Newest first.
    pub events: Vec<Event>,
    /// Where the next page begins; `None` on the last.
    pub next_cursor: Option<String>,
}

/// A page of `GET /activity`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivityPage {
    /// Newest first.
    pub events: Vec<ActivityEvent>,
    /// Where the next page begins; `None` on the last.
    pub next_cursor: Option<String>,
}

/// An event of the activity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActivityEvent {
    /// The token that it is about, which may have been deleted since.
    pub token_id: String,
    /// Its owner.
    pub owner: String,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

/// Something that happened to a token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// A ULID: events are ordered by it.
    pub id: String,
    /// What happened: `created`, `updated`, `rotated` and so on.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// Who; nobody where that is not known, or where the deployment did it by itself.
    pub by: Option<String>,
    /// From which address.
    pub source_ip: Option<IpAddr>,
    /// With what, as the caller said.
    pub user_agent: Option<String>,
    /// What there is to say besides, by kind.
    pub detail: Value,
}

/// `GET /tokens/{id}/usage`: what of a token is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// How many days are looked back.
    pub days: u32,
    /// How many permissions it has.
    pub granted: usize,
    /// How many of them were used in that time.
    pub used: usize,
    /// Both in a sentence.
    pub summary: String,
    /// Whether every use of it is known.
    pub complete: bool,
    /// Each permission.
    pub permissions: Vec<PermissionUse>,
    /// The grants that would have been enough.
    pub suggested_grants: Vec<Grant>,
}

/// When a permission was used last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionUse {
    /// Which.
    pub permission: String,
    /// On which day, as in `2027-01-15`; `None` is not in any memory.
    pub last_used_on: Option<String>,
}

/// The answer to `POST /explain`: may this token make that request, and what decides it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// `allow` or `deny`.
    pub decision: String,
    /// The status that the gateway would answer, where it refuses: of a REST API.
    pub status: Option<u16>,
    /// Why it is refused.
    pub reason: Option<String>,
    /// What the request needs; `None` where no permission is asked for.
    pub permission: Option<String>,
    /// On what.
    pub resource: Option<String>,
    /// What says that it needs it.
    pub rule: Option<Rule>,
    /// The roles that would give it; left out for who may not see the catalog.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
}

/// What says which permission a request needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `catalog`, `convention` or `portcullis`.
    pub source: String,
    /// Of the catalog: which route of it.
    pub route: Option<String>,
}

/// The answer of `POST /introspect` on a token that opens nothing, and on none at all; and how
/// that on a good one begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntrospectionStatus {
    /// Whether it opens anything.
    pub active: bool,
}

/// The answer of `POST /introspect` on a token that is good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introspection {
    /// True.
    pub active: bool,
    /// `Bearer`.
    pub token_type: String,
    /// The token's id.
    pub client_id: String,
    /// What people call it.
    pub name: String,
    /// Its owner.
    pub sub: String,
    /// Its owner.
    pub username: String,
    /// The permissions, wherever they hold; `grants` says where.
    pub scope: String,
    /// What it may do, and where.
    pub grants: Vec<Grant>,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// When it ends, in seconds since 1970; left out for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// About the one request, if that was asked.
    #[serde(flatten)]
    pub verdict: Option<Verdict>,
}

/// What [`Introspection`] says of one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Why it is not.
    pub reason: Option<String>,
    /// The permission that is missing.
    pub permission: Option<String>,
    /// On what.
    pub resource: Option<String>,
}

/// The answer to `PUT /catalog`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutCatalogResponse {
    /// The version that it is now.
    pub version: u64,
    /// From when on every decision goes by it.
    pub effective_by: Timestamp,
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

impl Grant {
    /// How each of the grants looks.
    #[must_use]
    pub fn all(grants: &Grants) -> Vec<Self> {
        let view = |grant: &grants::Grant| Self {
            permissions: grant.permissions.iter().map(Permission::to_string).collect(),
            resources: grant.resources.iter().map(Resource::to_string).collect(),
        };
        grants.iter().map(view).collect()
    }
}
