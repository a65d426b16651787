//! What a change comes to, and what it is refused for.

use lambda_http::http::StatusCode;
use portcullis::App;
use portcullis::api_types::Token;
use portcullis::http::{ApiResult, Problem, json, set_etag};
use portcullis::store::UpdateOutcome;
use portcullis::token::TokenRecord;

pub(crate) fn shown(app: &App, record: &TokenRecord) -> ApiResult {
    let mut response = json(StatusCode::OK, &Token::of(record, &app.settings, app.clock.now()));
    set_etag(&mut response, record.version);
    Ok(response)
}

/// Answers with the token as it was changed.
pub(crate) fn changed(app: &App, outcome: UpdateOutcome) -> ApiResult {
    let record = Problem::ensure_changed(outcome, app.settings.limits, |record| {
        // It may have expired in this very moment.
        alive(app, record).err().unwrap_or_else(|| Problem::precondition_failed(record.version))
    })?;
    shown(app, &record)
}

/// What has ended is not changed any more.
pub(crate) fn alive(app: &App, record: &TokenRecord) -> Result<(), Problem> {
    // Not by its standing: one that is disabled has its time too, and would come back to life.
    let why = if record.revoked.is_some() {
        "It was revoked, and there is no way back."
    } else if record.has_expired(app.clock.now()) {
        "It has expired, and its secret stays dead. Rotate it with expires_in to let it live again with another one."
    } else {
        return Ok(());
    };
    Err(Problem::token_ended(why, record.version))
}
