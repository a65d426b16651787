//! Renewal of stored sessions.

use portcullis::clock::Timestamp;
use portcullis::https_url::Url;

use super::oidc_client::{Provider, TokenError, TokenResponse};
use super::session::Session;
use super::store::Store;
use crate::CliError;

/// The stored session for a service, renewed if it has expired.
///
/// # Errors
/// When it has expired and cannot be renewed, or cannot be read.
pub(super) fn current_session(url: &Url, now: Timestamp) -> Result<Option<Session>, CliError> {
    let Some(store) = Store::open() else { return Ok(None) };
    match store.get(url)? {
        Some(session) if !session.is_valid_at(now) => {}
        other => return Ok(other),
    }
    // One command at a time: many providers end the session when a refresh token is used twice. Another
    // command may have renewed the session by now.
    let mut guard = store.lock()?;
    let Some(session) = store.get(url)? else { return Ok(None) };
    if session.is_valid_at(now) {
        return Ok(Some(session));
    }
    let Some(token) = session.refresh_token.clone() else {
        return Err(CliError::sign_in("the sign-in has expired".to_owned()));
    };
    let provider = Provider::discover(&session.issuer, &session.client_id)?;
    let tokens = provider.tokens(&[("grant_type", "refresh_token"), ("refresh_token", &token)]);
    let TokenResponse { id_token, refresh_token } = tokens.map_err(|error| match error {
        TokenError::Refused(refused) => CliError::sign_in(format!("the sign-in cannot be renewed: {refused}")),
        TokenError::Failed(error) => error,
    })?;
    let mut renewed = session;
    if refresh_token.is_some() {
        // Store it first: the previous refresh token may be invalid from now on.
        renewed.refresh_token = refresh_token;
        guard.put(url, &renewed)?;
    }
    let id_token = id_token.ok_or_else(|| CliError::sign_in("the provider renewed the sign-in without an ID token"))?;
    let renewed = renewed.with_id_token(id_token, now)?;
    guard.put(url, &renewed)?;
    Ok(Some(renewed))
}
