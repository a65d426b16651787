//! Measures how long APIs accept a revoked token.

use std::thread;
use std::time::{Duration, Instant};

use portcullis::api_types::TokenWithSecret;
use portcullis::https_url::Url;
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::findings::Finding;
use crate::api::{Api, agent, unreachable};
use crate::flag_value::whole_number;
use crate::{CliError, Context};

/// Pause between two requests to an API that still accepts the revoked token.
const PAUSE: Duration = Duration::from_millis(500);
/// Lifetime of the token, in case it cannot be revoked.
const LIFETIME: &str = "15m";

/// Flags of the measurement.
#[derive(Debug, clap::Args)]
pub(super) struct ProbeFlags {
    /// Measure a revocation: create a token, GET this URL of your API with it, revoke it, and repeat the request until
    /// it is refused; repeatable
    #[arg(long, value_name = "URL", requires_all = ["permission", "resource"])]
    probe: Vec<String>,
    /// Permission that the requests need; repeatable
    #[arg(long, requires = "probe")]
    permission: Vec<String>,
    /// Resource that the requests need, or '*' for all; repeatable
    #[arg(long, requires = "probe", allow_hyphen_values = true)]
    resource: Vec<String>,
    /// Seconds to wait for a refusal [default: 10 more than the longest TTL of your APIs]
    #[arg(long, requires = "probe", value_name = "SECONDS", value_parser = |text: &str| whole_number(text, 0, None))]
    wait: Option<u32>,
}

/// Measurement of one API.
#[derive(Serialize)]
pub(super) struct Measurement {
    pub(super) url: String,
    /// Seconds from the response to the revocation to the first refusal; `None` if there was none.
    pub(super) refused_after: Option<f64>,
    /// When the last request was sent that was accepted after the revocation.
    #[serde(skip)]
    accepted_at: Option<Duration>,
    #[serde(skip)]
    pub(super) finding: Option<Finding>,
}

/// An API to call.
struct Target {
    url: Url,
    agent: ureq::Agent,
}

/// The token that is revoked.
struct ProbeToken {
    id: String,
    secret: Zeroizing<String>,
}

impl ProbeFlags {
    /// Creates a token, calls the APIs, revokes the token, and calls them until each has refused it.
    ///
    /// # Errors
    /// When the token cannot be created or revoked, or an API cannot be reached.
    pub(super) fn run(
        &self,
        cache_seconds: u32,
        max_ttl: u32,
        context: &Context,
    ) -> Result<Vec<Measurement>, CliError> {
        let targets: Vec<_> = self.probe.iter().map(|url| Target::new(url)).collect::<Result<_, _>>()?;
        if targets.is_empty() {
            return Ok(Vec::new());
        }
        let api = context.api()?;
        let _progress = context.out.progress("Measuring a revocation");
        let token = self.create(&api)?;
        let before: Vec<_> = targets.iter().map(|target| target.before_revocation(&token.secret)).collect();
        // Even if an API cannot be reached.
        let revoke = api.post(format!("/tokens/{}/revoke", token.id)).json(&json!({})).send();
        let revoked = Instant::now();
        revoke.inspect_err(|_| {
            context.out.warn(&format!("token {} was not revoked; it expires {LIFETIME} after its creation", token.id));
        })?;
        let mut measurements = before.into_iter().collect::<Result<Vec<_>, _>>()?;
        let wait = self.wait.unwrap_or(max_ttl.max(cache_seconds) + 10);
        wait_for_refusals(&targets, &mut measurements, &token.secret, revoked, Duration::from_secs(wait.into()))?;
        for measurement in &mut measurements {
            measurement.compare_with(cache_seconds);
        }
        Ok(measurements)
    }

    fn create(&self, api: &Api) -> Result<ProbeToken, CliError> {
        let body = json!({
            "name": "portcullis doctor",
            "permissions": self.permission,
            "resources": self.resource,
            "expires_in": LIFETIME,
        });
        let response = api.post("/tokens").json(&body).send()?;
        let created: TokenWithSecret<'_> = response.read()?;
        Ok(ProbeToken { secret: Zeroizing::new(created.token.into_owned()), id: created.view.id })
    }
}

impl Target {
    fn new(url: &str) -> Result<Self, CliError> {
        let invalid =
            || CliError::usage(format!("--probe {url}: must be an https URL, or an http URL of this machine"));
        let url = Url::parse(url).ok_or_else(invalid)?;
        Ok(Self { agent: agent(&url)?, url })
    }

    /// Status of a GET request.
    fn status(&self, secret: Option<&str>) -> Result<u16, CliError> {
        let mut request = self.agent.get(self.url.as_str());
        if let Some(secret) = secret {
            request = request.header("authorization", format!("Bearer {secret}"));
        }
        let failed = |error| unreachable(self.url.as_str(), &error);
        Ok(request.call().map_err(failed)?.status().as_u16())
    }

    /// Calls the API without the token and with it. A revocation can be measured only if this makes the difference.
    fn before_revocation(&self, secret: &str) -> Result<Measurement, CliError> {
        let url = self.url.as_str();
        let (without, with) = (self.status(None)?, self.status(Some(secret))?);
        let finding = if !is_refusal(without) {
            Some(Finding::new(url, "request without a token", format!("status {without}"), "status 401 or 403"))
        } else if is_refusal(with) || with >= 500 {
            let expected = "accepted; if the token lacks a permission, use --permission and --resource";
            Some(Finding::new(url, "request with a new token", format!("status {with}"), expected))
        } else {
            None
        };
        Ok(Measurement { url: url.to_owned(), refused_after: None, accepted_at: None, finding })
    }
}

impl Measurement {
    /// Adds a finding, if the token was accepted for longer than responses may be cached.
    fn compare_with(&mut self, cache_seconds: u32) {
        let limit = Duration::from_secs(cache_seconds.into());
        let too_late = self.accepted_at.filter(|at| *at > limit || self.refused_after.is_none());
        self.finding = self.finding.take().or_else(|| {
            let found = format!("accepted {:.3} s after the revocation", too_late?.as_secs_f64());
            Some(Finding::new(&self.url, "revoked token", found, format!("refused after {cache_seconds} s")))
        });
    }
}

/// Calls the APIs until each has refused the revoked token, or the time to wait is over.
fn wait_for_refusals(
    targets: &[Target],
    measurements: &mut [Measurement],
    secret: &str,
    revoked: Instant,
    wait: Duration,
) -> Result<(), CliError> {
    loop {
        let mut is_complete = true;
        let pairs = targets.iter().zip(measurements.iter_mut());
        for (target, measurement) in pairs.filter(|(_, one)| one.finding.is_none() && one.refused_after.is_none()) {
            let sent = revoked.elapsed();
            if is_refusal(target.status(Some(secret))?) {
                measurement.refused_after = Some(revoked.elapsed().as_secs_f64());
            } else {
                measurement.accepted_at = Some(sent);
                is_complete = false;
            }
        }
        if is_complete || revoked.elapsed() >= wait {
            return Ok(());
        }
        thread::sleep(PAUSE);
    }
}

/// An HTTP API refuses an invalid token with 403.
fn is_refusal(status: u16) -> bool {
    matches!(status, 401 | 403)
}
