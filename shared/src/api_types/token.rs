//! Tokens: their metadata and the responses that change them.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

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
