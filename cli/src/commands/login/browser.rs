//! Authorization code flow with PKCE, in a browser on this machine
//! ([RFC 8252](https://www.rfc-editor.org/rfc/rfc8252)).

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use portcullis::clock::Timestamp;
use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::callback_server::{Callback, listen};
use super::wait::SignInEvents;
use crate::credentials::oidc_client::{OAuthError, Provider, TokenError};
use crate::credentials::session::Session;
use crate::prompt::instruct;
use crate::{CliError, io_error};

/// Random values of one sign-in.
struct PkceState {
    verifier: Zeroizing<String>,
    state: String,
    nonce: String,
}

/// Opens the provider's sign-in page and waits for the callback. The caller has to respond to it.
///
/// # Errors
/// When no callback arrives in time.
pub(super) fn sign_in(
    provider: &Provider,
    scope: &str,
    events: &SignInEvents,
    deadline: Instant,
    now: Timestamp,
) -> Result<(Result<Session, CliError>, Callback), CliError> {
    let secrets = PkceState::generate()?;
    let redirect_uri = listen(events.sender.clone())
        .map_err(|error| io_error::explain(&error))
        .map_err(|why| CliError::usage(format!("cannot listen for the browser callback: {why}")))?;
    let url = provider.authorization_url(&[
        ("redirect_uri", &redirect_uri),
        ("response_type", "code"),
        ("scope", scope),
        ("state", &secrets.state),
        ("nonce", &secrets.nonce),
        ("code_challenge", &BASE64URL.encode(Sha256::digest(secrets.verifier.as_bytes()))),
        ("code_challenge_method", "S256"),
    ])?;
    instruct(&format!("Sign in with your browser. If it does not open, go to\n\n  {url}\n"));
    // Ignore: the message above covers a browser that does not open.
    let _ = webbrowser::open(&url);
    let callback = loop {
        let callback = events.next_callback(deadline)?;
        // Other pages and programs can send requests here too; they do not end the sign-in.
        if callback.parameter("state") == Some(secrets.state.as_str()) {
            break callback;
        }
        callback.reject();
    };
    let session = code(provider, &callback).and_then(|code| {
        let tokens = provider.tokens(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", &secrets.verifier),
        ])?;
        Session::from_tokens(provider, tokens, Some(&secrets.nonce), now)
    });
    Ok((session, callback))
}

/// The authorization code, if the response is from this provider.
fn code<'a>(provider: &Provider, callback: &'a Callback) -> Result<&'a str, CliError> {
    let iss = callback.parameter("iss");
    if iss.is_some_and(|iss| iss != provider.issuer()) || (iss.is_none() && provider.sends_iss()) {
        return Err(CliError::sign_in("the authorization response is from another provider".to_owned()));
    }
    if let Some(error) = callback.parameter("error") {
        let error_description = callback.parameter("error_description").map(str::to_owned);
        let refused = OAuthError { error: error.to_owned(), error_description };
        return Err(TokenError::Refused(refused).into());
    }
    callback.parameter("code").ok_or_else(|| CliError::sign_in("the authorization response has no code".to_owned()))
}

impl PkceState {
    fn generate() -> Result<Self, CliError> {
        let random = || {
            let mut bytes = Zeroizing::new([0; 32]);
            let filled = SysRng.try_fill_bytes(&mut *bytes);
            filled.map_err(|error| CliError::usage(format!("cannot generate random bytes: {error}")))?;
            Ok::<_, CliError>(BASE64URL.encode(*bytes))
        };
        Ok(Self { verifier: Zeroizing::new(random()?), state: random()?, nonce: random()? })
    }
}
