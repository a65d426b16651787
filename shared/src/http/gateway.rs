//! Data that API Gateway adds to a request.

use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyRequestContext;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};

use crate::store::ClientInfo;

/// The context of a REST API's event; `None` for other events.
#[must_use]
pub fn gateway_context(request: &Request) -> Option<&ApiGatewayProxyRequestContext> {
    match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => Some(context),
        _ => None,
    }
}

/// Route that the gateway matched: `/tokens/{id}`.
#[must_use]
pub fn route(request: &Request) -> &str {
    gateway_context(request).and_then(|context| context.resource_path.as_deref()).unwrap_or_default()
}

/// IP address and user agent of the client.
#[must_use]
pub fn origin(request: &Request) -> ClientInfo {
    let Some(context) = gateway_context(request) else { return ClientInfo::default() };
    ClientInfo::from_event(context.identity.source_ip.as_deref(), context.identity.user_agent.as_deref())
}
