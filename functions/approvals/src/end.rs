//! `DELETE /approvals/{id}`: withdraws a request, or ends an approval.

use lambda_http::http::StatusCode;
use portcullis::App;
use portcullis::api_types::EndApprovalResponse;
use portcullis::http::{ApiRequest, ApiResult, Problem, json};
use portcullis::store::{ApprovalChange, ApprovalOutcome};

use crate::access::visible_approval;
use crate::view::{too_late, view};

pub(crate) async fn end(app: &App, call: &ApiRequest) -> ApiResult {
    call.query_params([])?;
    let seen = visible_approval(app, call).await?;
    if !call.caller.may_end_approval(&seen, app.settings.authz.token_management) {
        return Err(Problem::forbidden(format!(
            "You need tokens:write for the token {}, or approvals:decide on {}, to end this approval.",
            seen.token, seen.resource
        )));
    }
    let (by, history_days) = (call.author(), app.settings.limits.history_days);
    let change = ApprovalChange { by: &by, clock: &app.clock, history_days };
    match app.tokens.end_approval(&seen.id, &call.actor(), &change).await? {
        ApprovalOutcome::Done(done) => {
            // Gateways may cache a response that allows what was approved.
            let effective_by = app.clock.now().plus_seconds(i64::from(app.settings.authz.cache_seconds));
            Ok(json(StatusCode::OK, &EndApprovalResponse { approval: view(done), effective_by }))
        }
        ApprovalOutcome::TooLate(other) => Err(too_late(&other)),
        ApprovalOutcome::LimitReached | ApprovalOutcome::Gone => Err(Problem::approval_not_found()),
    }
}
