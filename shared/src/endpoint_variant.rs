//! Variants of AWS's endpoints: FIPS and dual-stack.

use crate::env::{ConfigError, Env};

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
}
