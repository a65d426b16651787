//! Token endpoint: exchanges a code, a device code or a refresh token for a session. Also revokes
//! refresh tokens ([RFC 7009](https://www.rfc-editor.org/rfc/rfc7009)).

use super::issuer::Issuer;
use super::oauth::{CODE, DEVICE, OAuthError, Parameters, REFRESH};
use super::pending_grants::Grant;
use super::response::as_json;
use crate::gateway::IncomingRequest;
use axum::body::Bytes;
use http::Response;
use serde::Serialize;

/// Token response. The session serves as ID token and as access token.
#[derive(Serialize)]
struct TokenResponse {
    access_token: String,
    id_token: String,
    token_type: &'static str,
    expires_in: u32,
    scope: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

/// Handles a token request.
pub(super) fn handle(issuer: &Issuer, incoming: &IncomingRequest) -> Response<Bytes> {
    match granted(issuer, incoming).and_then(|grant| tokens(issuer, grant)) {
        Ok(tokens) => as_json(&tokens),
        Err(error) => error.into_response(),
    }
}

/// Revokes a refresh token. The response is the same for unknown tokens.
pub(super) fn revoke(issuer: &Issuer, incoming: &IncomingRequest) -> Response<Bytes> {
    let revoked = || {
        let sent = Parameters::sent(incoming)?;
        sent.client()?;
        issuer.grants.take_refresh(sent.required("token", "token is required.")?);
        Ok(())
    };
    match revoked() {
        Ok(()) => Response::new(Bytes::new()),
        Err(error) => OAuthError::into_response(error),
    }
}

fn granted(issuer: &Issuer, incoming: &IncomingRequest) -> Result<Grant, OAuthError> {
    let sent = Parameters::sent(incoming)?;
    sent.client()?;
    match sent.required("grant_type", "grant_type is required.")? {
        CODE => by_code(issuer, &sent),
        DEVICE => issuer.grants.poll(sent.required("device_code", "device_code is required.")?),
        REFRESH => {
            let token = sent.required("refresh_token", "refresh_token is required.")?;
            let unknown = OAuthError::invalid_grant("The refresh token is unknown, used or expired.");
            issuer.grants.take_refresh(token).ok_or(unknown)
        }
        _ => Err(OAuthError {
            error: "unsupported_grant_type",
            description: "grant_type must be one of those in the discovery document.",
        }),
    }
}

fn by_code(issuer: &Issuer, sent: &Parameters) -> Result<Grant, OAuthError> {
    let code = sent.required("code", "code is required.")?;
    let redirect_uri = sent.required("redirect_uri", "redirect_uri is required, as in the authorization request.")?;
    let verifier = sent.required("code_verifier", "code_verifier is required (PKCE).")?;
    let granted = issuer.grants.take_code(code);
    let (asked, wanted) = granted.ok_or(OAuthError::invalid_grant("The code is unknown, used or expired."))?;
    if redirect_uri != asked.redirect_uri.as_str() || !asked.is_verified_by(verifier) {
        return Err(OAuthError::invalid_grant(
            "redirect_uri or code_verifier does not match the authorization request.",
        ));
    }
    Ok(Grant { wanted, scope: asked.scope, nonce: asked.nonce })
}

fn tokens(issuer: &Issuer, grant: Grant) -> Result<TokenResponse, OAuthError> {
    let expires_in = grant.wanted.expires_in;
    let jwt = issuer.session(grant.wanted.clone(), grant.nonce.as_deref()).jwt;
    let scope = grant.scope.granted();
    // The nonce belongs to the first session only (OpenID Connect Core, 12.2).
    let later = Grant { nonce: None, ..grant };
    let refresh_token = later.scope.offline.then(|| issuer.grants.refresh(later)).transpose()?;
    Ok(TokenResponse {
        access_token: jwt.clone(),
        id_token: jwt,
        token_type: "Bearer",
        expires_in,
        scope,
        refresh_token,
    })
}
