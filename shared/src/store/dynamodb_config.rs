//! Connection settings of DynamoDB.

use std::time::Duration;

use crate::endpoint_variant::EndpointVariant;
use crate::env::{ConfigError, Env};

/// Connection settings of DynamoDB.
#[derive(Clone, Debug, Default)]
pub struct DynamoDbConfig {
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, or else `AWS_ENDPOINT_URL`; default: AWS's endpoint of the region.
    pub endpoint: Option<String>,
    /// Variant of AWS's endpoint.
    pub endpoint_variant: EndpointVariant,
    /// `AWS_CA_BUNDLE`: a PEM file with the root certificates to trust instead of Amazon's.
    pub ca_bundle: Option<String>,
    /// Access key ID and secret access key; `None` uses those of the environment.
    pub static_credentials: Option<(String, String)>,
    /// Timeouts of calls.
    pub timeouts: Timeouts,
}

/// Timeouts of DynamoDB calls. The defaults are for Lambda: a function fails before the gateway's own timeout,
/// so a store that hangs counts as failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Timeout for connecting.
    pub connect: Duration,
    /// Timeout for one attempt of an operation.
    pub attempt: Duration,
    /// Timeout for an operation, including all attempts.
    pub operation: Duration,
}

impl Timeouts {
    /// Timeouts for an engine on the same machine, where no gateway times out and other work may use every
    /// core.
    pub const ONE_MACHINE: Self = Self {
        connect: Duration::from_secs(60),
        attempt: Duration::from_secs(60),
        operation: Duration::from_secs(180),
    };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(1),
            attempt: Duration::from_millis(1500),
            operation: Duration::from_secs(4),
        }
    }
}

impl DynamoDbConfig {
    /// Reads the variables that the AWS SDKs share.
    ///
    /// # Errors
    /// When no region is set, or a variable is invalid.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            region: env.require("AWS_REGION")?,
            endpoint: env.get("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| env.get("AWS_ENDPOINT_URL")),
            endpoint_variant: EndpointVariant::from_env(env)?,
            ca_bundle: env.get("AWS_CA_BUNDLE"),
            static_credentials: None,
            timeouts: Timeouts::default(),
        })
    }
}
