//! Gateway responses: API Gateway's response types, and the template's bodies for them.

use super::context_variables::Context;
use crate::template::{GatewayResponse, HeaderValue};
use axum::body::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderName, Response, StatusCode};
use std::collections::BTreeMap;

/// The response types of this gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResponseType {
    /// No such route. The name is API Gateway's.
    MissingAuthenticationToken,
    /// The authorizer refused the credential.
    Unauthorized,
    /// The authorizer's policy does not allow the request.
    AccessDenied,
    /// The authorizer failed.
    AuthorizerFailure,
    /// The authorizer's response is malformed.
    AuthorizerConfigurationError,
    /// The request is too large for API Gateway.
    RequestTooLarge,
    /// The content coding is not supported.
    UnsupportedMediaType,
    /// A function failed, or its response is malformed.
    IntegrationError,
}

struct Defaults {
    name: &'static str,
    status: StatusCode,
    error: &'static str,
    message: &'static str,
}

impl ResponseType {
    /// API Gateway's own name, status, error type and message for it.
    fn defaults(self) -> Defaults {
        let (name, status, error, message) = match self {
            Self::MissingAuthenticationToken => (
                "MISSING_AUTHENTICATION_TOKEN",
                StatusCode::FORBIDDEN,
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            ),
            Self::Unauthorized => ("UNAUTHORIZED", StatusCode::UNAUTHORIZED, "UnauthorizedException", "Unauthorized"),
            Self::AccessDenied => (
                "ACCESS_DENIED",
                StatusCode::FORBIDDEN,
                "AccessDeniedException",
                "User is not authorized to access this resource",
            ),
            Self::AuthorizerFailure => (
                "AUTHORIZER_FAILURE",
                StatusCode::INTERNAL_SERVER_ERROR,
                "AuthorizerFailureException",
                "Internal server error",
            ),
            Self::AuthorizerConfigurationError => (
                "AUTHORIZER_CONFIGURATION_ERROR",
                StatusCode::INTERNAL_SERVER_ERROR,
                "AuthorizerConfigurationException",
                "Internal server error",
            ),
            Self::RequestTooLarge => {
                ("REQUEST_TOO_LARGE", StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", "Request Too Long")
            }
            Self::UnsupportedMediaType => (
                "UNSUPPORTED_MEDIA_TYPE",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaTypeException",
                "Unsupported Media Type",
            ),
            // API Gateway has no specific type for a failed function.
            Self::IntegrationError => {
                ("DEFAULT_5XX", StatusCode::BAD_GATEWAY, "InternalServerErrorException", "Internal server error")
            }
        };
        Defaults { name, status, error, message }
    }
}

/// Renders a response type with the template's body for it, else with the one for its class of
/// statuses, else with API Gateway's default.
pub(crate) fn render(
    responses: &BTreeMap<String, GatewayResponse>,
    kind: ResponseType,
    context: &mut Context,
) -> Response<Bytes> {
    let defaults = kind.defaults();
    context.set("error.message", &defaults.message);
    context.set("error.messageString", &format!("\"{}\"", defaults.message));
    context.set("error.responseType", &defaults.name);
    let class = if defaults.status.is_server_error() { "DEFAULT_5XX" } else { "DEFAULT_4XX" };
    let written = responses.get(defaults.name).or_else(|| responses.get(class));
    let status = written.and_then(|response| StatusCode::from_u16(response.status?).ok()).unwrap_or(defaults.status);
    context.set("status", &status.as_u16());

    let (content_type, template) = written
        .map_or(("application/json", r#"{"message":$context.error.messageString}"#), |response| {
            (response.content_type.as_str(), response.body.as_str())
        });
    let mut response = Response::new(Bytes::from(context.render_response(template)));
    *response.status_mut() = status;
    insert(&mut response, CONTENT_TYPE.as_str(), content_type);
    insert(&mut response, "x-amzn-errortype", defaults.error);
    for (name, value) in written.map_or(&[][..], |response| &response.headers) {
        let value = match value {
            HeaderValue::Literal(text) => text,
            HeaderValue::Context(name) => context.find(name).unwrap_or_default(),
        };
        insert(&mut response, name, value);
    }
    response
}

/// Sets a header, unless its name or value is invalid.
fn insert(response: &mut Response<Bytes>, name: &str, value: &str) {
    let header = (HeaderName::try_from(name), http::HeaderValue::try_from(value));
    if let (Ok(name), Ok(value)) = header {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(response: &Response<Bytes>) -> &str {
        std::str::from_utf8(response.body()).unwrap()
    }

    fn written(status: Option<u16>, body: &str) -> GatewayResponse {
        GatewayResponse {
            status,
            headers: vec![
                ("WWW-Authenticate".into(), HeaderValue::Literal("Bearer".into())),
                ("Content-Type".into(), HeaderValue::Literal("application/problem+json".into())),
                ("X-Reason".into(), HeaderValue::Context("authorizer.audit_reason".into())),
            ],
            content_type: "application/json".into(),
            body: body.into(),
        }
    }

    #[test]
    fn the_templates_status_headers_and_text_are_used() {
        let body = r#"{"detail":"$context.authorizer.detail","status":$context.status}"#;
        let responses = BTreeMap::from([("ACCESS_DENIED".to_owned(), written(Some(403), body))]);
        let mut context = Context::default();
        context.set("authorizer.detail", &"needs apps:read");
        context.set("authorizer.audit_reason", &"permission_missing");
        let response = render(&responses, ResponseType::AccessDenied, &mut context);
        assert_eq!(response.status(), 403);
        assert_eq!(text(&response), r#"{"detail":"needs apps:read","status":403}"#);
        assert_eq!(response.headers()["www-authenticate"], "Bearer");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        assert_eq!(response.headers()["x-reason"], "permission_missing");
        assert_eq!(response.headers()["x-amzn-errortype"], "AccessDeniedException");
    }

    #[test]
    fn a_type_without_a_text_of_its_own_takes_its_class_and_keeps_its_status() {
        let responses = BTreeMap::from([
            ("DEFAULT_4XX".to_owned(), written(None, "four")),
            ("DEFAULT_5XX".to_owned(), written(None, "five")),
        ]);
        let response = render(&responses, ResponseType::RequestTooLarge, &mut Context::default());
        assert_eq!((response.status().as_u16(), text(&response)), (413, "four"));
        let response = render(&responses, ResponseType::IntegrationError, &mut Context::default());
        assert_eq!((response.status().as_u16(), text(&response)), (502, "five"));
    }

    #[test]
    fn without_any_text_the_answer_is_api_gateways_own() {
        let kind = ResponseType::MissingAuthenticationToken;
        let response = render(&BTreeMap::new(), kind, &mut Context::default());
        assert_eq!(response.status(), 403);
        assert_eq!(text(&response), r#"{"message":"Missing Authentication Token"}"#);
        assert_eq!(response.headers()["content-type"], "application/json");
    }

    #[test]
    fn a_context_value_cannot_add_a_header() {
        let responses = BTreeMap::from([("UNAUTHORIZED".to_owned(), written(None, "x"))]);
        let mut context = Context::default();
        context.set("authorizer.audit_reason", &"a\r\nX-Forged: 1");
        let response = render(&responses, ResponseType::Unauthorized, &mut context);
        assert!(!response.headers().contains_key("x-reason"));
        assert!(!response.headers().contains_key("x-forged"));
    }
}
