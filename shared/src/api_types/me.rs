//! The caller.

use serde::{Deserialize, Serialize};

use super::Grant;
use crate::clock::Timestamp;

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
    /// Settings of the deployment that limit tokens.
    pub deployment: Deployment,
}

/// Settings of the deployment that limit tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// `owners`: owners manage their own tokens; `admins`: only callers with `tokens:admin` manage tokens.
    pub token_management: String,
    /// Lifetime of a token that is created without an expiry, in days.
    pub default_token_lifetime_days: u32,
    /// Maximum lifetime of a token, in days; `None` means no limit.
    pub max_token_lifetime_days: Option<u32>,
    /// Maximum number of live tokens per owner; `None` means no limit.
    pub max_tokens_per_owner: Option<u32>,
    /// Days without use after which a token is disabled; `None` means never.
    pub max_idle_days: Option<u32>,
    /// Days for which the record of an expired or revoked token is kept.
    pub retention_days: u32,
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
