//! Audit entry of a decision.

use portcullis::audit_log;
use portcullis::authz::{Decision, Principal};
use portcullis::catalog::Target;
use portcullis::clock::Timestamp;
use portcullis::token::{LiveApproval, TokenRecord};

use crate::Event;
use crate::authenticate::{Authentication, ClaimedIdentity};
use portcullis::authz::Arn;

/// The entry for a decision.
pub(crate) fn entry(
    event: &Event,
    arn: Option<&Arn<'_>>,
    now: Timestamp,
    authentication: &Authentication,
    decision: &Decision,
    approvals: &[&LiveApproval],
) -> audit_log::AuditEntry {
    let mut audit = base_entry(event, arn, now);
    if *decision == Decision::Allow && !approvals.is_empty() {
        let join = |texts: Vec<String>| Some(texts.join(" "));
        audit.approval_id = join(approvals.iter().map(|approval| approval.id.to_string()).collect());
        audit.approved_by = join(approvals.iter().map(|approval| approval.by.to_string()).collect());
    }
    match authentication {
        Authentication::Failed(_, claimed, detail) => {
            audit.detail.clone_from(detail);
            match claimed {
                ClaimedIdentity::Nothing => {}
                ClaimedIdentity::Token(id) => {
                    audit.principal_type = Some("token");
                    audit.api_token_id = Some(id.clone());
                }
                ClaimedIdentity::Session => audit.principal_type = Some("session"),
            }
        }
        Authentication::RetiredSecret(credential) => set_token(&mut audit, &credential.record, true),
        Authentication::Authenticated { principal: Principal::Token(record), superseded, .. } => {
            set_token(&mut audit, record, *superseded);
        }
        Authentication::Authenticated { principal: Principal::Session(session), .. } => {
            audit.principal_type = Some("session");
            audit.owner = Some(session.owner.to_string());
        }
    }
    match decision {
        Decision::Allow => audit.rbac_decision = "allow",
        Decision::Unauthorized(reason) | Decision::Forbidden(reason, _) => audit.reason = Some(reason.as_str()),
    }
    audit
}

/// The entry for a request without a decision.
pub(crate) fn error(
    event: &Event,
    arn: Option<&Arn<'_>>,
    now: Timestamp,
    reason: &'static str,
    detail: Option<String>,
) -> audit_log::AuditEntry {
    audit_log::AuditEntry { rbac_decision: "error", reason: Some(reason), detail, ..base_entry(event, arn, now) }
}

fn base_entry(event: &Event, arn: Option<&Arn<'_>>, now: Timestamp) -> audit_log::AuditEntry {
    let (method, path) = match arn.map(|arn| arn.target) {
        Some(Target::Http { method, path }) => (Some(method.to_owned()), Some(format!("/{path}"))),
        Some(Target::Connect) => (Some("CONNECT".to_owned()), Some("$connect".to_owned())),
        None => (None, None),
    };
    audit_log::AuditEntry {
        request_id: event.request_id().map(str::to_owned),
        method,
        path,
        source_ip: event.source_ip().map(str::to_owned),
        ..audit_log::AuditEntry::denied(event.api(), now)
    }
}

fn set_token(audit: &mut audit_log::AuditEntry, record: &TokenRecord, superseded: bool) {
    audit.principal_type = Some("token");
    audit.api_token_id = Some(record.id.to_string());
    audit.api_token_name = Some(record.name.to_string());
    audit.owner = Some(record.owner.to_string());
    audit.via = record.via.as_ref().map(ToString::to_string);
    audit.superseded = superseded;
}
