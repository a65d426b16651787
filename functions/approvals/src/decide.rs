//! `POST /approvals/{id}/approve` and `/reject`.

use lambda_http::Body;
use lambda_http::http::StatusCode;
use portcullis::App;
use portcullis::catalog::{MAX_APPROVAL_SECONDS, MIN_APPROVAL_SECONDS};
use portcullis::http::{ApiRequest, ApiResult, FieldError, JsonFields, Problem, json};
use portcullis::store::{ApprovalChange, ApprovalOutcome};
use portcullis::text::{Comment, parse_duration};
use portcullis::token::{ApprovalDecision, MAX_LIVE_APPROVALS};

use crate::access::{ensure_may_decide, visible_approval};
use crate::view::{too_late, view};

pub(crate) async fn approve(app: &App, call: &ApiRequest, body: &Body) -> ApiResult {
    call.query_params([])?;
    let mut fields = JsonFields::read_optional_body(body)?;
    let valid_for_seconds = fields.optional_with("valid_for", parse_duration);
    let comment = fields.optional("comment");
    fields.finish("valid_for, comment")?;
    decide(app, call, true, valid_for_seconds, comment).await
}

pub(crate) async fn reject(app: &App, call: &ApiRequest, body: &Body) -> ApiResult {
    call.query_params([])?;
    let mut fields = JsonFields::read_optional_body(body)?;
    let comment = fields.optional("comment");
    fields.finish("comment")?;
    decide(app, call, false, None, comment).await
}

async fn decide(
    app: &App,
    call: &ApiRequest,
    approved: bool,
    valid_for_seconds: Option<u32>,
    comment: Option<Comment>,
) -> ApiResult {
    let seen = visible_approval(app, call).await?;
    let catalog = call.catalog(app).await?;
    ensure_may_decide(call, &seen, &catalog.catalog)?;
    // After a decision, the duration is the one that was given; the store says that it is too late.
    let longest = if seen.decision.is_some() { MAX_APPROVAL_SECONDS } else { seen.valid_for_seconds };
    let valid_for_seconds = valid_for_seconds.unwrap_or(seen.valid_for_seconds);
    // A shorter one would be over before a gateway drops the response that it cached.
    let shortest = MIN_APPROVAL_SECONDS.max(app.settings.authz.cache_seconds.saturating_add(1));
    if approved && !(shortest..=longest).contains(&valid_for_seconds) {
        let message = format!("must be from {shortest}s to {longest}s for this request");
        return Err(Problem::invalid(vec![FieldError::new("valid_for", message)]));
    }
    let comment = comment.filter(|comment| !comment.as_str().is_empty());
    let decision = ApprovalDecision { approved, at: app.clock.now(), by: call.actor(), comment };
    let (by, history_days) = (call.author(), app.settings.limits.history_days);
    let change = ApprovalChange { by: &by, clock: &app.clock, history_days };
    match app.tokens.decide_approval(&seen.id, &decision, valid_for_seconds, &change).await? {
        ApprovalOutcome::Done(done) => Ok(json(StatusCode::OK, &view(done))),
        ApprovalOutcome::TooLate(other) => Err(too_late(&other)),
        ApprovalOutcome::LimitReached => Err(Problem::approval_limit_reached(MAX_LIVE_APPROVALS, "live approval")),
        ApprovalOutcome::Gone => Err(Problem::approval_not_found()),
    }
}
