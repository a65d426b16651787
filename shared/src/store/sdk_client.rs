//! The SDK client, tuned for cold starts: its own TLS setup, and credentials straight from the environment.
//! `docs/architecture.md` has the measurements.

use aws_config::environment::credentials::EnvironmentVariableCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Config, Credentials, Region};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{TransactWriteItem, Update};

use super::item::Item;
use super::item_client::{CallFuture, ConditionalWrite, DEFERRED_SHARE, ItemClient, ItemResponse};
use super::transaction_outcome::TransactionOutcome;
use super::{DynamoDbConfig, Error, Timeouts, item, transaction_outcome};
use crate::endpoint_variant::EndpointVariant;
use crate::env::ConfigError;
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

impl ItemClient for Client {
    fn get_item<'a>(&'a self, table: &'a str, key: Item, attributes: &'a [&'a str]) -> CallFuture<'a, ItemResponse> {
        let (expression, names) = item::projection(attributes);
        let request = self
            .get_item()
            .table_name(table)
            .set_key(Some(key))
            .consistent_read(true)
            .projection_expression(expression)
            .set_expression_attribute_names(Some(names));
        Box::pin(async move { Ok(ItemResponse::Decoded(request.send().await.map_err(Error::unavailable)?.item)) })
    }

    fn update_item(&self, update: Update) -> CallFuture<'_, ConditionalWrite> {
        let request = self
            .update_item()
            .table_name(update.table_name)
            .set_key(Some(update.key))
            .update_expression(update.update_expression)
            .set_condition_expression(update.condition_expression)
            .set_expression_attribute_names(update.expression_attribute_names)
            .set_expression_attribute_values(update.expression_attribute_values)
            .set_return_values_on_condition_check_failure(update.return_values_on_condition_check_failure)
            .customize()
            .config_override(deferred_config(self));
        Box::pin(async move {
            match request.send().await {
                Ok(_) => Ok(ConditionalWrite::Written),
                Err(error) => match error.as_service_error() {
                    Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                        Ok(ConditionalWrite::Refused(refused.item.clone()))
                    }
                    _ => Err(Error::unavailable(error)),
                },
            }
        })
    }

    fn transact_write_items(&self, writes: Vec<TransactWriteItem>) -> CallFuture<'_, TransactionOutcome> {
        let request = self.transact_write_items().set_transact_items(Some(writes)).customize();
        let request = request.config_override(deferred_config(self));
        Box::pin(async move { transaction_outcome::outcome(request.send().await) })
    }
}

/// Settings for writes after the response.
pub(super) fn deferred_config(client: &Client) -> Builder {
    let operation = client.config().timeout_config().and_then(TimeoutConfig::operation_timeout);
    let mut timeouts = TimeoutConfig::builder();
    timeouts.set_operation_timeout(operation.map(|timeout| timeout / DEFERRED_SHARE));
    Config::builder().timeout_config(timeouts.build()).retry_config(RetryConfig::disabled())
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
    use crate::env::Env;

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
