//! The API's view of a token, built from its record.

use lambda_http::http::HeaderValue;
use lambda_http::http::header::ETAG;
use lambda_http::{Body, Response};

use crate::Settings;
use crate::api_types::{Grant, Token, TokenWithSecret};
use crate::clock::Timestamp;
use crate::token::{IssuedToken, TokenRecord, TokenState};

impl Token {
    /// The view of a record at `now`, under these settings.
    #[must_use]
    pub fn from_record(record: &TokenRecord, settings: &Settings, now: Timestamp) -> Self {
        let standing = record.state(now, settings.authz.max_idle_days);
        let (used, disabled, revoked) = (record.last_used.as_ref(), record.disabled.as_ref(), record.revoked.as_ref());
        let idle = (standing == TokenState::Idle).then_some("idle");
        // No secret of such a token can become valid again: a renewal has no overlap.
        let is_final = matches!(standing, TokenState::Revoked | TokenState::Expired);
        Self {
            id: record.id.to_string(),
            name: record.name.to_string(),
            description: record.description.as_ref().map(ToString::to_string),
            owner: record.owner.to_string(),
            role: record.role.as_ref().map(ToString::to_string),
            grants: Grant::all(&record.grants),
            allowed_ips: record.allowed_ips.iter().map(ToString::to_string).collect(),
            status: standing.status().as_str().to_owned(),
            created_by: record.created_by.to_string(),
            via: record.via.as_ref().map(ToString::to_string),
            created_at: record.created_at.truncated_to_seconds(),
            expires_at: record.expires_at,
            rotated_at: record.rotated_at,
            previous_secret_until: record.previous_secret_until.filter(|until| *until > now && !is_final),
            last_used_at: used.map(|used| used.at),
            last_used_ip: used.and_then(|used| used.source_ip),
            last_used_user_agent: used.and_then(|used| used.agent.as_ref()).map(ToString::to_string),
            disabled_at: disabled.map(|disabled| disabled.at),
            disabled_by: disabled.and_then(|disabled| disabled.by.as_ref()).map(ToString::to_string),
            disabled_reason: disabled.map(|disabled| disabled.why.as_str()).or(idle).map(str::to_owned),
            revoked_at: revoked.map(|revoked| revoked.at),
            revoked_by: revoked.map(|revoked| revoked.by.to_string()),
            revoked_reason: revoked.and_then(|revoked| revoked.grounds.reason).map(|reason| reason.as_str().to_owned()),
            revoked_comment: revoked.and_then(|revoked| revoked.grounds.comment.as_ref()).map(ToString::to_string),
        }
    }
}

impl<'a> TokenWithSecret<'a> {
    /// The view of a token at `now`, with its secret.
    #[must_use]
    pub fn from_issued(issued: &'a IssuedToken, settings: &Settings, now: Timestamp) -> Self {
        let view = Token::from_record(&issued.record, settings, now);
        Self { token: issued.secret.expose_secret().into(), view }
    }
}

/// Sets the `ETag` to a version number.
pub fn set_etag(response: &mut Response<Body>, version: u64) {
    if let Ok(value) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(ETAG, value);
    }
}
