//! HTTP server: dispatches requests to the development sign-in, the control plane or the gateway.

use crate::control_plane;
use crate::dev_idp::{self, SignIn};
use crate::gateway::{Gateway, IncomingRequest, MAX_BODY};
use crate::lambdas::Functions;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::response::Response;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

/// Handlers of requests.
pub(crate) struct Stack {
    pub(crate) gateway: Arc<Gateway<Functions>>,
    /// The development sign-in, if it is enabled.
    pub(crate) sign_in: Option<SignIn>,
}

/// The router, with one handler for all requests.
pub(crate) fn router(stack: Stack) -> Router {
    Router::new().fallback(handle).with_state(Arc::new(stack))
}

async fn handle(
    State(stack): State<Arc<Stack>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = read(&parts.headers, body).await else {
        return empty(StatusCode::BAD_REQUEST);
    };
    let incoming = IncomingRequest {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
        source_ip: peer.ip(),
    };
    // Before the gateway, which would write to the access log.
    if let Some(sign_in) = stack.sign_in.as_ref().filter(|_| dev_idp::is_route(&incoming.path)) {
        return sign_in.handle(&incoming).map(Body::from);
    }
    if let Some(response) = control_plane::handle(&stack.gateway.apis, &incoming) {
        return response.map(Body::from);
    }
    let gateway = Arc::clone(&stack.gateway);
    // A separate task, so that the logs are written even if the client disconnects.
    match tokio::spawn(async move { gateway.handle(incoming).await }).await {
        Ok(response) => response.map(Body::from),
        Err(error) => {
            tracing::error!(%error, "the gateway failed");
            empty(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Reads the body; `None` if it is too large, in which case the rest is not read. An error is a body that breaks off or
/// has invalid chunks.
async fn read(headers: &HeaderMap, body: Body) -> Result<Option<Bytes>, Box<dyn Error + Send + Sync>> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > MAX_BODY) {
        return Ok(None);
    }
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => Ok(Some(body.to_bytes())),
        Err(error) if error.is::<LengthLimitError>() => Ok(None),
        Err(error) => Err(error),
    }
}
