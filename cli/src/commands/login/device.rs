//! The device authorization grant ([RFC 8628](https://www.rfc-editor.org/rfc/rfc8628)): a code is
//! shown here, and typed in with a browser anywhere.

use std::time::{Duration, Instant};

use super::wait::Events;
use crate::CliError;
use crate::credentials::oidc_client::{DeviceCodes, Provider, TokenError, Tokens};
use crate::prompt::instruct;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// What RFC 8628 says for providers that say nothing, and what it adds when one asks for more.
const SECONDS: u64 = 5;
const MAX_SECONDS: u64 = 60;

/// Shows the code and asks until somebody has answered.
///
/// # Errors
/// Where the answer is no, or does not come in time.
pub(super) fn sign_in(
    provider: &Provider,
    scope: &str,
    events: &Events,
    deadline: Instant,
) -> Result<Tokens, CliError> {
    let codes = provider.device_codes(scope)?;
    let DeviceCodes { user_code, verification_uri, .. } = &codes;
    instruct(&format!(
        "Sign in with any browser: go to\n\n  {verification_uri}\n\nand enter the code\n\n  {user_code}\n"
    ));
    if let Some(complete) = &codes.verification_uri_complete {
        instruct(&format!("or go to\n\n  {complete}\n\nif it shows the same code.\n"));
    }
    let deadline = deadline.min(Instant::now() + Duration::from_secs(codes.expires_in.min(3600)));
    let mut seconds = codes.interval.unwrap_or(SECONDS).clamp(1, MAX_SECONDS);
    loop {
        events.pause(Duration::from_secs(seconds), deadline)?;
        match provider.tokens(&[("grant_type", GRANT_TYPE), ("device_code", &codes.device_code)]) {
            Ok(tokens) => return Ok(tokens),
            Err(TokenError::Refused(refused)) if refused.error == "authorization_pending" => {}
            Err(TokenError::Refused(refused)) if refused.error == "slow_down" => seconds += SECONDS,
            // A network that is away for a moment costs nobody the sign-in.
            Err(TokenError::Failed(CliError::Unreachable(_))) => seconds = (seconds * 2).min(MAX_SECONDS),
            Err(error) => return Err(error.into()),
        }
    }
}
