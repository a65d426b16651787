//! TLS to AWS, tuned for cold starts: ring, with Amazon's five root certificates embedded.
//! `docs/architecture.md` has the measurements.

use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

use crate::env::ConfigError;

/// The root certificates of AWS's endpoints (Amazon Root CA 1 to 4 and Starfield Services Root CA G2, from
/// <https://www.amazontrust.com/repository/>). Reading these instead of the system's trust store saves 0.8 ms
/// of every cold start.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// The TLS implementation.
pub(crate) fn provider() -> Provider {
    Provider::rustls(CryptoMode::Ring)
}

/// Trusts Amazon's roots, or those in the file named by `AWS_CA_BUNDLE`.
pub(crate) fn to_aws(ca_bundle: Option<&str>) -> Result<TlsContext, ConfigError> {
    let roots = match ca_bundle {
        None => AMAZON_ROOTS.to_vec(),
        Some(path) => std::fs::read(path).map_err(|error| ConfigError::CaBundle(format!("{path}: {error}")))?,
    };
    TlsContext::builder()
        .with_trust_store(TrustStore::empty().with_pem_certificate(roots))
        .build()
        .map_err(|error| ConfigError::CaBundle(error.to_string()))
}
