//! The endpoint that calls go to.

use crate::env::ConfigError;
use crate::http_client::Origin;
use crate::store::DynamoDbConfig;

/// The endpoint of the settings, or else AWS's.
pub(super) fn endpoint(config: &DynamoDbConfig) -> Result<Origin, ConfigError> {
    let DynamoDbConfig { endpoint, endpoint_variant, region, .. } = config;
    let url = endpoint.clone().unwrap_or_else(|| endpoint_variant.url("dynamodb", region));
    Origin::of(&url).map_err(|why| ConfigError::Invalid("AWS_ENDPOINT_URL_DYNAMODB", why))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};

    use crate::endpoint_variant::EndpointVariant;

    #[tokio::test]
    async fn aws_endpoints_are_those_of_the_sdk() {
        let resolver = DefaultResolver::new();
        for region in [
            "us-east-1",
            "eu-central-1",
            "us-gov-west-1",
            "us-gov-east-1",
            "cn-north-1",
            "eusc-de-east-1",
            "us-iso-east-1",
            "us-isob-east-1",
            "us-isof-south-1",
            "eu-isoe-west-1",
        ] {
            for (fips, dual_stack) in [(false, false), (true, false), (false, true), (true, true)] {
                let params =
                    Params::builder().region(region).use_fips(fips).use_dual_stack(dual_stack).build().unwrap();
                let expected = resolver.resolve_endpoint(&params).await.unwrap();
                let url = EndpointVariant { fips, dual_stack }.url("dynamodb", region);
                assert_eq!(url, expected.url(), "{region}, FIPS {fips}, dual-stack {dual_stack}");
            }
        }
    }
}
