//! A TLS server on loopback, with a certificate of an authority that only this process knows.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::TLS13;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A server's side of a connection.
pub type TlsStream = StreamOwned<ServerConnection, TcpStream>;

/// Certificates for servers on this machine.
#[derive(Debug)]
pub struct Authority {
    config: Arc<ServerConfig>,
    bundle: PathBuf,
    trust_store: PathBuf,
}

/// The system's trust store, where it is one file.
const SYSTEM_TRUST_STORE: &str = "/etc/ssl/certs/ca-certificates.crt";

impl Authority {
    /// Creates an authority, and writes its certificate to a file for `AWS_CA_BUNDLE`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(folder: &Path) -> io::Result<Self> {
        let mut root = CertificateParams::default();
        // OpenSSL takes a certificate whose issuer has its own name for self-signed.
        root.distinguished_name.push(DnType::CommonName, "Portcullis benchmarks");
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root_key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = root.self_signed(&root_key).map_err(io::Error::other)?;
        let bundle = folder.join("authority.pem");
        std::fs::write(&bundle, certificate.pem())?;
        let trust_store = folder.join("trust-store.pem");
        let system = std::fs::read_to_string(SYSTEM_TRUST_STORE).unwrap_or_default();
        std::fs::write(&trust_store, system + &certificate.pem())?;

        let key = KeyPair::generate().map_err(io::Error::other)?;
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut leaf = CertificateParams::new(names).map_err(io::Error::other)?;
        leaf.distinguished_name.push(DnType::CommonName, "localhost");
        let leaf = leaf.signed_by(&key, &Issuer::new(root, root_key)).map_err(io::Error::other)?;
        let private_key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .and_then(|config| config.with_no_client_auth().with_single_cert(vec![leaf.into()], private_key))
            .map_err(io::Error::other)?;
        Ok(Self { config: Arc::new(config), bundle, trust_store })
    }

    /// The file with the authority's certificate.
    #[must_use]
    pub fn bundle(&self) -> &Path {
        &self.bundle
    }

    /// A file with the system's trust store and the authority's certificate.
    #[must_use]
    pub fn trust_store(&self) -> &Path {
        &self.trust_store
    }

    /// Serves each connection with a thread of its own, until the process ends.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn serve<F>(&self, serve: F) -> io::Result<SocketAddr>
    where
        F: Fn(TlsStream) -> io::Result<()> + Clone + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let config = Arc::clone(&self.config);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (config, serve) = (Arc::clone(&config), serve.clone());
                // A connection ends with the process that opened it.
                thread::spawn(move || drop(accept(stream, config).and_then(serve)));
            }
        });
        Ok(address)
    }
}

fn accept(stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<TlsStream> {
    stream.set_nodelay(true)?;
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    Ok(StreamOwned::new(connection, stream))
}
