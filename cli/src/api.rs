//! The HTTP client: a request with the credential, JSON in and out, problem documents as
//! failures. A credential goes over https, or to this machine, and never to where a redirect
//! points.

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
use crate::{CliError, proxy};

/// A gateway waits for 29 seconds, and then answers itself.
const TIMEOUT: Duration = Duration::from_secs(35);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A catalog has at most 256 KiB, a page of tokens less than 10 MiB (API Gateway's own limit).
const MAX_BYTES: u64 = 10 * 1024 * 1024;
/// All but what RFC 3986 leaves unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A credential. It prints nowhere.
pub(crate) struct Credential {
    secret: Zeroizing<String>,
    /// Where it came from, in words.
    source: String,
}

/// The service, with a credential or without.
pub(crate) struct Api {
    agent: ureq::Agent,
    base: Url,
    credential: Option<Credential>,
}

/// A request that is still being put together.
pub(crate) struct ApiRequest<'a> {
    api: &'a Api,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(&'static str, String)>,
    body: Option<Zeroizing<String>>,
}

/// What the service answered, where that is no problem document.
pub(crate) struct ApiResponse {
    /// The version of what it shows.
    pub(crate) etag: Option<String>,
    /// The body as it came; there may be a secret in it.
    pub(crate) body: Zeroizing<String>,
}

impl Credential {
    pub(crate) fn new(secret: Zeroizing<String>, source: impl Into<String>) -> Self {
        Self { secret, source: source.into() }
    }
}

/// A part of a path, whatever is in it.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Names and values as a form or a query has them.
pub(crate) fn encoded(pairs: &[(impl AsRef<str>, impl AsRef<str>)]) -> Zeroizing<String> {
    let pairs = pairs.iter().map(|(name, value)| format!("{}={}", segment(name.as_ref()), segment(value.as_ref())));
    Zeroizing::new(pairs.collect::<Vec<_>>().join("&"))
}

/// A version as `If-Match` has it: `7` is `"7"`. What has quotation marks is sent as it is.
pub(crate) fn quoted(tag: &str) -> String {
    if tag.contains('"') || tag == "*" { tag.to_owned() } else { format!("\"{tag}\"") }
}

/// A client for one place: it follows no redirects, and waits only so long.
///
/// # Errors
/// Where the environment's setting of a proxy cannot be read.
pub(crate) fn agent(base: &Url) -> Result<ureq::Agent, CliError> {
    // What stays on this machine needs no proxy, and a proxy needs not see it.
    let proxy = if base.is_loopback() { None } else { proxy::of_host(base.host().trim_matches(['[', ']']))? };
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
    /// Where the environment's setting of a proxy cannot be read.
    pub(crate) fn new(base: Url, credential: Option<Credential>) -> Result<Self, CliError> {
        Ok(Self { agent: agent(&base)?, base, credential })
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        self.base.as_str()
    }

    /// What the deployment's tokens begin with, where the credential is one.
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

    /// A request with a method of one's own; `path` begins with a slash.
    pub(crate) fn request(&self, method: Method, path: impl Into<String>) -> ApiRequest<'_> {
        ApiRequest { api: self, method, path: path.into(), query: Vec::new(), headers: Vec::new(), body: None }
    }
}

/// The cursors of one list. Each is followed once, so that a service that repeats one does not keep the command for ever.
#[derive(Default)]
pub(crate) struct Cursors(HashSet<String>);

impl Cursors {
    /// The cursor of the next page, if there is one.
    ///
    /// # Errors
    /// Where the service gave it before.
    pub(crate) fn follow(&mut self, next: Option<String>) -> Result<Option<String>, CliError> {
        match next {
            Some(cursor) if !self.0.insert(cursor.clone()) => Err(CliError::Unreachable(
                "the service repeats a cursor (next_cursor) that was followed before, so the list has no end"
                    .to_owned(),
            )),
            next => Ok(next),
        }
    }
}

impl ApiRequest<'_> {
    /// A query parameter, if it has a value.
    pub(crate) fn query(mut self, name: &str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (name.to_owned(), value.to_string())));
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A body of JSON.
    pub(crate) fn json(self, body: &impl Serialize) -> Self {
        // Our own types of strings and numbers cannot fail to serialise.
        let text = serde_json::to_string(body).unwrap_or_default();
        self.header("content-type", "application/json").text(Zeroizing::new(text))
    }

    /// A body as a form.
    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        self.header("content-type", "application/x-www-form-urlencoded").text(encoded(fields))
    }

    /// A body as it is.
    fn text(mut self, body: Zeroizing<String>) -> Self {
        self.body = Some(body);
        self
    }

    /// Sends it, once: nothing is repeated that might have been done.
    ///
    /// # Errors
    /// What the service refused, or why it cannot be reached.
    pub(crate) fn send(self) -> Result<ApiResponse, CliError> {
        let api = self.api;
        let request = self.build()?;
        let mut response = api.agent.run(request).map_err(|error| unreachable(&api.base, &error))?;
        let status = response.status().as_u16();
        let etag = response.headers().get("etag").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = response.body_mut().with_config().limit(MAX_BYTES).read_to_string();
        let body = Zeroizing::new(body.map_err(|error| unreachable(&api.base, &error))?);
        if (200..300).contains(&status) {
            return Ok(ApiResponse { etag, body });
        }
        Err(api.error(status, &body))
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
            let mut value = value.map_err(|_| CliError::usage("the credential cannot be sent in a header"))?;
            value.set_sensitive(true);
            request = request.header("authorization", value);
        }
        let body = self.body.map(|text| text.to_string()).unwrap_or_default();
        request.body(body).map_err(|error| CliError::usage(format!("the request cannot be made: {error}")))
    }
}

impl Api {
    fn error(&self, status: u16, body: &str) -> CliError {
        let Some(problem) = problem(body) else {
            let url = self.base.as_str();
            return CliError::Unreachable(match status {
                300..=399 => format!("{url} answered with a redirect, which is not followed; is it the service's URL?"),
                _ => format!("{url} answered {status} with something that is no problem document; is it the service?"),
            });
        };
        let source = self.credential.as_ref().map(|credential| credential.source.clone());
        let document = body.to_owned();
        CliError::Refused(ApiError::new(status, problem, document, source))
    }
}

impl ApiResponse {
    /// What a function of the service answered that was invoked directly.
    ///
    /// # Errors
    /// Where that is a problem document.
    #[cfg(feature = "aws")]
    pub(crate) fn from_lambda(body: Zeroizing<String>) -> Result<Self, CliError> {
        match problem(&body) {
            None => Ok(Self { etag: None, body }),
            Some(problem) => {
                let (status, document) = (problem.status, body.to_string());
                Err(CliError::Refused(ApiError::new(status, problem, document, None)))
            }
        }
    }

    /// The body as a type.
    ///
    /// # Errors
    /// Where it is something else.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, CliError> {
        serde_json::from_str(&self.body).map_err(|error| {
            // The place, and not the text: there may be a secret in it.
            let (line, column) = (error.line(), error.column());
            CliError::Unreachable(format!(
                "the answer is not what this version understands (line {line}, column {column})"
            ))
        })
    }
}

/// A problem document, or the error of a form as OAuth has it (RFC 6749, section 5.2). A gateway
/// that is not the service's answers with JSON as well, which is neither.
fn problem(body: &str) -> Option<Problem> {
    #[derive(Deserialize)]
    struct OfForm {
        error: String,
        error_description: Option<String>,
    }
    let problem = serde_json::from_str(body).ok().filter(|problem: &Problem| !problem.r#type.is_empty());
    let of_form = || {
        let OfForm { error, error_description } = serde_json::from_str(body).ok()?;
        Some(Problem { title: error, detail: error_description, ..Problem::default() })
    };
    problem.or_else(of_form)
}

fn unreachable(base: &Url, error: &ureq::Error) -> CliError {
    let url = base.as_str();
    CliError::Unreachable(match error {
        ureq::Error::Timeout(_) => format!("{url} did not answer in time"),
        ureq::Error::HostNotFound => format!("{url}: there is no such host"),
        ureq::Error::BodyExceedsLimit(_) => format!("{url} answered with more than this command reads"),
        error => format!("{url} cannot be reached: {error}"),
    })
}
