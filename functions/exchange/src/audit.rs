//! Audit entry of an exchange.

use lambda_http::Request;
use portcullis::audit_log::AuditEntry;
use portcullis::authz::Api;
use portcullis::clock::Timestamp;
use portcullis::http::{gateway_context, origin};
use portcullis::token::IssuedToken;

use crate::outcome::ExchangeError;

/// The entry for an exchange's outcome.
pub(crate) fn entry(request: &Request, now: Timestamp, outcome: &Result<IssuedToken, ExchangeError>) -> AuditEntry {
    let base = base_entry(request, now);
    match outcome {
        Ok(issued) => AuditEntry {
            api_token_id: Some(issued.record.id.to_string()),
            api_token_name: Some(issued.record.name.to_string()),
            owner: Some(issued.record.owner.to_string()),
            via: issued.record.via.as_ref().map(ToString::to_string),
            rbac_decision: "allow",
            ..base
        },
        Err(ExchangeError::Form(refusal)) => {
            AuditEntry { reason: Some("malformed"), detail: Some(refusal.to_string()), ..base }
        }
        Err(ExchangeError::Identity { reason, detail, .. }) => {
            AuditEntry { reason: Some(reason), detail: detail.clone(), ..base }
        }
        Err(ExchangeError::Undecided { reason, detail, .. }) => {
            AuditEntry { rbac_decision: "error", reason: Some(reason), detail: detail.clone(), ..base }
        }
    }
}

fn base_entry(request: &Request, now: Timestamp) -> AuditEntry {
    AuditEntry {
        request_id: gateway_context(request).and_then(|context| context.request_id.clone()),
        principal_type: Some("identity"),
        method: Some("POST".to_owned()),
        path: Some("/exchange".to_owned()),
        source_ip: origin(request).source_ip.map(|ip| ip.to_string()),
        ..AuditEntry::denied(Api::Management, now)
    }
}
