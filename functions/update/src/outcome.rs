//! Response to a change, and the check that the token has not ended.

use lambda_http::http::StatusCode;
use portcullis::App;
use portcullis::api_types::Token;
use portcullis::http::{ApiResult, Problem, json, set_etag};
use portcullis::store::UpdateOutcome;
use portcullis::token::TokenRecord;

pub(crate) fn token_response(app: &App, record: &TokenRecord) -> ApiResult {
    let mut response = json(StatusCode::OK, &Token::from_record(record, &app.settings, app.clock.now()));
    set_etag(&mut response, record.version);
    Ok(response)
}

/// The response to an update: the changed token, or the problem.
pub(crate) fn update_response(app: &App, outcome: UpdateOutcome) -> ApiResult {
    let record = Problem::ensure_changed(outcome, app.settings.limits, |record| {
        // It may have expired in the meantime.
        ensure_not_ended(app, record).err().unwrap_or_else(|| Problem::precondition_failed(record.version))
    })?;
    token_response(app, &record)
}

/// Refuses a token that was revoked or has expired.
pub(crate) fn ensure_not_ended(app: &App, record: &TokenRecord) -> Result<(), Problem> {
    // Not by its state: an expired token that is also disabled has the state disabled.
    let detail = if record.revoked.is_some() {
        "It was revoked, which cannot be undone."
    } else if record.has_expired(app.clock.now()) {
        "It has expired. Rotate it with expires_in to renew it with a new secret."
    } else {
        return Ok(());
    };
    Err(Problem::token_ended(detail, record.version))
}
