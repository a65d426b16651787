//! `POST /tokens/{id}/disable` and `/enable`: disables a token until it is enabled.

use lambda_http::Request;
use portcullis::App;
use portcullis::http::{ApiRequest, ApiResult, IfMatch, JsonFields, Problem};
use portcullis::store::{StatusChange, TokenUpdate, UpdateOutcome};
use portcullis::token::{DisableReason, EventKind, TokenRecord, TokenState};

use crate::outcome::{ensure_not_ended, token_response, update_response};

pub(crate) async fn disable(app: &App, call: &ApiRequest, request: &Request) -> ApiResult {
    let (condition, seen) = target(app, call, request).await?;
    ensure_not_ended(app, &seen)?;
    let why = if call.is_foreign(&seen) { DisableReason::Admin } else { DisableReason::Owner };
    let (actor, by) = (call.actor(), call.author());
    let change = StatusChange { seen: &seen, actor: &actor, by: &by, clock: &app.clock, limits: app.settings.limits };
    // `*` also matches versions that other requests write in between.
    let version = condition.filter(|condition| *condition != IfMatch::Any).map(|_| seen.version);
    update_response(app, app.tokens.disable(&change, why, version).await?)
}

/// Enables the token. Retries when another request changes it at the same time.
pub(crate) async fn enable(app: &App, call: &ApiRequest, request: &Request) -> ApiResult {
    let (condition, mut seen) = target(app, call, request).await?;
    let by = &call.author();
    loop {
        if let Some(condition) = &condition {
            condition.check(seen.version)?;
        }
        ensure_not_ended(app, &seen)?;
        let now = app.clock.now();
        if seen.disabled.is_none() && seen.state(now, app.settings.authz.max_idle_days) != TokenState::Idle {
            return token_response(app, &seen);
        }
        let by_admin = seen.disabled.as_ref().is_some_and(|disabled| disabled.why == DisableReason::Admin);
        if by_admin && !call.caller.is_admin_of(&format!("tokens/{}", seen.id)) {
            return Err(Problem::forbidden(
                "An administrator disabled this token. Only an administrator can enable it.",
            ));
        }
        let next = TokenRecord { disabled: None, enabled_at: Some(now.truncated_to_seconds()), ..seen.clone() };
        let what = EventKind::Enabled;
        let change = TokenUpdate { seen: &seen, next, what, by, clock: &app.clock, limits: app.settings.limits };
        match app.tokens.update(&change).await? {
            UpdateOutcome::Stale(record) => seen = *record,
            outcome => return update_response(app, outcome),
        }
    }
}

/// The request's condition, which the token meets, and the token.
async fn target(app: &App, call: &ApiRequest, request: &Request) -> Result<(Option<IfMatch>, TokenRecord), Problem> {
    let condition = IfMatch::read(request)?;
    JsonFields::read_optional_body(request.body())?.finish("none")?;
    let seen = call.target_token(app).await?;
    if let Some(condition) = &condition {
        condition.check(seen.version)?;
    }
    Ok((condition, seen))
}
