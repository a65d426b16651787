//! Device authorization grant ([RFC 8628](https://www.rfc-editor.org/rfc/rfc8628)): shows a code to enter in a browser
//! on any device.

use std::time::{Duration, Instant};

use super::wait::SignInEvents;
use crate::CliError;
use crate::credentials::oidc_client::{DeviceCodes, Provider, TokenError, TokenResponse};
use crate::prompt::instruct;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// Default polling interval, and the increment for `slow_down` (RFC 8628, section 3.5), in seconds.
const INTERVAL_SECONDS: u64 = 5;
const MAX_INTERVAL_SECONDS: u64 = 60;

/// Shows the code, and polls the provider until the user has signed in.
///
/// # Errors
/// When the user declines, or does not sign in in time.
pub(super) fn sign_in(
    provider: &Provider,
    scope: &str,
    events: &SignInEvents,
    deadline: Instant,
) -> Result<TokenResponse, CliError> {
    let codes = provider.device_codes(scope)?;
    let DeviceCodes { user_code, verification_uri, .. } = &codes;
    instruct(&format!(
        "Sign in with any browser: go to\n\n  {verification_uri}\n\nand enter the code\n\n  {user_code}\n"
    ));
    if let Some(complete) = &codes.verification_uri_complete {
        instruct(&format!("or go to\n\n  {complete}\n\nif it shows the same code.\n"));
    }
    let deadline = deadline.min(Instant::now() + Duration::from_secs(codes.expires_in.min(3600)));
    let mut seconds = codes.interval.unwrap_or(INTERVAL_SECONDS).clamp(1, MAX_INTERVAL_SECONDS);
    loop {
        events.pause(Duration::from_secs(seconds), deadline)?;
        match provider.tokens(&[("grant_type", GRANT_TYPE), ("device_code", &codes.device_code)]) {
            Ok(tokens) => return Ok(tokens),
            Err(TokenError::Refused(refused)) if refused.error == "authorization_pending" => {}
            Err(TokenError::Refused(refused)) if refused.error == "slow_down" => seconds += INTERVAL_SECONDS,
            // A short network failure does not end the sign-in.
            Err(TokenError::Failed(CliError::Unreachable(_))) => seconds = (seconds * 2).min(MAX_INTERVAL_SECONDS),
            Err(error) => return Err(error.into()),
        }
    }
}
