//! Changes of a token: `PATCH /tokens/{id}`, `POST /tokens/{id}/tighten`, `/disable` and `/enable`.
//! Each takes effect with the next request.

mod enable_disable;
mod outcome;
mod patch;
mod tighten;

use lambda_http::http::Method;
use lambda_http::{Body, Request, Response};
use portcullis::App;
use portcullis::http::{ApiRequest, ApiResult, Problem, respond};

/// Handles a request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    respond(&request, route(app, &request).await)
}

async fn route(app: &App, request: &Request) -> ApiResult {
    let call = ApiRequest::read(app, request).await?;
    call.query_params([])?;
    match (&call.method, call.route.as_str()) {
        (&Method::PATCH, "/tokens/{id}") => patch::patch(app, &call, request).await,
        (&Method::POST, "/tokens/{id}/disable") => enable_disable::disable(app, &call, request).await,
        (&Method::POST, "/tokens/{id}/enable") => enable_disable::enable(app, &call, request).await,
        (&Method::POST, "/tokens/{id}/tighten") => tighten::tighten(app, &call, request).await,
        _ => Err(Problem::not_found()),
    }
}
