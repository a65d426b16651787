//! Parameters, client and errors of the OAuth endpoints
//! ([RFC 6749](https://www.rfc-editor.org/rfc/rfc6749)).

use super::response;
use crate::gateway::{IncomingRequest, query_parameters};
use axum::body::Bytes;
use http::{Response, StatusCode};
use portcullis::http::MAX_BYTES;
use serde::Serialize;
use std::collections::BTreeMap;

/// Id of the only client, and audience of its sessions.
pub(super) const CLIENT_ID: &str = "portcullis-dev";

/// Grant types of the token endpoint.
pub(super) const CODE: &str = "authorization_code";
pub(super) const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
pub(super) const REFRESH: &str = "refresh_token";

/// Parameters of a query or a form.
pub(super) struct Parameters(BTreeMap<String, Vec<String>>);

/// Granted scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// Whether the client gets a refresh token.
    pub(super) offline: bool,
}

/// An OAuth error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct OAuthError {
    pub(super) error: &'static str,
    #[serde(rename = "error_description")]
    pub(super) description: &'static str,
}

impl Parameters {
    pub(super) fn read(text: &str) -> Self {
        Self(query_parameters(text))
    }

    /// Reads the form that a program has sent.
    ///
    /// # Errors
    /// `invalid_request`.
    pub(super) fn sent(incoming: &IncomingRequest) -> Result<Self, OAuthError> {
        if !response::is_form(&incoming.headers) {
            return Err(OAuthError::invalid("The body must be application/x-www-form-urlencoded."));
        }
        let body = incoming.body.as_deref().filter(|body| body.len() <= MAX_BYTES);
        let body = body.ok_or(OAuthError::invalid("The body is too large."))?;
        let sent = Self::read(&String::from_utf8_lossy(body));
        if sent.0.values().any(|values| values.len() > 1) {
            return Err(OAuthError::TWICE);
        }
        Ok(sent)
    }

    /// A parameter's value; an empty one counts as left out.
    ///
    /// # Errors
    /// `invalid_request` if it was sent twice.
    pub(super) fn once(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        match self.0.get(name).map(Vec::as_slice) {
            None => Ok(None),
            Some([value]) => Ok(Some(value.as_str()).filter(|value| !value.is_empty())),
            Some(_) => Err(OAuthError::TWICE),
        }
    }

    /// # Errors
    /// `invalid_request` with this description if it is missing.
    pub(super) fn required(&self, name: &str, missing: &'static str) -> Result<&str, OAuthError> {
        self.once(name)?.ok_or(OAuthError::invalid(missing))
    }

    /// # Errors
    /// `invalid_client` for any other client.
    pub(super) fn client(&self) -> Result<(), OAuthError> {
        let known = self.once("client_id")? == Some(CLIENT_ID);
        known.then_some(()).ok_or(OAuthError {
            error: "invalid_client",
            description: "client_id must be portcullis-dev, the only client of the development sign-in.",
        })
    }

    /// # Errors
    /// `invalid_scope` without `openid`. Unknown scopes are ignored (OpenID Connect Core, 3.1.2.1).
    pub(super) fn scope(&self) -> Result<Scope, OAuthError> {
        let asked: Vec<_> = self.once("scope")?.unwrap_or_default().split(' ').collect();
        if !asked.contains(&"openid") {
            return Err(OAuthError { error: "invalid_scope", description: "scope must include openid." });
        }
        Ok(Scope { offline: asked.contains(&"offline_access") })
    }

    /// The parameters with these names.
    pub(super) fn only(mut self, names: &[&str]) -> BTreeMap<String, Vec<String>> {
        self.0.retain(|name, _| names.contains(&name.as_str()));
        self.0
    }
}

impl Scope {
    pub(super) fn granted(self) -> &'static str {
        if self.offline { "openid offline_access" } else { "openid" }
    }
}

impl OAuthError {
    const TWICE: Self = Self::invalid("A parameter was given more than once.");

    pub(super) const fn invalid(description: &'static str) -> Self {
        Self { error: "invalid_request", description }
    }

    /// The code or token is unknown, used, expired or not the client's. The error does not say which.
    pub(super) const fn invalid_grant(description: &'static str) -> Self {
        Self { error: "invalid_grant", description }
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let mut response = response::as_json(&self);
        *response.status_mut() =
            if self.error == "server_error" { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::BAD_REQUEST };
        response
    }
}
