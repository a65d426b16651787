//! A sign-in for development: an OpenID Connect provider, as small as one can be, which
//! believes everybody who they say they are. Programs on this machine sign people in at it as
//! they do at any other: with a code and PKCE, or as a device.
//!
//! It exists in this crate alone, so no deployed function has it. The local server has it
//! only while nobody but this machine can reach that server, and no provider was named. Its
//! key is drawn anew at every start, so that no session outlives the process.
//!
//! It is answered before the gateway and writes no log: what it answers is a credential. It
//! knows nothing about tokens, and nothing about how its sessions are verified.

mod authorization_request;
mod authorize;
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
use response::{as_json, hardened, not_allowed, problem, told};
use serde_json::json;
use sign_in_form::SignInForm;
use std::net::SocketAddr;

/// The sign-in of one server.
pub(crate) struct SignIn {
    guard: OriginCheck,
    issuer: Issuer,
}

/// Where a form gets a session without any flow.
pub(crate) fn sign_in_url(url: &str) -> String {
    format!("{url}{BASE}/sign-in")
}

/// Whether a path is the sign-in's, where there is one.
pub(crate) fn has(path: &str) -> bool {
    path.strip_prefix(BASE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl SignIn {
    /// A sign-in with a new key, for a server that listens on a loopback address.
    pub(crate) fn new(address: SocketAddr, clock: Clock) -> Result<Self, KeyGenerationError> {
        Ok(Self { guard: OriginCheck::new(address), issuer: Issuer::new(format!("http://{address}"), clock)? })
    }

    /// Answers a request below its path.
    pub(crate) fn answer(&self, incoming: &IncomingRequest) -> Response<Bytes> {
        let answer = match self.guard.refusal(incoming) {
            Some(detail) => problem(StatusCode::FORBIDDEN, "forbidden", "Not from here", detail),
            None => self.route(incoming),
        };
        hardened(answer)
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
            ("/authorize", POST) => authorize::answer(&self.issuer, incoming),
            ("/device", READ) => device::show(&self.issuer, incoming),
            ("/device", POST) => device::answer(&self.issuer, incoming),
            ("/authorize" | "/device", _) => not_allowed(FORM),
            ("/device_authorization", POST) => device::begin(&self.issuer, incoming),
            ("/token", POST) => token::answer(&self.issuer, incoming),
            ("/revoke", POST) => token::revoke(&self.issuer, incoming),
            ("/sign-in" | "/device_authorization" | "/token" | "/revoke", _) => not_allowed(POST),
            _ => problem(
                StatusCode::NOT_FOUND,
                "not_found",
                "Not found",
                "The calls are in /dev/.well-known/openid-configuration.",
            ),
        }
    }

    /// A session without any flow, for the shell and for tests.
    fn sign_in(&self, incoming: &IncomingRequest) -> Response<Bytes> {
        let wanted = match response::form(incoming) {
            Ok(form) => SignInForm::read(form),
            Err(refusal) => return *refusal,
        };
        match wanted {
            Ok(wanted) => as_json(&self.issuer.session(wanted, None)),
            Err(problem) => told(problem),
        }
    }
}

#[cfg(test)]
mod tests;
