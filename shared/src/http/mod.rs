//! HTTP code shared by the functions: requests ([`ApiRequest`]), responses ([`json`], [`Problem`]), and the
//! view of a token ([`Token::from_record`](crate::api_types::Token::from_record)).

mod api_request;
mod containment;
mod content_encoding;
mod described_request;
mod expiry_fields;
mod gateway;
mod grant_spec;
mod idempotency_key;
mod json_fields;
mod oauth_form;
mod parameters;
mod precondition;
mod problem;
mod response;
mod token_view;

use lambda_http::http::HeaderValue;
use lambda_http::{Body, Request, Response};

pub use crate::api_types::FieldError;
pub use api_request::{ApiRequest, visible};
pub use containment::RequestedAccess;
pub use content_encoding::check_content_encoding;
pub use described_request::{ApiField, DescribedRequest, MethodField, PathField, parse_source_ip};
pub use expiry_fields::{check_expiry, read_expiry};
pub use gateway::{gateway_context, origin, route};
pub use grant_spec::GrantSpec;
pub use idempotency_key::IdempotencyKey;
pub use json_fields::{JsonFields, MAX_BYTES, read_json};
pub use oauth_form::{Form, OAuthError};
pub use parameters::{DEFAULT_PER_PAGE, page, whole_number};
pub use precondition::IfMatch;
pub use problem::Problem;
pub use response::{json, no_content, ok_empty};
pub use token_view::set_etag;

/// A function's response, or the problem document to send instead.
pub type ApiResult = Result<Response<Body>, Problem>;

/// Response header that announces when the caller's token expires.
const EXPIRES_AT: &str = "x-api-token-expires-at";

/// Converts an [`ApiResult`] into the response to a request. If the caller's token expires soon, a header says
/// when.
#[must_use]
pub fn respond(request: &Request, result: ApiResult) -> Response<Body> {
    let mut response = result.unwrap_or_else(Problem::into_response);
    let context = gateway_context(request).and_then(|context| context.authorizer.fields.get("token_expires_at"));
    let ends = context.and_then(|value| value.as_str()).filter(|text| !text.is_empty());
    if let Some(value) = ends.and_then(|text| HeaderValue::from_str(text).ok()) {
        response.headers_mut().insert(EXPIRES_AT, value);
    }
    response
}
