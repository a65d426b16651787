//! Flushes the gateways' caches of authorizer responses, so that a revocation takes effect before they expire.
//!
//! | module | contents |
//! | --- | --- |
//! | `stages` | the stages to flush |
//! | `sigv4` | AWS request signing |
//!
//! It makes two calls of API Gateway's control plane and must not know about tokens, the table or callers.
//! Nothing is loaded before the first call, so it does not slow down a cold start.
//!
//! Sources: [`FlushStageAuthorizersCache`] (REST APIs), [`ResetAuthorizersCache`] (HTTP
//! APIs).
//!
//! [`FlushStageAuthorizersCache`]: https://docs.aws.amazon.com/apigateway/latest/api/API_FlushStageAuthorizersCache.html
//! [`ResetAuthorizersCache`]: https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages-stagename-cache-authorizers.html

mod settings;
mod sigv4;
mod stages;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use futures_util::future::join_all;
use rand::TryRng as _;
use rand::rngs::SysRng;

use crate::clock::Clock;
use crate::endpoint_variant::EndpointVariant;
use crate::env::{ConfigError, Env};
use crate::tls;
use settings::AwsCredentials;

pub use settings::Settings;
pub use stages::{Stage, Stages};

/// Service name of API Gateway's control plane in signatures and host names.
const SERVICE: &str = "apigateway";
/// Timeout for one response of the control plane.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum number of attempts per stage.
const MAX_ATTEMPTS: u32 = 3;
/// Maximum delay before the second attempt; twice that before the third.
const RETRY_BACKOFF: Duration = Duration::from_millis(100);

/// Flushes the authorizer caches of a list of stages.
#[derive(Clone, Debug)]
pub struct CacheFlusher {
    stages: Stages,
    region: String,
    /// URL of the control plane, without a trailing slash.
    endpoint: String,
    /// `None`: use the credentials of the environment.
    credentials: Option<Credentials>,
    ca_bundle: Option<String>,
    connector: Arc<OnceLock<Connector>>,
    clock: Clock,
    timeout: Duration,
    pause: Duration,
}

/// Why caches may still hold responses. It contains no secrets.
#[derive(Debug, thiserror::Error)]
pub enum FlushError {
    /// No call was made: the environment lacks a setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// These stages failed; all others were flushed.
    #[error("could not flush the authorizer cache at {}", listed(.0))]
    Stages(Vec<StageFailure>),
}

/// A stage that could not be flushed, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{stage} ({reason})")]
pub struct StageFailure {
    /// The stage.
    pub stage: Stage,
    /// The error of the last attempt.
    pub reason: FlushErrorKind,
}

/// Error of flushing a stage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlushErrorKind {
    /// The API or the stage does not exist.
    #[error("unknown stage")]
    Unknown,
    /// Any status other than success.
    #[error("status {0}")]
    Status(u16),
    /// No response within the timeout.
    #[error("no response within {0:?}")]
    Timeout(Duration),
    /// No connection.
    #[error("no connection or no valid HTTP response")]
    Unreachable,
    /// The endpoint is not a URL.
    #[error("the endpoint is not a URL")]
    NoUrl,
    /// The credentials cannot sign a request.
    #[error("the request cannot be signed")]
    SigningError,
}

impl FlushErrorKind {
    /// Whether another attempt may succeed.
    fn may_pass(&self) -> bool {
        match self {
            Self::Status(status) => matches!(status, 429 | 500..=599),
            Self::Timeout(_) | Self::Unreachable => true,
            Self::Unknown | Self::NoUrl | Self::SigningError => false,
        }
    }
}

impl CacheFlusher {
    /// A flusher for these stages, at AWS or at another endpoint that has the two calls. The credentials are an
    /// access key ID and its secret; `None` uses those of the environment.
    pub fn new(
        stages: Stages,
        region: impl Into<String>,
        endpoint: Option<String>,
        credentials: Option<(String, String)>,
    ) -> Self {
        let region = region.into();
        let endpoint = endpoint.unwrap_or_else(|| EndpointVariant::default().url(SERVICE, &region));
        Self {
            stages,
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            region,
            credentials: credentials.map(|(id, secret)| Credentials::new(id, secret, None, None, "static")),
            ca_bundle: None,
            connector: Arc::default(),
            clock: Clock::system(),
            timeout: TIMEOUT,
            pause: RETRY_BACKOFF,
        }
    }

    /// Sets the timeout for each response of the control plane.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The flusher of a deployed function: the stages that the operator configured, with the credentials that
    /// Lambda provides.
    ///
    /// # Errors
    /// Names the variable that is missing or invalid.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        let Settings { stages, region, endpoint, endpoint_variant, ca_bundle } = Settings::from_env(env)?;
        let endpoint = endpoint.unwrap_or_else(|| endpoint_variant.url(SERVICE, &region));
        Ok(Self { ca_bundle, ..Self::new(stages, region, Some(endpoint), None) })
    }

    /// The stages that it flushes.
    #[must_use]
    pub fn stages(&self) -> &Stages {
        &self.stages
    }

    /// Flushes the caches of all stages concurrently. It takes less than seven seconds, whatever happens.
    ///
    /// # Errors
    /// Names each stage that failed. Every stage was tried, unless the environment lacks credentials or root
    /// certificates.
    pub async fn flush(&self) -> Result<(), FlushError> {
        if self.stages.is_empty() {
            return Ok(());
        }
        let credentials = match &self.credentials {
            Some(credentials) => credentials.clone(),
            None => from_env()?,
        };
        let connector = self.connector()?;
        let outcomes = join_all(self.stages.iter().map(|stage| self.empty(stage, &credentials, connector))).await;
        let failures: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
        if failures.is_empty() { Ok(()) } else { Err(FlushError::Stages(failures)) }
    }

    async fn empty(&self, stage: &Stage, credentials: &Credentials, connector: &Connector) -> Result<(), StageFailure> {
        let mut tries = 1;
        loop {
            match self.once(stage, credentials, connector).await {
                Ok(()) => return Ok(()),
                Err(reason) if tries < MAX_ATTEMPTS && reason.may_pass() => {}
                Err(reason) => return Err(StageFailure { stage: stage.clone(), reason }),
            }
            tokio::time::sleep(part_of(self.pause * tries)).await;
            tries += 1;
        }
    }

    async fn once(
        &self,
        stage: &Stage,
        credentials: &Credentials,
        connector: &Connector,
    ) -> Result<(), FlushErrorKind> {
        let request = delete(&format!("{}{}", self.endpoint, stage.path())).ok_or(FlushErrorKind::NoUrl)?;
        // Signed again for each attempt, because signatures expire.
        let request = sigv4::signed(request, credentials.clone(), SERVICE, &self.region, self.clock.now());
        let request = request.map_err(|_| FlushErrorKind::SigningError)?;
        let response = tokio::time::timeout(self.timeout, connector.call(request)).await;
        let response =
            response.map_err(|_| FlushErrorKind::Timeout(self.timeout))?.map_err(|_| FlushErrorKind::Unreachable)?;
        match response.status().as_u16() {
            200..=299 => Ok(()),
            404 => Err(FlushErrorKind::Unknown),
            status => Err(FlushErrorKind::Status(status)),
        }
    }

    fn connector(&self) -> Result<&Connector, ConfigError> {
        if let Some(made) = self.connector.get() {
            return Ok(made);
        }
        let roots = tls::to_aws(self.ca_bundle.as_deref())?;
        let made = Connector::builder().tls_provider(tls::provider()).tls_context(roots).build();
        Ok(self.connector.get_or_init(|| made))
    }
}

fn delete(url: &str) -> Option<Request> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    // The signer panics if there is no host.
    if rest.starts_with(['/', '?', '#', ':']) {
        return None;
    }
    let mut request = Request::new(SdkBody::empty());
    request.set_method("DELETE").ok()?;
    request.set_uri(url).ok()?;
    Some(request)
}

fn from_env() -> Result<Credentials, ConfigError> {
    let AwsCredentials { access_key_id, secret_access_key, session_token } = AwsCredentials::from_env(Env::process())?;
    Ok(Credentials::new(access_key_id, secret_access_key, session_token, None, "environment"))
}

/// A random part of a delay, so that throttled stages do not retry at once.
fn part_of(most: Duration) -> Duration {
    SysRng.try_next_u32().map_or(most, |drawn| most.mul_f64(f64::from(drawn) / f64::from(u32::MAX)))
}

fn listed(failures: &[StageFailure]) -> String {
    failures.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
