//! The end of a token: `POST /tokens/{id}/revoke` keeps its record,
//! `DELETE /tokens/{id}` removes that too.

use lambda_http::http::{Method, StatusCode};
use lambda_http::{Body, Request, Response};
use portcullis::App;
use portcullis::clock::Timestamp;
use portcullis::http::{Answer, Call, Problem, TokenView, json, no_content, respond, tag};
use serde::Serialize;

/// Answers a call.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    respond(end(app, &request).await)
}

async fn end(app: &App, request: &Request) -> Answer {
    let call = Call::read(app, request).await?;
    call.parameters([])?;
    match (&call.method, call.route.as_str()) {
        (&Method::POST, "/tokens/{id}/revoke") => revoke(app, &call).await,
        (&Method::DELETE, "/tokens/{id}") => delete(app, &call).await,
        _ => Err(Problem::not_found()),
    }
}

async fn revoke(app: &App, call: &Call) -> Answer {
    let target = call.target(app).await?;
    let now = app.clock.now();
    let revoked = app.tokens.revoke(&target.id, &call.actor(), now, app.settings.retention_days).await?;
    let record = revoked.ok_or_else(Problem::not_found)?;
    let now = app.clock.now();
    // No cache stands between a token and its record, so it is dead by the time of this
    // answer, whoever revoked it first; unless the operator's gateways keep answers, the last
    // of which they got just before.
    let effective_by = now.plus_seconds(i64::from(app.settings.authorizer_cache_seconds));
    let mut response = json(StatusCode::OK, &Revoked { view: TokenView::of(&record, now), effective_by });
    tag(&mut response, record.version);
    Ok(response)
}

#[derive(Serialize)]
struct Revoked {
    #[serde(flatten)]
    view: TokenView,
    effective_by: Timestamp,
}

async fn delete(app: &App, call: &Call) -> Answer {
    let target = call.target(app).await?;
    if app.tokens.delete(&target.id).await? { Ok(no_content()) } else { Err(Problem::not_found()) }
}
