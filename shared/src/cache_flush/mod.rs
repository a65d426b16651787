//! Emptying what gateways keep of the authorizer's answers, so that a revocation need not
//! wait until the time of those is over.
//!
//! | module | for |
//! | --- | --- |
//! | `stages` | which stages of which APIs |
//! | `sign` | AWS's signature of a request |
//!
//! It knows two calls of API Gateway's control plane, and must not know who is revoked, the
//! table, or who asks for it. Nothing is loaded before the first call: a function that may
//! flush starts as fast as one that never does.
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
use crate::env::{ConfigError, Env};
use crate::tls;
use settings::AwsCredentials;

pub use settings::Settings;
pub use stages::{Stage, Stages};

/// For one answer of the control plane.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How often a stage is tried before it has failed.
const MAX_ATTEMPTS: u32 = 3;
/// The longest pause before the second try; before the third it is twice that.
const RETRY_BACKOFF: Duration = Duration::from_millis(100);

/// Empties the authorizer caches of some stages.
#[derive(Clone, Debug)]
pub struct CacheFlusher {
    stages: Stages,
    region: String,
    /// The control plane, without a slash at the end.
    endpoint: String,
    /// Those of the environment where there is none.
    credentials: Option<Credentials>,
    ca_bundle: Option<String>,
    connector: Arc<OnceLock<Connector>>,
    clock: Clock,
    timeout: Duration,
    pause: Duration,
}

/// Why there are gateways that may still keep answers. Nothing secret is in it.
#[derive(Debug, thiserror::Error)]
pub enum FlushError {
    /// None was asked: the environment lacks what it takes.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// These failed; all others are empty.
    #[error("the authorizer cache may not be empty at {}", listed(.0))]
    Stages(Vec<StageFailure>),
}

/// A stage, and why its cache may not be empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{stage} ({reason})")]
pub struct StageFailure {
    /// The stage.
    pub stage: Stage,
    /// What went wrong, at the last try.
    pub reason: FlushErrorKind,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlushErrorKind {
    /// The control plane knows no such API, or no such stage of it.
    #[error("the stage is unknown")]
    Unknown,
    /// It answered something else than that it was done.
    #[error("answered {0}")]
    Status(u16),
    /// It did not answer in time.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// There was nobody to ask.
    #[error("no connection, or no HTTP")]
    Unreachable,
    /// There was nowhere to ask.
    #[error("the endpoint is not a URL")]
    NoUrl,
    /// The credentials do not make a signature.
    #[error("the request cannot be signed")]
    SigningError,
}

impl FlushErrorKind {
    /// Whether it may be over at the next try.
    fn may_pass(&self) -> bool {
        match self {
            Self::Status(status) => matches!(status, 429 | 500..=599),
            Self::Timeout(_) | Self::Unreachable => true,
            Self::Unknown | Self::NoUrl | Self::SigningError => false,
        }
    }
}

impl CacheFlusher {
    /// For these stages: of AWS itself, or of any endpoint that has the two calls. The
    /// credentials are an access key id and its secret; those of the environment where there
    /// are none.
    pub fn new(
        stages: Stages,
        region: impl Into<String>,
        endpoint: Option<String>,
        credentials: Option<(String, String)>,
    ) -> Self {
        let region = region.into();
        let endpoint = endpoint.unwrap_or_else(|| endpoint_of_aws(&region));
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

    /// The same, for a control plane that may take so long for each answer.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The flusher of a deployed function: the stages that the operator named, with the
    /// credentials that Lambda gives.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        let Settings { stages, region, endpoint, ca_bundle } = Settings::from_env(env)?;
        Ok(Self { ca_bundle, ..Self::new(stages, region, endpoint, None) })
    }

    /// What it empties.
    #[must_use]
    pub fn stages(&self) -> &Stages {
        &self.stages
    }

    /// Empties the cache of every stage, all at once. It takes less than seven seconds,
    /// whatever happens.
    ///
    /// # Errors
    /// Names each stage that failed. Every one was tried, unless the environment has no
    /// credentials or no roots.
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
        // Signed anew for each try, as a signature gets old.
        let request = sigv4::signed(request, credentials.clone(), &self.region, self.clock.now());
        let request = request.map_err(|_| FlushErrorKind::SigningError)?;
        let answer = tokio::time::timeout(self.timeout, connector.call(request)).await;
        let answer =
            answer.map_err(|_| FlushErrorKind::Timeout(self.timeout))?.map_err(|_| FlushErrorKind::Unreachable)?;
        match answer.status().as_u16() {
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
    // What signs it panics where there is no host.
    if rest.starts_with(['/', '?', '#', ':']) {
        return None;
    }
    let mut request = Request::new(SdkBody::empty());
    request.set_method("DELETE").ok()?;
    request.set_uri(url).ok()?;
    Some(request)
}

fn endpoint_of_aws(region: &str) -> String {
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://apigateway.{region}.{suffix}")
}

fn from_env() -> Result<Credentials, ConfigError> {
    let AwsCredentials { access_key_id, secret_access_key, session_token } = AwsCredentials::from_env(Env::process())?;
    Ok(Credentials::new(access_key_id, secret_access_key, session_token, None, "environment"))
}

/// A random part of a time, so that stages that were told to wait do not come back at once.
fn part_of(most: Duration) -> Duration {
    SysRng.try_next_u32().map_or(most, |drawn| most.mul_f64(f64::from(drawn) / f64::from(u32::MAX)))
}

fn listed(failures: &[StageFailure]) -> String {
    failures.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
