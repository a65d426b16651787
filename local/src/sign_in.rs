//! A sign-in for development: an OpenID Connect issuer, as small as one can be, which
//! believes everybody who they say they are.
//!
//! It exists in this crate alone, so no deployed function has it. The local server has it
//! only while nobody but this machine can reach that server, and no provider was named. Its
//! key is drawn anew at every start, so that no session outlives the process.
//!
//! It is answered before the gateway and writes no log: what it answers is a credential. It
//! knows nothing about tokens, and nothing about how its sessions are verified.

mod form;
mod guard;
mod page;
mod session;

use crate::gateway::Incoming;
use axum::body::Bytes;
use form::Wanted;
use guard::Guard;
use http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::header::{HeaderName, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use portcullis::clock::Clock;
use portcullis::config::Oidc;
use portcullis::http::{MOST_BYTES, Problem};
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
    clock: Clock,
}

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the development sign-in has no key: the system gave no random bytes")]
pub struct NoKey;

/// How the sessions of the sign-in at this server are recognised.
pub(crate) fn oidc(url: &str) -> Oidc {
    Oidc {
        issuer: format!("{url}{BASE}"),
        audience: AUDIENCE.to_owned(),
        groups_claim: "groups".to_owned(),
        owner_claim: "sub".to_owned(),
        client_id: AUDIENCE.to_owned(),
        scopes: "openid".to_owned(),
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
        Ok(Self { url: format!("http://{address}"), guard: Guard::new(address), key: Key::draw()?, clock })
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
        let read = matches!(incoming.method, Method::GET | Method::HEAD);
        let path = incoming.path.strip_prefix(BASE).unwrap_or_default();
        match path {
            "/.well-known/openid-configuration" if read => as_json(&self.discovery()),
            "/jwks" if read => as_json(&json!({"keys": [self.key.public()]})),
            "/sign-in" if read => html(page::form()),
            "/sign-in" if incoming.method == Method::POST => self.sign_in(incoming),
            "/sign-in" => not_allowed("GET, HEAD, POST"),
            "/.well-known/openid-configuration" | "/jwks" => not_allowed("GET, HEAD"),
            _ => problem(StatusCode::NOT_FOUND, "not_found", "Not found", "The sign-in is at /dev/sign-in."),
        }
    }

    fn discovery(&self) -> Value {
        let Oidc { issuer, .. } = oidc(&self.url);
        json!({
            "jwks_uri": format!("{issuer}/jwks"),
            "authorization_endpoint": page_url(&self.url),
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [session::ALGORITHM],
            "issuer": issuer,
        })
    }

    fn sign_in(&self, incoming: &Incoming) -> Response<Bytes> {
        if !is_form(&incoming.headers) {
            let detail = "The body must be application/x-www-form-urlencoded.";
            return problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Not a form", detail);
        }
        let wanted = incoming.body.as_deref().ok_or_else(|| Problem::body_too_large(MOST_BYTES));
        let wanted = match wanted.and_then(Wanted::read) {
            Ok(wanted) => wanted,
            Err(problem) => return problem.into_response().map(crate::functions::text),
        };
        let Oidc { issuer, audience, .. } = oidc(&self.url);
        let session = Session::new(&self.key, &issuer, &audience, wanted, self.clock.now());
        if prefers_html(&incoming.headers) { html(page::session(&session, &self.url)) } else { as_json(&session) }
    }
}

/// No cache keeps a credential, no other page frames or reads one, and nothing is guessed.
/// There is no CORS header anywhere, which is what keeps the pages of other sites out.
fn hardened(mut answer: Response<Bytes>) -> Response<Bytes> {
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        // Not `no-referrer`: with it a browser sends the form with `Origin: null`.
        (REFERRER_POLICY, "same-origin"),
    ] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn html(page: String) -> Response<Bytes> {
    let mut answer = typed("text/html; charset=utf-8", Bytes::from(page));
    if let Ok(policy) = HeaderValue::try_from(page::content_security_policy()) {
        answer.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    answer
}

fn as_json(value: &impl serde::Serialize) -> Response<Bytes> {
    typed("application/json", Bytes::from(json!(value).to_string()))
}

fn not_allowed(methods: &'static str) -> Response<Bytes> {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let mut answer = problem(status, "method_not_allowed", "No such method here", "Allow names those that there are.");
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    answer
}

fn problem(status: StatusCode, code: &str, title: &str, detail: &str) -> Response<Bytes> {
    let r#type = format!("urn:portcullis:problem:{code}");
    let body = json!({"type": r#type, "title": title, "status": status.as_u16(), "detail": detail});
    let mut answer = typed("application/problem+json", Bytes::from(body.to_string()));
    *answer.status_mut() = status;
    answer
}

fn typed(content_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut answer = Response::new(body);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| media_type(value).eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

fn prefers_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| media_type(range).eq_ignore_ascii_case("text/html"))
}

fn media_type(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests;
