//! Request and response types of the HTTP API: the service serializes them, clients deserialize them.
//! `infra/openapi.yaml` describes the same in prose.
//!
//! Values to which a later version may add (a status, a kind, a reason) are strings, so that an older client
//! works with a newer service.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock::Timestamp;
use crate::grants;
use crate::grants::{Grants, Permission, Resource};

/// A grant: each of the permissions on each of the resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The permissions.
    pub permissions: Vec<String>,
    /// The resources.
    pub resources: Vec<String>,
}

/// A token's metadata, without its secret or digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Public ID.
    pub id: String,
    /// Display name.
    pub name: String,
    /// Purpose.
    pub description: Option<String>,
    /// The owner, as whom the token acts.
    pub owner: String,
    /// The role from which the permissions were taken.
    pub role: Option<String>,
    /// Permissions and the resources that they apply to.
    pub grants: Vec<Grant>,
    /// IP ranges from which the token may be used; empty means anywhere.
    pub allowed_ips: Vec<String>,
    /// `active`, `expired`, `revoked` or `disabled`.
    pub status: String,
    /// The actor that created it.
    pub created_by: String,
    /// For tokens issued by an exchange: the identity that was exchanged.
    pub via: Option<String>,
    /// Creation time.
    pub created_at: Timestamp,
    /// Expiry; `None` means never.
    pub expires_at: Option<Timestamp>,
    /// Time of the last rotation.
    pub rotated_at: Option<Timestamp>,
    /// End of the previous secret's overlap, while it lasts.
    pub previous_secret_until: Option<Timestamp>,
    /// Time of the last use.
    pub last_used_at: Option<Timestamp>,
    /// IP address of the last use.
    pub last_used_ip: Option<IpAddr>,
    /// User agent family of the last use, as the client sent it.
    pub last_used_user_agent: Option<String>,
    /// Since when the token is disabled; `None` unless it is.
    pub disabled_at: Option<Timestamp>,
    /// Who disabled it; `None` if the deployment did so automatically.
    pub disabled_by: Option<String>,
    /// `admin`, `owner`, `secret_reuse` or `idle`; later versions may add others.
    pub disabled_reason: Option<String>,
    /// Revocation time.
    pub revoked_at: Option<Timestamp>,
    /// Who revoked it.
    pub revoked_by: Option<String>,
    /// Reason code of the revocation.
    pub revoked_reason: Option<String>,
    /// Free-text comment on the revocation.
    pub revoked_comment: Option<String>,
}

/// Response to a token exchange ([RFC 8693, 2.2.1](https://www.rfc-editor.org/rfc/rfc8693#section-2.2.1)), with
/// fields of Portcullis's own. It has no `expires_at`, because OAuth clients expect a number there.
#[derive(Serialize, Deserialize)]
pub struct TokenExchangeResponse<'a> {
    /// The token with its secret; only this response shows it.
    pub access_token: Cow<'a, str>,
    /// Type of the token, as a URN.
    pub issued_token_type: String,
    /// How to present the token: `Bearer`.
    pub token_type: String,
    /// Lifetime in seconds.
    pub expires_in: i64,
    /// The permissions, without their resources.
    pub scope: String,
    /// Public ID of the token.
    pub token_id: String,
    /// The identity that was exchanged.
    pub via: Option<String>,
    /// Name of the trust rule that matched.
    pub rule: String,
}

/// Protected resource metadata ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)): tells clients where to
/// sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectedResource {
    /// Base URL of the API.
    pub resource: String,
    /// Issuers whose sessions are accepted; omitted if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authorization_servers: Vec<String>,
    /// How to present a credential.
    pub bearer_methods_supported: Vec<String>,
    /// Scopes to request from the issuer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes_supported: Vec<String>,
    /// Public client ID for Portcullis's own clients (not part of RFC 9728).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// A page of `GET /tokens`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPage {
    /// The tokens, newest first.
    pub tokens: Vec<Token>,
    /// Cursor of the next page; `None` on the last page.
    pub next_cursor: Option<String>,
}

/// Response to a create or a rotate call: the token with its secret. It has no `Debug`, so that the secret is
/// never logged.
#[derive(Serialize, Deserialize)]
pub struct TokenWithSecret<'a> {
    /// The token with its secret.
    pub token: Cow<'a, str>,
    /// The token's metadata.
    #[serde(flatten)]
    pub view: Token,
}

/// Response to a revocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeResponse {
    /// The token after the revocation.
    #[serde(flatten)]
    pub view: Token,
    /// Time from which no request with the token is allowed any more.
    pub effective_by: Timestamp,
    /// Whether the gateways' caches were flushed; omitted unless the request asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flushed: Option<bool>,
}

/// Response to the revocation of all tokens of an owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokeOwnerTokensResponse {
    /// The owner of the tokens.
    pub owner: String,
    /// Number of tokens that this call revoked.
    pub revoked: u64,
    /// IDs of the tokens that could not be revoked; repeating the call retries them.
    #[serde(default)]
    pub failed: Vec<String>,
    /// Whether no token is left to revoke. If false, repeat the call with `next_cursor`, or without a cursor if
    /// that is `None`.
    pub done: bool,
    /// Where this call ran out of time; `None` if it reached the end.
    #[serde(default)]
    pub next_cursor: Option<String>,
    /// Time from which no request with these tokens is allowed any more.
    pub effective_by: Timestamp,
}

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
}

/// Last use of a permission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermissionUse {
    /// The permission.
    pub permission: String,
    /// Day of the last use, such as `2027-01-15`; `None` if no use is recorded.
    pub last_used_on: Option<String>,
}

/// Response to `POST /explain`: whether the token may make a request, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// `allow` or `deny`.
    pub decision: String,
    /// HTTP status of the gateway's response (of a REST API) if the request is denied.
    pub status: Option<u16>,
    /// Reason of the denial.
    pub reason: Option<String>,
    /// The permission that the request requires; `None` if it requires none.
    pub permission: Option<String>,
    /// The resource that the permission is required on.
    pub resource: Option<String>,
    /// The rule that requires the permission.
    pub rule: Option<Rule>,
    /// Roles that would grant it; omitted if the caller may not read the catalog.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
}

/// The rule that determines which permission a request requires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `catalog`, `convention` or `portcullis`.
    pub source: String,
    /// The catalog's route, if the source is `catalog`.
    pub route: Option<String>,
}

/// Response of `POST /introspect` for a token that is invalid or not active; also the start of the response for
/// an active token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntrospectionStatus {
    /// Whether the token is active.
    pub active: bool,
}

/// Response of `POST /introspect` for an active token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introspection {
    /// Always true.
    pub active: bool,
    /// `Bearer`.
    pub token_type: String,
    /// ID of the token.
    pub client_id: String,
    /// Display name.
    pub name: String,
    /// The owner.
    pub sub: String,
    /// The owner.
    pub username: String,
    /// The permissions; `grants` has their resources.
    pub scope: String,
    /// Permissions and the resources that they apply to.
    pub grants: Vec<Grant>,
    /// Creation time, in seconds since 1970.
    pub iat: i64,
    /// Expiry, in seconds since 1970; omitted if the token never expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// The decision on one request, if the caller described one.
    #[serde(flatten)]
    pub verdict: Option<Verdict>,
}

/// Decision on the request described to `POST /introspect`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether the request is allowed.
    pub allowed: bool,
    /// Reason of the denial.
    pub reason: Option<String>,
    /// The missing permission.
    pub permission: Option<String>,
    /// The resource that it is missing on.
    pub resource: Option<String>,
}

/// Response to `PUT /catalog`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutCatalogResponse {
    /// The new version.
    pub version: u64,
    /// Time from which every decision uses it.
    pub effective_by: Timestamp,
}

/// Response of `GET /me`: the caller's identity, permissions and expiry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// `token` or `session`.
    pub principal_type: String,
    /// For a token: its metadata.
    #[serde(flatten)]
    pub token: Option<MeToken>,
    /// For a session: the roles of its groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// The owner as whom the caller acts.
    pub owner: String,
    /// The caller's permissions and the resources that they apply to.
    pub grants: Vec<Grant>,
    /// Expiry of the credential; `None` means never.
    pub expires_at: Option<Timestamp>,
}

/// Token metadata in [`Me`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeToken {
    /// Public ID.
    pub token_id: String,
    /// Display name.
    pub token_name: String,
    /// The role from which the permissions were taken.
    pub role: Option<String>,
    /// Creation time.
    pub created_at: Timestamp,
}

/// Problem document (RFC 9457), with the fields that a client reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable type URN, `urn:portcullis:problem:…`.
    #[serde(default)]
    pub r#type: String,
    /// Short summary for people.
    #[serde(default)]
    pub title: String,
    /// HTTP status of the response.
    #[serde(default)]
    pub status: u16,
    /// Explanation of this occurrence, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The invalid fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Request ID in the logs, if the gateway denied the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// Validation error of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// Path of the field, such as `name` or `permissions[3]`, or a query parameter's name.
    pub field: String,
    /// What is wrong, naming the limit but never the value.
    pub message: String,
}

impl Grant {
    /// Converts all grants of a token.
    #[must_use]
    pub fn all(grants: &Grants) -> Vec<Self> {
        let view = |grant: &grants::Grant| Self {
            permissions: grant.permissions.iter().map(Permission::to_string).collect(),
            resources: grant.resources.iter().map(Resource::to_string).collect(),
        };
        grants.iter().map(view).collect()
    }
}
