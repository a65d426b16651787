//! The SDK client, tuned for cold starts: its own TLS setup, and credentials straight from the environment.
//! `docs/architecture.md` has the measurements.

use aws_config::environment::credentials::EnvironmentVariableCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Config, Credentials, Region};

use crate::env::ConfigError;
use crate::store::{DynamoDbConfig, Timeouts};
use crate::tls;

/// Creates a client for DynamoDB, at AWS or at another endpoint with the same protocol.
///
/// # Errors
/// When the file named by `AWS_CA_BUNDLE` cannot be read.
pub fn connect(connection: DynamoDbConfig) -> Result<Client, ConfigError> {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::provider())
        .tls_context(tls::to_aws(connection.ca_bundle.as_deref())?)
        .build_https();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(connection.region))
        .http_client(http)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts(connection.timeouts));
    // The SDK shares its retry quota by service and region; a custom endpoint gets a quota of its own.
    let config = match &connection.endpoint {
        Some(url) => config.retry_partition(RetryPartition::new(url.clone())),
        None => config,
    };
    let config = match connection.static_credentials {
        Some((id, secret)) => config.credentials_provider(Credentials::new(id, secret, None, None, "static")),
        None => config.credentials_provider(EnvironmentVariableCredentialsProvider::new()),
    };
    Ok(Client::from_conf(at(connection.endpoint, config).build()))
}

fn at(endpoint: Option<String>, config: Builder) -> Builder {
    match endpoint {
        Some(url) => config.endpoint_url(url),
        None => config,
    }
}

/// Settings for writes after the response: one attempt, with a fifth of the client's operation timeout. In
/// Lambda that is less than the time left after all other timeouts.
pub(super) fn best_effort_config(client: &Client) -> Builder {
    let operation = client.config().timeout_config().and_then(TimeoutConfig::operation_timeout);
    let mut timeouts = TimeoutConfig::builder();
    timeouts.set_operation_timeout(operation.map(|timeout| timeout / 5));
    Config::builder().timeout_config(timeouts.build()).retry_config(RetryConfig::disabled())
}

fn timeouts(timeouts: Timeouts) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(timeouts.connect)
        .operation_attempt_timeout(timeouts.attempt)
        .operation_timeout(timeouts.operation)
        .build()
}
