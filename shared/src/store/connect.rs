//! Connects the SDK's client, tuned for cold starts: its own TLS setup, and credentials straight from the environment.
//! `docs/architecture.md` has the measurements.

use aws_config::environment::credentials::EnvironmentVariableCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};

use super::{DynamoDbConfig, Timeouts, TokenStore};
use crate::change_log::ChangeLog;
use crate::endpoint_variant::EndpointVariant;
use crate::env::{ConfigError, Env};
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
    let config = match connection.endpoint {
        Some(url) => config.endpoint_url(url),
        None => {
            let EndpointVariant { fips, dual_stack } = connection.endpoint_variant;
            config.use_fips(fips).use_dual_stack(dual_stack)
        }
    };
    Ok(Client::from_conf(config.build()))
}

impl TokenStore {
    /// The table named by `PORTCULLIS_TABLE`, with the change log on standard output.
    ///
    /// # Errors
    /// Names the missing variable, or the file in `AWS_CA_BUNDLE` that cannot be read.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        let tokens = Self::new(connect(DynamoDbConfig::from_env(env)?)?, env.require("PORTCULLIS_TABLE")?);
        Ok(tokens.with_change_log(ChangeLog::stdout()))
    }

    /// A table at AWS, with the settings and credentials that the SDK found.
    pub fn from_sdk_config(config: &aws_config::SdkConfig, table: impl Into<String>) -> Self {
        Self::new(Client::new(config), table)
    }
}

fn timeouts(timeouts: Timeouts) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(timeouts.connect)
        .operation_attempt_timeout(timeouts.attempt)
        .operation_timeout(timeouts.operation)
        .build()
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// The URL that a client with these variables calls. Nothing is sent.
    async fn url_called(variables: &[(&str, &str)]) -> String {
        let variable =
            |name: &str| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        let config = DynamoDbConfig::from_env(Env::from_fn(&variable)).unwrap();
        let static_credentials = Some(("id".to_owned(), "secret".to_owned()));
        let client = connect(DynamoDbConfig { static_credentials, ..config }).unwrap();
        let url = Arc::new(Mutex::new(String::new()));
        let noted = Arc::clone(&url);
        let request = client.list_tables().customize().map_request(move |request| {
            request.uri().clone_into(&mut noted.lock().unwrap());
            Err(io::Error::other("not sent"))
        });
        request.send().await.unwrap_err();
        let url = url.lock().unwrap();
        url.trim_end_matches('/').to_owned()
    }

    #[tokio::test]
    async fn the_endpoint_is_the_variant_that_the_environment_selects() {
        const FIPS: (&str, &str) = ("AWS_USE_FIPS_ENDPOINT", "true");
        const DUAL_STACK: (&str, &str) = ("AWS_USE_DUALSTACK_ENDPOINT", "true");
        const URL: (&str, &str) = ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:8000");
        let off = [("AWS_USE_FIPS_ENDPOINT", "false"), ("AWS_USE_DUALSTACK_ENDPOINT", "false")];
        for (region, set, expected) in [
            ("us-east-1", &[][..], "https://dynamodb.us-east-1.amazonaws.com"),
            ("us-east-1", &off, "https://dynamodb.us-east-1.amazonaws.com"),
            ("us-east-1", &[FIPS], "https://dynamodb-fips.us-east-1.amazonaws.com"),
            ("us-east-1", &[DUAL_STACK], "https://dynamodb.us-east-1.api.aws"),
            ("us-east-1", &[FIPS, DUAL_STACK], "https://dynamodb-fips.us-east-1.api.aws"),
            ("cn-north-1", &[], "https://dynamodb.cn-north-1.amazonaws.com.cn"),
            ("us-east-1", &[FIPS, DUAL_STACK, URL], URL.1),
        ] {
            let variables = [&[("AWS_REGION", region)][..], set].concat();
            assert_eq!(url_called(&variables).await, expected, "{variables:?}");
        }
    }
}
