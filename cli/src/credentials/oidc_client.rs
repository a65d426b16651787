//! Client of an OpenID Connect provider, as a public OAuth client. ADR 0026 explains why it uses no library.

use std::fmt;

use portcullis::https_url::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::Uri;
use zeroize::Zeroizing;

use crate::CliError;
use crate::api::{self, encoded};
use crate::config::base_url;

/// Maximum response size. Discovery documents and token responses have a few thousand bytes.
const MAX_BYTES: u64 = 256 * 1024;

/// A provider, and the id of this client.
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

/// Response of a token endpoint.
#[derive(Deserialize)]
pub(crate) struct TokenResponse {
    pub(crate) id_token: Option<Zeroizing<String>>,
    pub(crate) refresh_token: Option<Zeroizing<String>>,
}

/// Device authorization response ([RFC 8628](https://www.rfc-editor.org/rfc/rfc8628#section-3.2)).
#[derive(Deserialize)]
pub(crate) struct DeviceCodes {
    pub(crate) device_code: Zeroizing<String>,
    pub(crate) user_code: String,
    pub(crate) verification_uri: String,
    pub(crate) verification_uri_complete: Option<String>,
    pub(crate) expires_in: u64,
    pub(crate) interval: Option<u64>,
}

/// Error of a token request.
pub(crate) enum TokenError {
    /// The provider returned an OAuth error.
    Refused(OAuthError),
    /// The provider is unreachable, or its response is not understood.
    Failed(CliError),
}

/// OAuth error response ([RFC 6749](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)).
#[derive(Deserialize)]
pub(crate) struct OAuthError {
    pub(crate) error: String,
    pub(crate) error_description: Option<String>,
}

impl Provider {
    /// Fetches the discovery document of an issuer.
    ///
    /// # Errors
    /// When it cannot be fetched, or is of another issuer.
    pub(crate) fn discover(issuer: &str, client_id: &str) -> Result<Self, CliError> {
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let (status, body) = send(&url, None)?;
        if status != 200 {
            return Err(CliError::Unreachable(format!("{url} responded with status {status}; check the issuer URL")));
        }
        let metadata: Metadata = read(&url, &body)?;
        if metadata.issuer != issuer {
            return Err(CliError::Unreachable(format!("{url} is for another issuer")));
        }
        Ok(Self { metadata, client_id: client_id.to_owned() })
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.metadata.issuer
    }

    /// Whether every authorization response contains `iss` ([RFC 9207](https://www.rfc-editor.org/rfc/rfc9207)).
    pub(crate) fn sends_iss(&self) -> bool {
        self.metadata.authorization_response_iss_parameter_supported
    }

    pub(crate) fn supports_device_flow(&self) -> bool {
        self.metadata.device_authorization_endpoint.is_some()
    }

    /// URL of the authorization request.
    ///
    /// # Errors
    /// When the provider has no authorization endpoint, or an unsafe one.
    pub(crate) fn authorization_url(&self, parameters: &[(&str, &str)]) -> Result<String, CliError> {
        let endpoint = self.metadata.authorization_endpoint.as_deref();
        let endpoint =
            endpoint.ok_or_else(|| CliError::usage("the provider does not support the authorization code flow"))?;
        safe_origin(endpoint)?;
        let separator = if endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{endpoint}{separator}{}", *encoded(&[&[("client_id", &*self.client_id)], parameters].concat())))
    }

    /// Requests tokens.
    pub(crate) fn tokens(&self, form: &[(&str, &str)]) -> Result<TokenResponse, TokenError> {
        self.post(&self.metadata.token_endpoint, form)
    }

    /// Starts the device flow.
    pub(crate) fn device_codes(&self, scope: &str) -> Result<DeviceCodes, TokenError> {
        let endpoint = self.metadata.device_authorization_endpoint.as_deref();
        let unsupported = || TokenError::Failed(CliError::usage("the provider does not support the device flow"));
        self.post(endpoint.ok_or_else(unsupported)?, &[("scope", scope)])
    }

    /// Revokes a refresh token. Returns `false` if the provider does not support that.
    pub(crate) fn revoke(&self, refresh_token: &str) -> Result<bool, CliError> {
        let Some(endpoint) = &self.metadata.revocation_endpoint else { return Ok(false) };
        let form = [("client_id", &*self.client_id), ("token", refresh_token), ("token_type_hint", "refresh_token")];
        match send(endpoint, Some(&encoded(&form)))?.0 {
            200..=299 => Ok(true),
            status => Err(CliError::Unreachable(format!("{endpoint} responded with status {status}"))),
        }
    }

    fn post<T: DeserializeOwned>(&self, endpoint: &str, form: &[(&str, &str)]) -> Result<T, TokenError> {
        let form = [&[("client_id", &*self.client_id)], form].concat();
        let (status, body) = send(endpoint, Some(&encoded(&form))).map_err(TokenError::Failed)?;
        if status == 200 {
            return read(endpoint, &body).map_err(TokenError::Failed);
        }
        Err(match serde_json::from_str(&body) {
            Ok(refused) if status < 500 => TokenError::Refused(refused),
            _ => TokenError::Failed(CliError::Unreachable(format!("{endpoint} responded with status {status}"))),
        })
    }
}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.error_description {
            // These only repeat the description; the others help the operator of the provider.
            Some(description) if ["invalid_grant", "access_denied", "expired_token"].contains(&self.error.as_str()) => {
                f.write_str(description.trim_end_matches('.'))
            }
            Some(description) => write!(f, "{} ({})", description.trim_end_matches('.'), self.error),
            None => f.write_str(&self.error),
        }
    }
}

impl From<TokenError> for CliError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Refused(refused) => Self::sign_in(format!("the provider denied the sign-in: {refused}")),
            TokenError::Failed(error) => error,
        }
    }
}

/// Sends a GET, or a POST with a form. Returns status and body.
fn send(endpoint: &str, form: Option<&str>) -> Result<(u16, Zeroizing<String>), CliError> {
    let agent = api::agent(&safe_origin(endpoint)?)?;
    let unreachable = |error| api::unreachable(endpoint, &error);
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

/// Origin of an endpoint, if a credential may be sent there.
fn safe_origin(endpoint: &str) -> Result<Url, CliError> {
    let wrong = || CliError::usage(format!("invalid endpoint URL {endpoint} in the discovery document"));
    let uri: Uri = endpoint.parse().map_err(|_| wrong())?;
    let (scheme, authority) = uri.scheme_str().zip(uri.authority()).ok_or_else(wrong)?;
    base_url(&format!("{scheme}://{authority}"), "the provider's endpoint")
}

fn read<T: DeserializeOwned>(url: &str, body: &str) -> Result<T, CliError> {
    // Without the text, which may contain a secret.
    serde_json::from_str(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        CliError::Unreachable(format!("unexpected response from {url} (line {line}, column {column})"))
    })
}
