//! HTTP, once for all functions: who calls ([`Call`]), what is answered ([`json`],
//! [`Problem`]), and how a token looks from outside ([`Token::of`](crate::api_types::Token::of)).

mod api_request;
mod asked;
mod content_encoding;
mod json_fields;
mod oauth_form;
mod precondition;
mod problem;
mod token_view;

use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _, Response};
use serde::Serialize;

pub use crate::api_types::FieldError;
pub use api_request::{Call, origin};
pub use asked::{Access, Expiry, Wanted};
pub use content_encoding::check_content_encoding;
pub use json_fields::{Fields, MOST_BYTES, read_json};
pub use oauth_form::{Form, FormError};
pub use precondition::IfMatch;
pub use problem::Problem;
pub use token_view::tag;

/// An answer of a function, or the problem document that says why there is none.
pub type Answer = Result<Response<Body>, Problem>;

/// The header that tells a token's holder that it ends soon.
const EXPIRES_AT: &str = "x-api-token-expires-at";

/// Turns an [`Answer`] into the response to a request. To one that was made with a token which
/// ends soon, it says when.
#[must_use]
pub fn respond(request: &Request, answer: Answer) -> Response<Body> {
    let mut response = answer.unwrap_or_else(Problem::into_response);
    let context = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => context.authorizer.fields.get("token_expires_at"),
        _ => None,
    };
    let ends = context.and_then(|value| value.as_str()).filter(|text| !text.is_empty());
    if let Some(value) = ends.and_then(|text| HeaderValue::from_str(text).ok()) {
        response.headers_mut().insert(EXPIRES_AT, value);
    }
    response
}

/// A JSON answer. No cache may keep it: it is about credentials.
#[must_use]
pub fn json(status: StatusCode, body: &impl Serialize) -> Response<Body> {
    with_type(status, body, HeaderValue::from_static("application/json"))
}

/// An answer without a body.
#[must_use]
pub fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// 200, and nothing to say.
#[must_use]
pub fn empty() -> Response<Body> {
    let mut response = no_content();
    *response.status_mut() = StatusCode::OK;
    response
}

fn with_type(status: StatusCode, body: &impl Serialize, content_type: HeaderValue) -> Response<Body> {
    // Our own types of strings and numbers cannot fail to serialise.
    let text = serde_json::to_string(body).unwrap_or_else(|_| "{}".to_owned());
    let mut response = Response::new(Body::Text(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
