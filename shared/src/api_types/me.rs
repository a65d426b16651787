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
