//! TLS to AWS, tuned for cold starts: ring, with Amazon's five root certificates embedded.
//! `docs/architecture.md` has the measurements.

use std::borrow::Cow;
use std::sync::Arc;

#[cfg(feature = "sdk")]
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
#[cfg(feature = "sdk")]
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::env::ConfigError;

/// The root certificates of AWS's endpoints (Amazon Root CA 1 to 4 and Starfield Services Root CA G2, from
/// <https://www.amazontrust.com/repository/>). Reading these instead of the system's trust store saves 0.8 ms
/// of every cold start.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// The TLS implementation.
#[cfg(feature = "sdk")]
pub(crate) fn provider() -> Provider {
    Provider::rustls(CryptoMode::Ring)
}

/// Trusts Amazon's roots, or those in the file named by `AWS_CA_BUNDLE`.
#[cfg(feature = "sdk")]
pub(crate) fn to_aws(ca_bundle: Option<&str>) -> Result<TlsContext, ConfigError> {
    TlsContext::builder()
        .with_trust_store(TrustStore::empty().with_pem_certificate(roots(ca_bundle)?.into_owned()))
        .build()
        .map_err(|error| ConfigError::CaBundle(error.to_string()))
}

/// The same for rustls.
pub(crate) fn client_config(ca_bundle: Option<&str>) -> Result<ClientConfig, ConfigError> {
    let invalid = |error: &dyn std::fmt::Display| ConfigError::CaBundle(error.to_string());
    let mut trusted = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&roots(ca_bundle)?) {
        trusted.add(certificate.map_err(|error| invalid(&error))?).map_err(|error| invalid(&error))?;
    }
    trusting(trusted).map_err(|error| invalid(&error))
}

/// Trusts the system's roots.
#[cfg(feature = "session")]
pub(crate) fn system_client_config() -> Result<ClientConfig, &'static str> {
    let mut trusted = RootCertStore::empty();
    // An invalid certificate invalidates no other.
    trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if trusted.is_empty() {
        return Err("the system has no trust store");
    }
    trusting(trusted).map_err(|_| "the TLS library has no protocol version")
}

fn trusting(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

/// Amazon's roots, or those in the file named by `AWS_CA_BUNDLE`, in PEM.
fn roots(ca_bundle: Option<&str>) -> Result<Cow<'static, [u8]>, ConfigError> {
    match ca_bundle {
        None => Ok(AMAZON_ROOTS.into()),
        Some(path) => {
            let roots = std::fs::read(path).map_err(|error| ConfigError::CaBundle(format!("{path}: {error}")))?;
            Ok(roots.into())
        }
    }
}
