//! The audit line of an exchange.

use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};
use portcullis::audit_log::Decision;
use portcullis::authz::Api;
use portcullis::clock::Timestamp;
use portcullis::http::origin;

use crate::{Denied, Issued};

/// Of what came of it.
pub(crate) fn line(request: &Request, now: Timestamp, outcome: &Result<Issued, Denied>) -> Decision {
    let blank = blank(request, now);
    match outcome {
        Ok(issued) => Decision {
            api_token_id: Some(issued.record.id.to_string()),
            api_token_name: Some(issued.record.name.to_string()),
            owner: Some(issued.record.owner.to_string()),
            via: issued.record.via.as_ref().map(ToString::to_string),
            rbac_decision: "allow",
            ..blank
        },
        Err(Denied::Form(refusal)) => {
            Decision { reason: Some("malformed"), detail: Some(refusal.to_string()), ..blank }
        }
        Err(Denied::Identity { reason, detail, .. }) => {
            Decision { reason: Some(reason), detail: detail.clone(), ..blank }
        }
        Err(Denied::Undecided { reason, .. }) => Decision { rbac_decision: "error", reason: Some(reason), ..blank },
    }
}

fn blank(request: &Request, now: Timestamp) -> Decision {
    let request_id = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => context.request_id.clone(),
        _ => None,
    };
    Decision {
        timestamp: now,
        request_id,
        principal_type: Some("identity"),
        api_token_id: None,
        api_token_name: None,
        owner: None,
        via: None,
        superseded: false,
        method: Some("POST".to_owned()),
        api: Api::Own,
        path: Some("/exchange".to_owned()),
        source_ip: origin(request).source_ip.map(|ip| ip.to_string()),
        rbac_decision: "deny",
        reason: None,
        detail: None,
    }
}
