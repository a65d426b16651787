//! `GET /.well-known/oauth-protected-resource`
//! ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)): tells the CLI and the console where users
//! sign in. It contains no secret.

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use portcullis::api_types::ProtectedResource;
use portcullis::http::{gateway_context, json};
use portcullis::oidc::Provider;

pub(crate) const ROUTE: &str = "/.well-known/oauth-protected-resource";

pub(crate) fn response(request: &Request, oidc: Option<&Provider>) -> Response<Body> {
    let scopes = oidc.map(|oidc| oidc.scopes.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect());
    let metadata = ProtectedResource {
        resource: resource(request),
        authorization_servers: oidc.map(|oidc| oidc.issuer.clone()).into_iter().collect(),
        bearer_methods_supported: vec!["header".to_owned()],
        scopes_supported: scopes.unwrap_or_default(),
        client_id: oidc.map(|oidc| oidc.client_id.clone()),
    };
    json(StatusCode::OK, &metadata)
}

/// The API's base URL as the caller reached it, including the stage or base path.
pub(crate) fn resource(request: &Request) -> String {
    let Some(context) = gateway_context(request) else { return String::new() };
    let host = context.domain_name.clone().unwrap_or_default();
    let path = context.path.as_deref().unwrap_or_default();
    let route = context.resource_path.as_deref().unwrap_or_default();
    let base = path.strip_suffix(route).unwrap_or_default();
    // API Gateway serves HTTPS only; the local stack serves HTTP and sets this header.
    let plain = request.headers().get("x-forwarded-proto").is_some_and(|scheme| scheme == "http");
    let scheme = if plain { "http" } else { "https" };
    format!("{scheme}://{host}{base}")
}

#[cfg(test)]
mod tests {
    use lambda_http::RequestExt as _;
    use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyRequestContext;
    use lambda_http::request::RequestContext;

    use super::*;

    #[test]
    fn the_base_url_includes_the_stage_or_base_path_on_every_route() {
        for (base, shown) in [("/v1", "https://api.example.com/v1"), ("", "https://api.example.com")] {
            for route in [ROUTE, "/exchange"] {
                let mut context = ApiGatewayProxyRequestContext::default();
                context.domain_name = Some("api.example.com".to_owned());
                context.path = Some(format!("{base}{route}"));
                context.resource_path = Some(route.to_owned());
                let request = Request::default().with_request_context(RequestContext::ApiGatewayV1(context));
                assert_eq!(resource(&request), shown, "{route}");
            }
        }
    }
}
