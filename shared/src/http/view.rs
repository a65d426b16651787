//! A token as the HTTP API shows it: never its secret, never its digest.

use lambda_http::http::HeaderValue;
use lambda_http::http::header::ETAG;
use lambda_http::{Body, Response};
use serde::Serialize;

use crate::access::{Grant, Grants, Permission, Resource};
use crate::clock::Timestamp;
use crate::token::{Record, Status};

/// One token, as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct TokenView {
    id: String,
    name: String,
    description: Option<String>,
    owner: String,
    role: Option<String>,
    grants: Vec<GrantView>,
    status: Status,
    created_by: String,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
    revoked_by: Option<String>,
}

impl TokenView {
    /// How a record looks at a moment.
    #[must_use]
    pub fn of(record: &Record, now: Timestamp) -> Self {
        Self {
            id: record.id.to_string(),
            name: record.name.to_string(),
            description: record.description.as_ref().map(ToString::to_string),
            owner: record.owner.to_string(),
            role: record.role.as_ref().map(ToString::to_string),
            grants: GrantView::all(&record.grants),
            status: record.status(now),
            created_by: record.created_by.to_string(),
            created_at: record.created_at.to_the_second(),
            expires_at: record.expires_at,
            last_used_at: record.last_used_at,
            revoked_at: record.revoked.as_ref().map(|revoked| revoked.at),
            revoked_by: record.revoked.as_ref().map(|revoked| revoked.by.to_string()),
        }
    }
}

/// One grant, as JSON.
#[derive(Clone, Debug, Serialize)]
pub struct GrantView {
    permissions: Vec<String>,
    resources: Vec<String>,
}

impl GrantView {
    /// How each of the grants looks.
    #[must_use]
    pub fn all(grants: &Grants) -> Vec<Self> {
        let view = |grant: &Grant| Self {
            permissions: grant.permissions.iter().map(Permission::to_string).collect(),
            resources: grant.resources.iter().map(Resource::to_string).collect(),
        };
        grants.iter().map(view).collect()
    }
}

/// Sets the `ETag` of something that counts its changes: its version.
pub fn tag(response: &mut Response<Body>, version: u64) {
    if let Ok(value) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(ETAG, value);
    }
}
