//! TLS to AWS, tuned for a cold start: ring, and Amazon's own five roots embedded. The
//! figures are in `docs/architecture.md`.

use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

use crate::env::ConfigError;

/// The roots that AWS's endpoints chain to (Amazon Root CA 1 to 4 and Starfield Services
/// Root CA G2, from <https://www.amazontrust.com/repository/>). Reading these instead of
/// the system's whole trust store saves 0.8 ms of every cold start.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// Whose TLS it is.
pub(crate) fn provider() -> Provider {
    Provider::rustls(CryptoMode::Ring)
}

/// Trusts Amazon's roots, or those in the file that `AWS_CA_BUNDLE` names instead.
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
