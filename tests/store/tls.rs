//! Trusted roots: Amazon's, or those in `AWS_CA_BUNDLE`.

use std::sync::Arc;

use portcullis::store::{DynamoDbConfig, Error, TokenStore, connect};
use rcgen::CertifiedKey;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{LIMITS, Sample, Table, alice, by_whom, clock_at};

/// The engine of a table behind TLS, with a self-signed certificate in a file.
struct Https {
    endpoint: String,
    ca_bundle: tempfile::NamedTempFile,
}

impl Https {
    async fn before(table: &Table) -> Self {
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let ca_bundle = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(ca_bundle.path(), cert.pem()).unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let engine = table.engine.as_ref().unwrap().endpoint.strip_prefix("http://").unwrap().to_owned();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, engine) = (acceptor.clone(), engine.clone());
                tokio::spawn(async move {
                    // A client that does not trust the certificate ends the handshake.
                    let Ok(mut tls) = acceptor.accept(stream).await else { return };
                    let mut plain = TcpStream::connect(engine).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut tls, &mut plain).await;
                });
            }
        });
        Self { endpoint, ca_bundle }
    }

    fn tokens(&self, table: &Table, ca_bundle: Option<String>) -> TokenStore {
        let endpoint = Some(self.endpoint.clone());
        let connection = DynamoDbConfig { endpoint, ca_bundle, ..table.engine.as_ref().unwrap().connection() };
        TokenStore::new(connect(connection).unwrap(), &table.name)
    }
}

#[tokio::test]
async fn the_roots_in_aws_ca_bundle_are_trusted() {
    let table = Table::in_process().await;
    let https = Https::before(&table).await;
    let tokens = https.tokens(&table, Some(https.ca_bundle.path().to_str().unwrap().to_owned()));
    let sample = Sample::owned_by(&alice());
    tokens
        .create(&sample.record, &sample.digest, &by_whom(), &clock_at(sample.record.created_at), LIMITS)
        .await
        .unwrap();
    assert_eq!(tokens.get(&sample.record.id).await.unwrap(), Some(sample.record));
}

#[tokio::test]
async fn a_certificate_without_a_trusted_root_is_refused() {
    let table = Table::in_process().await;
    let https = Https::before(&table).await;
    let sample = Sample::owned_by(&alice());
    let refused = https.tokens(&table, None).get(&sample.record.id).await.unwrap_err();
    assert!(matches!(&refused, Error::Unavailable(why) if why.contains("certificate")), "{refused}");
}

#[test]
fn an_unreadable_ca_bundle_stops_the_start() {
    let connection = DynamoDbConfig { ca_bundle: Some("/nowhere/roots.pem".to_owned()), ..DynamoDbConfig::default() };
    assert!(connect(connection).unwrap_err().to_string().starts_with("AWS_CA_BUNDLE: /nowhere/roots.pem"));
}
