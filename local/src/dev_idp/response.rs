//! Responses of the development sign-in, with their security headers.

use super::page::Page;
use crate::gateway::IncomingRequest;
use axum::body::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use portcullis::http::{MAX_BYTES, Problem};
use serde_json::json;

/// Adds headers against caching, framing and content sniffing. No response has a CORS header, which
/// keeps pages of other sites from reading it.
pub(super) fn with_security_headers(mut response: Response<Bytes>) -> Response<Bytes> {
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        // Not `no-referrer`, with which browsers send the form with `Origin: null`.
        (REFERRER_POLICY, "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

pub(super) fn html(page: &Page) -> Response<Bytes> {
    let mut response = typed("text/html; charset=utf-8", Bytes::from(page.html()));
    if let Ok(policy) = HeaderValue::try_from(page.content_security_policy()) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

pub(super) fn as_json(value: &impl serde::Serialize) -> Response<Bytes> {
    typed("application/json", Bytes::from(json!(value).to_string()))
}

/// Redirects with 303, so that the browser continues with a GET.
pub(super) fn see_other(location: &str) -> Response<Bytes> {
    let Ok(location) = HeaderValue::try_from(location) else {
        return problem_response(Problem::internal());
    };
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(LOCATION, location);
    response
}

pub(super) fn not_allowed(methods: &'static str) -> Response<Bytes> {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let mut response =
        problem(status, "method_not_allowed", "Method not allowed", "The Allow header lists the supported methods.");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    response
}

pub(super) fn problem(status: StatusCode, code: &str, title: &str, detail: &str) -> Response<Bytes> {
    let r#type = format!("urn:portcullis:problem:{code}");
    let body = json!({"type": r#type, "title": title, "status": status.as_u16(), "detail": detail});
    let mut response = typed("application/problem+json", Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response
}

/// A problem document of the management API.
pub(super) fn problem_response(problem: Problem) -> Response<Bytes> {
    problem.into_response().map(crate::lambdas::text)
}

/// The form of a request, or the error response.
pub(super) fn form(incoming: &IncomingRequest) -> Result<&[u8], Box<Response<Bytes>>> {
    if !is_form(&incoming.headers) {
        let detail = "The body must be application/x-www-form-urlencoded.";
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Box::new(problem(status, "unsupported_media_type", "Not a form", detail)));
    }
    let body = incoming.body.as_deref().filter(|body| body.len() <= MAX_BYTES);
    body.ok_or_else(|| Box::new(problem_response(Problem::body_too_large(MAX_BYTES))))
}

pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

fn typed(content_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
