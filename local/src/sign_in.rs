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

mod answer;
mod authorize;
mod device;
mod form;
mod grants;
mod guard;
mod oauth;
mod page;
mod redirect_uri;
mod session;
mod token;

use crate::gateway::Incoming;
use answer::{as_json, hardened, html, not_allowed, prefers_html, problem, told};
use axum::body::Bytes;
use form::Wanted;
use grants::Grants;
use guard::Guard;
use http::{Method, Response, StatusCode};
use page::{Form, Page};
use portcullis::clock::Clock;
use portcullis::oidc::Provider;
use serde_json::{Value, json};
use session::{Key, Session};
use std::net::SocketAddr;

/// Everything below this path is the sign-in's.
const BASE: &str = "/dev";
const AUDIENCE: &str = "portcullis-dev";

/// The sign-in of one server.
pub(crate) struct SignIn {
    /// The server, without a slash at the end.
    url: String,
    guard: Guard,
    key: Key,
    grants: Grants,
    clock: Clock,
}

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the development sign-in has no key: the system gave no random bytes")]
pub struct NoKey;

/// How the sessions of the sign-in at this server are recognised.
pub(crate) fn oidc(url: &str) -> Provider {
    Provider {
        issuer: format!("{url}{BASE}"),
        audience: AUDIENCE.to_owned(),
        groups_claim: "groups".to_owned(),
        owner_claim: "sub".to_owned(),
        client_id: AUDIENCE.to_owned(),
        scopes: "openid offline_access".to_owned(),
    }
}

/// Where a person signs in.
pub(crate) fn page_url(url: &str) -> String {
    format!("{url}{BASE}/sign-in")
}

/// Whether a path is the sign-in's, where there is one.
pub(crate) fn has(path: &str) -> bool {
    path.strip_prefix(BASE).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl SignIn {
    /// A sign-in with a new key, for a server that listens on a loopback address.
    pub(crate) fn new(address: SocketAddr, clock: Clock) -> Result<Self, NoKey> {
        let (url, guard, grants) = (format!("http://{address}"), Guard::new(address), Grants::new(clock.clone()));
        Ok(Self { url, guard, key: Key::draw()?, grants, clock })
    }

    /// Answers a request below its path.
    pub(crate) fn answer(&self, incoming: &Incoming) -> Response<Bytes> {
        let answer = match self.guard.refusal(incoming) {
            Some(detail) => problem(StatusCode::FORBIDDEN, "forbidden", "Not from here", detail),
            None => self.route(incoming),
        };
        hardened(answer)
    }

    fn route(&self, incoming: &Incoming) -> Response<Bytes> {
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
            ("/.well-known/openid-configuration", READ) => as_json(&self.discovery()),
            ("/jwks", READ) => as_json(&json!({"keys": [self.key.public()]})),
            ("/.well-known/openid-configuration" | "/jwks", _) => not_allowed(READ),
            ("/sign-in", READ) => html(&Self::page()),
            ("/sign-in", POST) => self.sign_in(incoming),
            ("/authorize", READ) => authorize::show(incoming, &self.issuer()),
            ("/authorize", POST) => authorize::answer(self, incoming),
            ("/device", READ) => device::show(self, incoming),
            ("/device", POST) => device::answer(self, incoming),
            ("/sign-in" | "/authorize" | "/device", _) => not_allowed(FORM),
            ("/device_authorization", POST) => device::begin(self, incoming),
            ("/token", POST) => token::answer(self, incoming),
            ("/revoke", POST) => token::revoke(self, incoming),
            ("/device_authorization" | "/token" | "/revoke", _) => not_allowed(POST),
            _ => problem(StatusCode::NOT_FOUND, "not_found", "Not found", "The sign-in is at /dev/sign-in."),
        }
    }

    fn issuer(&self) -> String {
        oidc(&self.url).issuer
    }

    /// RFC 8414, and OpenID Connect Discovery.
    fn discovery(&self) -> Value {
        let issuer = self.issuer();
        json!({
            "jwks_uri": format!("{issuer}/jwks"),
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "device_authorization_endpoint": format!("{issuer}/device_authorization"),
            "revocation_endpoint": format!("{issuer}/revoke"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": [token::CODE, token::DEVICE, token::REFRESH],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "offline_access"],
            "token_endpoint_auth_methods_supported": ["none"],
            "revocation_endpoint_auth_methods_supported": ["none"],
            "authorization_response_iss_parameter_supported": true,
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [session::ALGORITHM],
            "issuer": issuer,
        })
    }

    fn page() -> Page {
        let intro = "You get a session, to paste it wherever you need one.";
        Page::form(&Form { action: "/dev/sign-in", intro, carried: &[] })
    }

    fn sign_in(&self, incoming: &Incoming) -> Response<Bytes> {
        let wanted = match answer::form(incoming) {
            Ok(form) => Wanted::read(form),
            Err(refusal) => return *refusal,
        };
        let session = match wanted {
            Ok(wanted) => self.session(wanted, None),
            Err(problem) => return told(problem),
        };
        if prefers_html(&incoming.headers) { html(&Page::session(&session, &self.url)) } else { as_json(&session) }
    }

    fn session(&self, wanted: Wanted, nonce: Option<&str>) -> Session {
        Session::new(&self.key, &oidc(&self.url), wanted, nonce, self.clock.now())
    }
}

#[cfg(test)]
mod tests;
