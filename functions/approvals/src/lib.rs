//! Approvals: `POST /approvals` asks for one, `GET /approvals` and `GET /approvals/{id}` show them,
//! `POST /approvals/{id}/approve` and `/reject` decide, and `DELETE /approvals/{id}` ends one.
//!
//! The authorizer lets every valid credential call these routes. What the caller may do depends on the approval.

mod access;
mod decide;
mod end;
mod list;
mod request;
mod view;

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
    match (&call.method, call.route.as_str()) {
        (&Method::POST, "/approvals") => request::request(app, &call, request.body()).await,
        (&Method::GET, "/approvals") => list::list(app, &call).await,
        (&Method::GET, "/approvals/{id}") => list::show(app, &call).await,
        (&Method::DELETE, "/approvals/{id}") => end::end(app, &call).await,
        (&Method::POST, "/approvals/{id}/approve") => decide::approve(app, &call, request.body()).await,
        (&Method::POST, "/approvals/{id}/reject") => decide::reject(app, &call, request.body()).await,
        _ => Err(Problem::not_found()),
    }
}
