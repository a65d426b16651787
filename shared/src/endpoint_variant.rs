//! Variants of AWS's endpoints: FIPS and dual-stack.

use crate::env::{ConfigError, Env};

/// Prefixes of regions outside the partition `aws`, each with the DNS suffixes of its partition: IPv4, dual-stack
/// ([partitions](https://github.com/boto/botocore/blob/develop/botocore/data/partitions.json)).
const PARTITIONS: [(&str, &str, &str); 6] = [
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
];

/// Which variant of AWS's endpoints to call
/// ([AWS](https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html)). An endpoint that is set by URL
/// has no variants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndpointVariant {
    /// `AWS_USE_FIPS_ENDPOINT` (false).
    pub fips: bool,
    /// `AWS_USE_DUALSTACK_ENDPOINT`: IPv6 besides IPv4 (false).
    pub dual_stack: bool,
}

impl EndpointVariant {
    /// Reads the variables that the AWS SDKs share.
    ///
    /// # Errors
    /// Names the variable that is neither `true` nor `false`.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            fips: env.parse("AWS_USE_FIPS_ENDPOINT", false)?,
            dual_stack: env.parse("AWS_USE_DUALSTACK_ENDPOINT", false)?,
        })
    }

    /// The URL of a service's endpoint in a region.
    pub(crate) fn url(self, service: &str, region: &str) -> String {
        let partition = PARTITIONS.iter().find(|(prefix, ..)| region.starts_with(prefix));
        let (suffix, dual_stack) =
            partition.map_or(("amazonaws.com", "api.aws"), |(_, suffix, dual_stack)| (*suffix, *dual_stack));
        // The GovCloud endpoint of DynamoDB is a FIPS endpoint under its ordinary name.
        let is_named = self.fips && (service != "dynamodb" || !region.starts_with("us-gov-") || self.dual_stack);
        let (fips, suffix) = (if is_named { "-fips" } else { "" }, if self.dual_stack { dual_stack } else { suffix });
        format!("https://{service}{fips}.{region}.{suffix}")
    }
}
