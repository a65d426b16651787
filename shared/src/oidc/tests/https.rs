//! Providers over TLS.

use rcgen::CertifiedKey;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::ring};
use tokio_rustls::TlsAcceptor;

use super::*;

/// A provider over TLS, and a client's configuration that trusts its certificate.
async fn start() -> (FakeProvider, ClientConfig) {
    let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (FakeProvider::start_with(Some(TlsAcceptor::from(Arc::new(server)))).await, client)
}

#[tokio::test]
async fn an_https_provider_is_asked_over_one_connection() {
    let (provider, trusting) = start().await;
    let signer = Signer::p256();
    provider.serves_keys(&[&signer]);
    let fetch = DocumentFetcher::with_tls(trusting, LONG_TIMEOUT);
    let sessions = provider.sessions_with(fetch);
    assert!(sessions.verify(&signer.sign(&claims(&provider)), at(0)).await.is_ok());
    assert_eq!((provider.connections(), provider.requests()), (1, 2));
}

#[tokio::test]
async fn an_https_provider_needs_a_trusted_certificate() {
    let ((provider, _), (_, trusting_another)) = (start().await, start().await);
    let sessions = provider.sessions_with(DocumentFetcher::with_tls(trusting_another, LONG_TIMEOUT));
    let refused = sessions.verify(&Signer::p256().sign(&claims(&provider)), at(0)).await;
    let Err(JwtError::Unavailable(why)) = refused else { panic!("{refused:?}") };
    assert!(why.contains("invalid peer certificate"), "{why}");
    assert_eq!(provider.requests(), 0);
}
