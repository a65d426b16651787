//! Session of a browser at the development sign-in: a cookie with a random value, which lets clients sign
//! the same user in again without a page (`prompt=none`,
//! [OpenID Connect Core](https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest)).

use super::issuer::BASE;
use super::oauth::{OAuthError, Parameters};
use axum::body::Bytes;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Response};

const NAME: &str = "portcullis-dev-session";

/// The value of the browser's cookie.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let sent = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = sent.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(name, value)| (name == NAME).then_some(value))
}

/// Adds the cookie, which the browser keeps until it is closed.
pub(super) fn with_cookie(mut response: Response<Bytes>, value: &str) -> Response<Bytes> {
    if let Ok(cookie) = HeaderValue::try_from(format!("{NAME}={value}; Path={BASE}; HttpOnly; SameSite=Lax")) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// Whether the client wants a response without a page. Every other `prompt` shows the page.
///
/// # Errors
/// `invalid_request` if `none` is combined with another value.
pub(super) fn is_silent(sent: &Parameters) -> Result<bool, OAuthError> {
    let prompts: Vec<_> = sent.once("prompt")?.unwrap_or_default().split(' ').collect();
    match prompts[..] {
        ["none"] => Ok(true),
        _ if prompts.contains(&"none") => {
            Err(OAuthError::invalid("prompt=none cannot be combined with another prompt."))
        }
        _ => Ok(false),
    }
}
