//! An OpenID Connect provider as a public client sees it: its discovery document, and the calls
//! of a program to it. ADR 0026 says why no library makes them.

use std::fmt;

use portcullis::https_url::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::Uri;
use zeroize::Zeroizing;

use crate::CliError;
use crate::api::{self, encoded};
use crate::config::base_url;

/// Discovery documents have a few thousand bytes, token answers too.
const MAX_BYTES: u64 = 256 * 1024;

/// A provider, and the client that this program is to it.
pub(crate) struct Provider {
    metadata: Metadata,
    pub(crate) client_id: String,
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    token_endpoint: String,
    authorization_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// What a token endpoint answers, as far as it is of use here.
#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) id_token: Option<Zeroizing<String>>,
    pub(crate) refresh_token: Option<Zeroizing<String>>,
}

/// What a device is told ([RFC 8628](https://www.rfc-editor.org/rfc/rfc8628#section-3.2)).
#[derive(Deserialize)]
pub(crate) struct DeviceCodes {
    pub(crate) device_code: Zeroizing<String>,
    pub(crate) user_code: String,
    pub(crate) verification_uri: String,
    pub(crate) verification_uri_complete: Option<String>,
    pub(crate) expires_in: u64,
    pub(crate) interval: Option<u64>,
}

/// Why there are no tokens.
pub(crate) enum TokenError {
    /// The provider says no.
    Refused(OAuthError),
    /// The provider does not answer, or something else does.
    Failed(CliError),
}

/// The words of [RFC 6749](https://www.rfc-editor.org/rfc/rfc6749#section-5.2).
#[derive(Deserialize)]
pub(crate) struct OAuthError {
    pub(crate) error: String,
    pub(crate) error_description: Option<String>,
}

impl Provider {
    /// Reads the discovery document of an issuer.
    ///
    /// # Errors
    /// Where it cannot be had, or is another issuer's.
    pub(crate) fn discover(issuer: &str, client_id: &str) -> Result<Self, CliError> {
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let (status, body) = call(&url, None)?;
        if status != 200 {
            return Err(CliError::Unreachable(format!("{url} answered {status}; is it the issuer's?")));
        }
        let metadata: Metadata = read(&url, &body)?;
        if metadata.issuer != issuer {
            return Err(CliError::Unreachable(format!("{url} is the discovery document of another issuer")));
        }
        Ok(Self { metadata, client_id: client_id.to_owned() })
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.metadata.issuer
    }

    /// Whether it says in every answer that it was the one that answered
    /// ([RFC 9207](https://www.rfc-editor.org/rfc/rfc9207)).
    pub(crate) fn says_iss(&self) -> bool {
        self.metadata.authorization_response_iss_parameter_supported
    }

    pub(crate) fn has_devices(&self) -> bool {
        self.metadata.device_authorization_endpoint.is_some()
    }

    /// Where a browser begins.
    ///
    /// # Errors
    /// Where the provider has no such place, or one that nothing may be sent to.
    pub(crate) fn authorization_url(&self, parameters: &[(&str, &str)]) -> Result<String, CliError> {
        let endpoint = self.metadata.authorization_endpoint.as_deref();
        let endpoint = endpoint.ok_or_else(|| CliError::usage("the provider signs nobody in with a browser"))?;
        safe(endpoint)?;
        let separator = if endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{endpoint}{separator}{}", *encoded(&[&[("client_id", &*self.client_id)], parameters].concat())))
    }

    /// What the token endpoint gives for something that was granted.
    pub(crate) fn tokens(&self, form: &[(&str, &str)]) -> Result<Tokens, TokenError> {
        self.ask(&self.metadata.token_endpoint, form)
    }

    /// The codes for a sign-in from another device.
    pub(crate) fn device_codes(&self, scope: &str) -> Result<DeviceCodes, TokenError> {
        let endpoint = self.metadata.device_authorization_endpoint.as_deref();
        let none = || TokenError::Failed(CliError::usage("the provider has no sign-in with a code for another device"));
        self.ask(endpoint.ok_or_else(none)?, &[("scope", scope)])
    }

    /// Ends a refresh token. False where the provider has no call for it.
    pub(crate) fn revoke(&self, refresh_token: &str) -> Result<bool, CliError> {
        let Some(endpoint) = &self.metadata.revocation_endpoint else { return Ok(false) };
        let form = [("client_id", &*self.client_id), ("token", refresh_token), ("token_type_hint", "refresh_token")];
        match call(endpoint, Some(&encoded(&form)))?.0 {
            200..=299 => Ok(true),
            status => Err(CliError::Unreachable(format!("{endpoint} answered {status}"))),
        }
    }

    fn ask<T: DeserializeOwned>(&self, endpoint: &str, form: &[(&str, &str)]) -> Result<T, TokenError> {
        let form = [&[("client_id", &*self.client_id)], form].concat();
        let (status, body) = call(endpoint, Some(&encoded(&form))).map_err(TokenError::Failed)?;
        if status == 200 {
            return read(endpoint, &body).map_err(TokenError::Failed);
        }
        Err(match serde_json::from_str(&body) {
            Ok(refused) if status < 500 => TokenError::Refused(refused),
            _ => TokenError::Failed(CliError::Unreachable(format!("{endpoint} answered {status}"))),
        })
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error_description {
            Some(description) => write!(f, "{} ({})", description.trim_end_matches('.'), self.error),
            None => f.write_str(&self.error),
        }
    }
}

impl From<TokenError> for CliError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Refused(refused) => Self::SignIn(format!("the provider refused: {refused}")),
            TokenError::Failed(failure) => failure,
        }
    }
}

/// A GET, or a POST of a form.
fn call(endpoint: &str, form: Option<&str>) -> Result<(u16, Zeroizing<String>), CliError> {
    let agent = api::agent(&safe(endpoint)?)?;
    let unreachable = |error: ureq::Error| CliError::Unreachable(format!("{endpoint} cannot be reached: {error}"));
    let response = match form {
        None => agent.get(endpoint).header("accept", "application/json").call(),
        Some(form) => agent
            .post(endpoint)
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .send(form),
    };
    let mut response = response.map_err(unreachable)?;
    let body = response.body_mut().with_config().limit(MAX_BYTES).read_to_string().map_err(unreachable)?;
    Ok((response.status().as_u16(), Zeroizing::new(body)))
}

/// The place of an endpoint, if a credential may be sent there.
fn safe(endpoint: &str) -> Result<Url, CliError> {
    let wrong = || CliError::usage(format!("{endpoint}, which the provider named, is no URL"));
    let uri: Uri = endpoint.parse().map_err(|_| wrong())?;
    let (scheme, authority) = uri.scheme_str().zip(uri.authority()).ok_or_else(wrong)?;
    base_url(&format!("{scheme}://{authority}"), "what the provider named")
}

fn read<T: DeserializeOwned>(url: &str, body: &str) -> Result<T, CliError> {
    // Without the text: there may be a secret in it.
    serde_json::from_str(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        CliError::Unreachable(format!(
            "{url} answered with something else than expected (line {line}, column {column})"
        ))
    })
}
