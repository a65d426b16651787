//! `GET /.well-known/oauth-protected-resource`
//! ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)): where people sign in for this API, for the
//! command line and the console. Nothing in it is secret.

use lambda_http::http::StatusCode;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _, Response};
use portcullis::config::Oidc;
use portcullis::http::json;
use serde::Serialize;

pub(crate) const ROUTE: &str = "/.well-known/oauth-protected-resource";

#[derive(Serialize)]
struct Metadata<'a> {
    resource: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_servers: Option<[&'a str; 1]>,
    bearer_methods_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes_supported: Option<Vec<&'a str>>,
    /// The public client with which the product's own clients sign people in; a field of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<&'a str>,
}

pub(crate) fn response(request: &Request, oidc: Option<&Oidc>) -> Response<Body> {
    let metadata = Metadata {
        resource: resource(request),
        authorization_servers: oidc.map(|oidc| [oidc.issuer.as_str()]),
        bearer_methods_supported: ["header"],
        scopes_supported: oidc.map(|oidc| oidc.scopes.split(' ').filter(|scope| !scope.is_empty()).collect()),
        client_id: oidc.map(|oidc| oidc.client_id.as_str()),
    };
    json(StatusCode::OK, &metadata)
}

/// The URL below which the caller reached the API, stage or base path included.
fn resource(request: &Request) -> String {
    let Some(RequestContext::ApiGatewayV1(context)) = request.request_context_ref() else {
        return String::new();
    };
    let host = context.domain_name.clone().unwrap_or_default();
    let path = context.path.clone().unwrap_or_default();
    let base = path.strip_suffix(ROUTE).unwrap_or_default();
    // A gateway speaks https alone; the stack on one machine has no certificate, and says so.
    let plain = request.headers().get("x-forwarded-proto").is_some_and(|scheme| scheme == "http");
    let scheme = if plain { "http" } else { "https" };
    format!("{scheme}://{host}{base}")
}
