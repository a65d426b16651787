//! `POST /tokens/{id}/tighten`: reduces a token's grants to those that it has used.

use lambda_http::Request;
use portcullis::App;
use portcullis::clock::Day;
use portcullis::http::{ApiRequest, ApiResult, IfMatch, JsonFields, Problem};
use portcullis::token::{EventKind, TokenRecord};

use crate::outcome::{ensure_not_ended, token_response};
use crate::patch::{diff, save};

/// Default period, in days.
const DEFAULT_DAYS: u32 = 90;
const MAX_DAYS: u32 = 365;

pub(crate) async fn tighten(app: &App, call: &ApiRequest, request: &Request) -> ApiResult {
    let condition = IfMatch::required(request)?;
    let days = days(request)?;
    let target = call.target_token(app).await?;
    let usage = app.tokens.usage(&target.id).await?.ok_or_else(Problem::not_found)?;
    let (seen, uses) = (usage.record, usage.uses);
    condition.check(seen.version)?;
    ensure_not_ended(app, &seen)?;
    let since = Day::from_timestamp(app.clock.now()).minus(days);
    if app.settings.authz.cache_seconds > 0 || !uses.is_complete(since) {
        return Err(Problem::usage_incomplete());
    }
    let grants = uses.minimal_grants(&seen.grants, since);
    if grants.iter().next().is_none() {
        return Err(Problem::nothing_used(days));
    }
    // No check against the caller's grants: reducing grants delegates nothing.
    let next = TokenRecord { grants, role: None, ..seen.clone() };
    let changes = diff(&seen, &next);
    if next.grants == seen.grants {
        return token_response(app, &seen);
    }
    save(app, call, &seen, next, EventKind::Updated(changes)).await
}

fn days(request: &Request) -> Result<u32, Problem> {
    let mut fields = JsonFields::read_optional_body(request.body())?;
    let days = fields.number("days", MAX_DAYS);
    fields.finish("days")?;
    Ok(days.unwrap_or(DEFAULT_DAYS))
}
