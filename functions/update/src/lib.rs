//! Changes of a token that is alive: `PATCH /tokens/{id}`, `POST /tokens/{id}/tighten`, and
//! `/disable` and `/enable`. Each holds at the next request.

mod patch;
mod switch;
mod tighten;

use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};
use portcullis::App;
use portcullis::api_types::Token;
use portcullis::http::{Answer, Call, Problem, json, respond, tag};
use portcullis::store::Changed;
use portcullis::token::Record;

/// Answers a call.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    respond(&request, change(app, &request).await)
}

async fn change(app: &App, request: &Request) -> Answer {
    let call = Call::read(app, request).await?;
    call.parameters([])?;
    match (&call.method, call.route.as_str()) {
        (&Method::PATCH, "/tokens/{id}") => patch::patch(app, &call, request).await,
        (&Method::POST, "/tokens/{id}/disable") => switch::disable(app, &call, request).await,
        (&Method::POST, "/tokens/{id}/enable") => switch::enable(app, &call, request).await,
        (&Method::POST, "/tokens/{id}/tighten") => tighten::tighten(app, &call, request).await,
        _ => Err(Problem::not_found()),
    }
}

fn shown(app: &App, record: &Record) -> Answer {
    let mut response = json(StatusCode::OK, &Token::of(record, &app.settings, app.clock.now()));
    tag(&mut response, record.version);
    Ok(response)
}

/// Answers with the token as it was changed.
fn changed(app: &App, outcome: Changed) -> Answer {
    let record = Problem::ensure_changed(outcome, app.settings.limits, |record| {
        // It may have expired in this very moment.
        alive(app, record).err().unwrap_or_else(|| Problem::precondition_failed(record.version))
    })?;
    shown(app, &record)
}

/// What has ended is not changed any more.
fn alive(app: &App, record: &Record) -> Result<(), Problem> {
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
