//! The endpoint that calls go to.

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use aws_sdk_dynamodb::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};

use crate::env::ConfigError;
use crate::http_client::Origin;
use crate::store::DynamoDbConfig;

/// The endpoint of the settings, or else AWS's.
pub(super) fn endpoint(config: &DynamoDbConfig) -> Result<Origin, ConfigError> {
    let url = config.endpoint.clone().map_or_else(|| aws_endpoint(config), Ok)?;
    Origin::of(&url).map_err(|why| ConfigError::Invalid("AWS_ENDPOINT_URL_DYNAMODB", why))
}

/// AWS's endpoint of the region and its partition, by the SDK's rules.
fn aws_endpoint(config: &DynamoDbConfig) -> Result<String, ConfigError> {
    let invalid = |error: String| ConfigError::Invalid("AWS_REGION", error);
    let params = Params::builder()
        .region(&config.region)
        .use_fips(config.endpoint_variant.fips)
        .use_dual_stack(config.endpoint_variant.dual_stack)
        .build()
        .map_err(|error| invalid(error.to_string()))?;
    let resolver = DefaultResolver::new();
    let resolved = pin!(resolver.resolve_endpoint(&params));
    // The rules do not wait for anything.
    match resolved.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(endpoint)) => Ok(endpoint.url().to_owned()),
        Poll::Ready(Err(error)) => Err(invalid(error.to_string())),
        Poll::Pending => Err(invalid("has no endpoint".to_owned())),
    }
}
