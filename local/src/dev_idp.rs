//! Development sign-in: a minimal OpenID Connect provider that accepts any name. Clients on this
//! machine sign in with the authorization code flow with PKCE, or with the device flow.
//!
//! It exists in this crate only and is never deployed. The local server enables it only if it
//! listens on a loopback address and no provider is configured. Its key is generated at each start,
//! so sessions do not outlive the process.
//!
//! It is served outside the gateway and writes no log, because its responses hold credentials.

mod authorization_request;
mod authorize;
mod browser_session;
mod device;
mod id_token;
mod issuer;
mod oauth;
mod origin_check;
mod page;
mod pending_grants;
mod redirect_uri;
mod response;
mod sign_in_form;
mod token;

pub(crate) use id_token::KeyGenerationError;
pub(crate) use issuer::oidc;

use crate::gateway::IncomingRequest;
use axum::body::Bytes;
use http::{Method, Response, StatusCode};
use issuer::{BASE, Issuer};
use origin_check::OriginCheck;
use portcullis::clock::Clock;
use response::{as_json, not_allowed, problem, problem_response, with_security_headers};
use serde_json::json;
use sign_in_form::SignInForm;
use std::net::SocketAddr;

/// The development sign-in of one server.
pub(crate) struct SignIn {
    guard: OriginCheck,
    issuer: Issuer,
}

/// URL of the form that returns a session without a flow.
pub(crate) fn sign_in_url(url: &str) -> String {
    format!("{url}{BASE}/sign-in")
}

/// Whether a path belongs to the development sign-in.
pub(crate) fn is_route(path: &str) -> bool {
    path.strip_prefix(BASE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl SignIn {
    /// Creates the sign-in with a new key, for a server that listens on a loopback address.
    pub(crate) fn new(address: SocketAddr, clock: Clock) -> Result<Self, KeyGenerationError> {
        Ok(Self { guard: OriginCheck::new(address), issuer: Issuer::new(format!("http://{address}"), clock)? })
    }

    /// Handles a request below `/dev`.
    pub(crate) fn handle(&self, incoming: &IncomingRequest) -> Response<Bytes> {
        let response = match self.guard.refusal(incoming) {
            Some(detail) => problem(StatusCode::FORBIDDEN, "forbidden", "Forbidden", detail),
            None => self.route(incoming),
        };
        with_security_headers(response)
    }

    fn route(&self, incoming: &IncomingRequest) -> Response<Bytes> {
        const READ: &str = "GET, HEAD";
        const FORM: &str = "GET, HEAD, POST";
        const POST: &str = "POST";
        let asked = match incoming.method {
            Method::GET | Method::HEAD => READ,
            Method::POST => POST,
            _ => "",
        };
        let path = incoming.path.strip_prefix(BASE).unwrap_or_default();
        match (path, asked) {
            ("/.well-known/openid-configuration", READ) => as_json(&self.issuer.discovery()),
            ("/jwks", READ) => as_json(&json!({"keys": [self.issuer.key.public()]})),
            ("/.well-known/openid-configuration" | "/jwks", _) => not_allowed(READ),
            ("/sign-in", POST) => self.sign_in(incoming),
            ("/authorize", READ) => authorize::show(&self.issuer, incoming),
            ("/authorize", POST) => authorize::submit(&self.issuer, incoming),
            ("/device", READ) => device::show(&self.issuer, incoming),
            ("/device", POST) => device::submit(&self.issuer, incoming),
            ("/authorize" | "/device", _) => not_allowed(FORM),
            ("/device_authorization", POST) => device::begin(&self.issuer, incoming),
            ("/token", POST) => token::handle(&self.issuer, incoming),
            ("/revoke", POST) => token::revoke(&self.issuer, incoming),
            ("/sign-in" | "/device_authorization" | "/token" | "/revoke", _) => not_allowed(POST),
            _ => problem(
                StatusCode::NOT_FOUND,
                "not_found",
                "Not found",
                "See /dev/.well-known/openid-configuration for the endpoints.",
            ),
        }
    }

    /// Returns a session without a flow, for the shell and for tests.
    fn sign_in(&self, incoming: &IncomingRequest) -> Response<Bytes> {
        let wanted = match response::form(incoming) {
            Ok(form) => SignInForm::read(form),
            Err(refusal) => return *refusal,
        };
        match wanted {
            Ok(wanted) => as_json(&self.issuer.session(wanted, None)),
            Err(problem) => problem_response(problem),
        }
    }
}

#[cfg(test)]
mod tests;
