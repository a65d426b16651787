//! The SDK client, tuned for a cold start: its own TLS, credentials straight from the
//! environment. The figures are in `docs/architecture.md`.

use std::time::Duration;

use aws_config::environment::credentials::EnvironmentVariableCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Config, Credentials, Region};

use crate::config::{ConfigError, Connection};
use crate::tls;

/// A client for the table's DynamoDB: AWS itself, or any endpoint that speaks its protocol.
///
/// # Errors
/// When the file that `AWS_CA_BUNDLE` names cannot be read.
pub fn connect(connection: Connection) -> Result<Client, ConfigError> {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::provider())
        .tls_context(tls::to_aws(connection.ca_bundle.as_deref())?)
        .build_https();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(connection.region))
        .http_client(http)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts());
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

/// For what nobody waits for: tried once, for less than a function has left when it has
/// waited for everything else.
pub(super) fn briefly() -> Builder {
    let timeouts = TimeoutConfig::builder().operation_timeout(Duration::from_millis(800)).build();
    Config::builder().timeout_config(timeouts).retry_config(RetryConfig::disabled())
}

/// Short enough that the function answers before the gateway gives up on it: a store that
/// hangs is a failing store.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_millis(1500))
        .operation_timeout(Duration::from_secs(4))
        .build()
}
