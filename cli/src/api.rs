//! HTTP client of the service. Credentials are sent only over HTTPS or to this machine, and never to the
//! target of a redirect.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use portcullis::api_types::Problem;
use portcullis::https_url::Url;
use portcullis::secret::TokenPrefix;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use ureq::http::{HeaderValue, Method, Request};
use ureq::tls::{RootCerts, TlsConfig};
use zeroize::Zeroizing;

use crate::error::ApiError;
use crate::{CliError, io_error, proxy};

/// Longer than API Gateway's integration timeout of 29 seconds.
const TIMEOUT: Duration = Duration::from_secs(35);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum response size: the payload limit of API Gateway.
const MAX_BYTES: u64 = 10 * 1024 * 1024;
/// All characters but those that RFC 3986 leaves unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A credential. It has no `Debug` or `Display`, so it is never printed.
pub(crate) struct Credential {
    secret: Zeroizing<String>,
    /// Its source, for messages.
    source: String,
}

/// Client of the service, with or without a credential.
pub(crate) struct Api {
    agent: ureq::Agent,
    base: Url,
    credential: Option<Credential>,
}

/// Builder of a request.
pub(crate) struct ApiRequest<'a> {
    api: &'a Api,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(&'static str, String)>,
    body: Option<Zeroizing<String>>,
}

/// Successful response of the service.
pub(crate) struct ApiResponse {
    /// Whether the status is 201.
    pub(crate) created: bool,
    /// Version of the resource.
    pub(crate) etag: Option<String>,
    /// The unchanged body; it may contain a secret.
    pub(crate) body: Zeroizing<String>,
}

impl Credential {
    pub(crate) fn new(secret: Zeroizing<String>, source: impl Into<String>) -> Self {
        Self { secret, source: source.into() }
    }
}

/// Percent-encodes a path segment.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Encodes names and values as a form or query string.
pub(crate) fn encoded(pairs: &[(impl AsRef<str>, impl AsRef<str>)]) -> Zeroizing<String> {
    let pairs = pairs.iter().map(|(name, value)| format!("{}={}", segment(name.as_ref()), segment(value.as_ref())));
    Zeroizing::new(pairs.collect::<Vec<_>>().join("&"))
}

/// Quotes a version for `If-Match`: `7` becomes `"7"`. Quoted tags and `*` are not changed.
pub(crate) fn quoted(tag: &str) -> String {
    if tag.contains('"') || tag == "*" { tag.to_owned() } else { format!("\"{tag}\"") }
}

/// HTTP agent for one host, with timeouts, which follows no redirects.
///
/// # Errors
/// When the proxy settings of the environment are invalid.
pub(crate) fn agent(base: &Url) -> Result<ureq::Agent, CliError> {
    // No proxy for services on this machine.
    let proxy = if base.is_loopback() { None } else { proxy::for_host(base.host().trim_matches(['[', ']']))? };
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    let config = ureq::Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_global(Some(TIMEOUT))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
        .proxy(proxy);
    Ok(config.build().into())
}

impl Api {
    /// # Errors
    /// When the proxy settings of the environment are invalid.
    pub(crate) fn new(base: Url, credential: Option<Credential>) -> Result<Self, CliError> {
        Ok(Self { agent: agent(&base)?, base, credential })
    }

    /// URL of the service.
    pub(crate) fn url(&self) -> &str {
        self.base.as_str()
    }

    /// Token prefix of the deployment, if the credential is an API token.
    pub(crate) fn token_prefix(&self) -> Option<TokenPrefix> {
        let (prefix, _) = self.credential.as_ref()?.secret.split_once('_')?;
        prefix.parse().ok()
    }

    pub(crate) fn get(&self, path: impl Into<String>) -> ApiRequest<'_> {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: impl Into<String>) -> ApiRequest<'_> {
        self.request(Method::POST, path)
    }

    /// Starts a request; `path` begins with a slash.
    pub(crate) fn request(&self, method: Method, path: impl Into<String>) -> ApiRequest<'_> {
        ApiRequest { api: self, method, path: path.into(), query: Vec::new(), headers: Vec::new(), body: None }
    }
}

/// The cursors followed in one list. Detects repeated cursors, which would loop forever.
#[derive(Default)]
pub(crate) struct Cursors(HashSet<String>);

impl Cursors {
    /// Records the cursor of the next page and returns it.
    ///
    /// # Errors
    /// When the service returned this cursor before.
    pub(crate) fn follow(&mut self, next: Option<String>) -> Result<Option<String>, CliError> {
        match next {
            Some(cursor) if !self.0.insert(cursor.clone()) => Err(CliError::Unreachable(
                "the service returned the same page of the list again, so the list would never end".to_owned(),
            )),
            next => Ok(next),
        }
    }
}

impl ApiRequest<'_> {
    /// Adds a query parameter, if it has a value.
    pub(crate) fn query(mut self, name: &str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (name.to_owned(), value.to_string())));
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets a JSON body.
    pub(crate) fn json(self, body: &impl Serialize) -> Self {
        // Types of strings and numbers cannot fail to serialize.
        let text = serde_json::to_string(body).unwrap_or_default();
        self.header("content-type", "application/json").text(Zeroizing::new(text))
    }

    /// Sets a form body.
    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        self.header("content-type", "application/x-www-form-urlencoded").text(encoded(fields))
    }

    fn text(mut self, body: Zeroizing<String>) -> Self {
        self.body = Some(body);
        self
    }

    /// Sends the request once. It is never retried, because it may have been processed.
    ///
    /// # Errors
    /// When the service responds with an error, or is unreachable.
    pub(crate) fn send(self) -> Result<ApiResponse, CliError> {
        let api = self.api;
        let path = self.path.clone();
        let request = self.build()?;
        let mut response = api.agent.run(request).map_err(|error| unreachable(api.url(), &error))?;
        let status = response.status().as_u16();
        let etag = response.headers().get("etag").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = response.body_mut().with_config().limit(MAX_BYTES).read_to_string();
        let body = Zeroizing::new(body.map_err(|error| unreachable(api.url(), &error))?);
        if (200..300).contains(&status) {
            return Ok(ApiResponse { created: status == 201, etag, body });
        }
        Err(api.error(status, &body, &path))
    }

    fn build(self) -> Result<Request<String>, CliError> {
        let query = encoded(&self.query);
        let question = if query.is_empty() { "" } else { "?" };
        let uri = format!("{}{}{question}{}", self.api.base.as_str(), self.path, *query);
        let mut request = Request::builder().method(self.method).uri(uri).header("accept", "application/json");
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        if let Some(credential) = &self.api.credential {
            let value = HeaderValue::from_str(&format!("Bearer {}", *credential.secret));
            let mut value = value
                .map_err(|_| CliError::usage("the credential contains characters that are not allowed in a header"))?;
            value.set_sensitive(true);
            request = request.header("authorization", value);
        }
        let body = self.body.map(|text| text.to_string()).unwrap_or_default();
        request.body(body).map_err(|error| CliError::usage(format!("invalid request: {error}")))
    }
}

impl Api {
    fn error(&self, status: u16, body: &str, path: &str) -> CliError {
        let Some(problem) = problem(body) else {
            let url = self.base.as_str();
            return CliError::Unreachable(match status {
                300..=399 => format!("{url} responded with a redirect, which is not followed; check the service URL"),
                429 | 500..=599 => format!("{url} failed (status {status}); try again in a moment"),
                _ => format!("unexpected response from {url} (status {status}); check the service URL"),
            });
        };
        let source = self.credential.as_ref().map(|credential| credential.source.clone());
        let document = body.to_owned();
        CliError::Refused(ApiError::new(status, problem, document, source, path))
    }
}

impl ApiResponse {
    /// Response of a directly invoked Lambda function.
    ///
    /// # Errors
    /// When it is a problem document.
    pub(crate) fn from_lambda(body: Zeroizing<String>) -> Result<Self, CliError> {
        match problem(&body) {
            None => Ok(Self { created: true, etag: None, body }),
            Some(problem) => {
                let (status, document) = (problem.status, body.to_string());
                Err(CliError::Refused(ApiError::new(status, problem, document, None, "")))
            }
        }
    }

    /// Parses the body.
    ///
    /// # Errors
    /// When it does not have the expected type.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, CliError> {
        serde_json::from_str(&self.body).map_err(|error| {
            if !error.is_data() {
                return CliError::Unreachable(
                    "the response is not from this service; check the service URL".to_owned(),
                );
            }
            // The position without the text, which may contain a secret.
            let (line, column) = (error.line(), error.column());
            CliError::Unreachable(format!(
                "this version does not understand the response (line {line}, column {column})"
            ))
        })
    }
}

/// Parses a problem document or an OAuth error (RFC 6749, section 5.2). `None` for other bodies, such as
/// errors of a gateway that is not the service's.
fn problem(body: &str) -> Option<Problem> {
    #[derive(Deserialize)]
    struct OAuthError {
        error: String,
        error_description: Option<String>,
    }
    let problem = serde_json::from_str(body).ok().filter(|problem: &Problem| !problem.r#type.is_empty());
    let oauth_error = || {
        let OAuthError { error, error_description } = serde_json::from_str(body).ok()?;
        Some(Problem { title: error, detail: error_description, ..Problem::default() })
    };
    problem.or_else(oauth_error)
}

/// The error of a request without a response that could be read.
pub(crate) fn unreachable(url: &str, error: &ureq::Error) -> CliError {
    CliError::Unreachable(match error {
        ureq::Error::Timeout(_) => format!("{url} timed out"),
        ureq::Error::HostNotFound => format!("{url}: host not found"),
        ureq::Error::BodyExceedsLimit(limit) => format!("the response of {url} is larger than {limit} bytes"),
        ureq::Error::Protocol(_) => format!("{url} did not send a valid HTTP response; check the URL"),
        ureq::Error::Rustls(error) => insecure(url, error),
        ureq::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(error) => insecure(url, error),
            None => format!("{url} cannot be reached: {}", io_error::explain(error)),
        },
        error => format!("{url} cannot be reached: {error}"),
    })
}

/// Why no encrypted connection was made.
fn insecure(url: &str, error: &rustls::Error) -> String {
    use rustls::{CertificateError, Error, InvalidMessage};
    match error {
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => match Url::parse(url) {
            // Only to this machine may a credential go unencrypted.
            Some(parsed) if parsed.is_loopback() => {
                format!("{url} does not speak HTTPS; use {}", url.replacen("https://", "http://", 1))
            }
            _ => format!("{url} does not speak HTTPS; check its host and port"),
        },
        Error::InvalidCertificate(certificate) => {
            let why = match certificate {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => "has expired",
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => "is not valid yet",
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    "is for another host"
                }
                CertificateError::UnknownIssuer => "is not from an authority that this machine trusts",
                CertificateError::Revoked => "was revoked",
                other => return format!("the certificate of {url} is not valid: {other}"),
            };
            format!("the certificate of {url} {why}")
        }
        error => format!("no encrypted connection to {url}: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use rustls::{CertificateError, InvalidMessage};

    use super::*;

    #[test]
    fn errors_of_a_connection_are_in_words() {
        let tls = |error: rustls::Error| ureq::Error::Io(io::Error::new(io::ErrorKind::InvalidData, error));
        let plain = || rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
        let certificate = |error| tls(rustls::Error::InvalidCertificate(error));
        let url = "https://api.example";
        for (error, message) in [
            (tls(plain()), "https://api.example does not speak HTTPS; check its host and port"),
            (ureq::Error::Rustls(plain()), "https://api.example does not speak HTTPS; check its host and port"),
            (certificate(CertificateError::Expired), "the certificate of https://api.example has expired"),
            (
                certificate(CertificateError::UnknownIssuer),
                "the certificate of https://api.example is not from an authority that this machine trusts",
            ),
            (ureq::Error::HostNotFound, "https://api.example: host not found"),
            (
                ureq::Error::Io(io::Error::from_raw_os_error(113)),
                "https://api.example cannot be reached: no route to host",
            ),
        ] {
            assert_eq!(unreachable(url, &error).to_string(), message);
        }
        let local = unreachable("https://127.0.0.1:9050", &tls(plain())).to_string();
        assert_eq!(local, "https://127.0.0.1:9050 does not speak HTTPS; use http://127.0.0.1:9050");
    }
}
