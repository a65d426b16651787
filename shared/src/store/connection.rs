//! How to reach DynamoDB.

use std::time::Duration;

use crate::env::{ConfigError, Env};

/// How to reach DynamoDB.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, or else `AWS_ENDPOINT_URL`; AWS's own where there is
    /// neither.
    pub endpoint: Option<String>,
    /// `AWS_CA_BUNDLE`: a PEM file whose roots are trusted instead of Amazon's.
    pub ca_bundle: Option<String>,
    /// Access key id and secret access key; those of the environment where there is none.
    pub static_credentials: Option<(String, String)>,
    /// How long to wait for it.
    pub timeouts: Timeouts,
}

/// How long DynamoDB may take. The default is Lambda's: the function answers before the gateway
/// gives up on it, so a store that hangs is a failing store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To take a connection.
    pub connect: Duration,
    /// To answer one attempt of an operation.
    pub attempt: Duration,
    /// To answer an operation, all attempts together.
    pub operation: Duration,
}

impl Timeouts {
    /// For an engine on the same machine, where no gateway gives up and builds may take every core.
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

impl Connection {
    /// Reads the variables that the AWS SDKs share.
    ///
    /// # Errors
    /// When there is no region.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            region: env.require("AWS_REGION")?,
            endpoint: env.get("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| env.get("AWS_ENDPOINT_URL")),
            ca_bundle: env.get("AWS_CA_BUNDLE"),
            static_credentials: None,
            timeouts: Timeouts::default(),
        })
    }
}
