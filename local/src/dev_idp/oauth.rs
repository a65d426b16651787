//! The words that all OAuth calls of the sign-in share: their parameters, the one client and
//! their errors ([RFC 6749](https://www.rfc-editor.org/rfc/rfc6749)).

use super::response;
use crate::gateway::{IncomingRequest, query_parameters};
use axum::body::Bytes;
use http::{Response, StatusCode};
use portcullis::http::MAX_BYTES;
use serde::Serialize;
use std::collections::BTreeMap;

/// The one client, and the audience of its sessions.
pub(super) const CLIENT_ID: &str = "portcullis-dev";

/// What a client may present at the token endpoint.
pub(super) const CODE: &str = "authorization_code";
pub(super) const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
pub(super) const REFRESH: &str = "refresh_token";

/// What was sent, in a query or a form.
pub(super) struct Parameters(BTreeMap<String, Vec<String>>);

/// What a client may do with a sign-in, beyond knowing who it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scope {
    /// Whether it gets a refresh token.
    pub(super) offline: bool,
}

/// Why a client does not get what it asked for.
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

    /// Those that a program has sent in a form.
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

    /// One that was given once; one without a value counts as left out.
    ///
    /// # Errors
    /// `invalid_request` where it was given twice.
    pub(super) fn once(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        match self.0.get(name).map(Vec::as_slice) {
            None => Ok(None),
            Some([value]) => Ok(Some(value.as_str()).filter(|value| !value.is_empty())),
            Some(_) => Err(OAuthError::TWICE),
        }
    }

    /// # Errors
    /// `invalid_request` with what to say where it is not there.
    pub(super) fn required(&self, name: &str, missing: &'static str) -> Result<&str, OAuthError> {
        self.once(name)?.ok_or(OAuthError::invalid(missing))
    }

    /// # Errors
    /// `invalid_client`: there is one client here.
    pub(super) fn client(&self) -> Result<(), OAuthError> {
        let known = self.once("client_id")? == Some(CLIENT_ID);
        known.then_some(()).ok_or(OAuthError {
            error: "invalid_client",
            description: "client_id must be portcullis-dev, the one client of the development sign-in.",
        })
    }

    /// # Errors
    /// `invalid_scope` without `openid`. What else is asked for is left out, as OpenID Connect says.
    pub(super) fn scope(&self) -> Result<Scope, OAuthError> {
        let asked: Vec<_> = self.once("scope")?.unwrap_or_default().split(' ').collect();
        if !asked.contains(&"openid") {
            return Err(OAuthError { error: "invalid_scope", description: "scope must have openid." });
        }
        Ok(Scope { offline: asked.contains(&"offline_access") })
    }

    /// Those with one of these names.
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

    /// A code or a token that is unknown, used, too old or somebody else's: which of them is
    /// nobody's business.
    pub(super) const fn invalid_grant(description: &'static str) -> Self {
        Self { error: "invalid_grant", description }
    }

    pub(super) fn into_response(self) -> Response<Bytes> {
        let mut answer = response::as_json(&self);
        *answer.status_mut() =
            if self.error == "server_error" { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::BAD_REQUEST };
        answer
    }
}
