//! Builders of responses.

use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use serde::Serialize;

/// A JSON response with `Cache-Control: no-store`, because responses concern credentials.
#[must_use]
pub fn json(status: StatusCode, body: &impl Serialize) -> Response<Body> {
    json_with_content_type(status, body, HeaderValue::from_static("application/json"))
}

/// A 204 response without a body.
#[must_use]
pub fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A 200 response without a body.
#[must_use]
pub fn ok_empty() -> Response<Body> {
    let mut response = no_content();
    *response.status_mut() = StatusCode::OK;
    response
}

pub(super) fn json_with_content_type(
    status: StatusCode,
    body: &impl Serialize,
    content_type: HeaderValue,
) -> Response<Body> {
    // Serializing the API's own types cannot fail.
    let text = serde_json::to_string(body).unwrap_or_else(|_| "{}".to_owned());
    let mut response = Response::new(Body::Text(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
