//! HTTP/1.1, byte by byte: sends requests that a client library might refuse.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Longer than the timeout of any gateway.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(200);

/// Target of requests.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// `host` or `host:port`, as the `Host` header has it.
    pub(crate) authority: String,
    /// Prefix of every path; usually empty.
    pub(crate) base_path: String,
    tls: bool,
}

/// A response as received.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Origin {
    /// Reads `http://host:port` or `https://host/base`.
    pub(crate) fn parse(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").expect("a URL has a scheme");
        let (authority, base_path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let tls = match scheme {
            "http" => false,
            "https" => true,
            other => panic!("{other} is neither http nor https"),
        };
        Self { authority: authority.to_owned(), base_path: base_path.trim_end_matches('/').to_owned(), tls }
    }

    /// Sends a request, which must ask to close the connection, and reads the response;
    /// `None` if the connection was closed without one.
    pub(crate) fn exchange(&self, request: &[u8]) -> io::Result<Option<Received>> {
        let (host, port) = match self.authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().map_err(io::Error::other)?),
            None => (self.authority.as_str(), if self.tls { 443 } else { 80 }),
        };
        let socket = TcpStream::connect((host, port))?;
        socket.set_read_timeout(Some(REQUEST_TIMEOUT))?;
        socket.set_write_timeout(Some(REQUEST_TIMEOUT))?;
        if !self.tls {
            return talk(socket, request);
        }
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let connection = ClientConnection::new(Arc::clone(&TLS), name).map_err(io::Error::other)?;
        talk(StreamOwned::new(connection, socket), request)
    }
}

static TLS: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Arc::new(config.expect("ring has TLS 1.2 and 1.3").with_root_certificates(roots).with_no_client_auth())
});

fn talk(mut stream: impl Read + Write, request: &[u8]) -> io::Result<Option<Received>> {
    // A server may close the connection before it has read everything.
    let sent = stream.write_all(request).and_then(|()| stream.flush());
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        Ok(_) => {}
        // Some servers close like this; the length shows whether the response is complete.
        Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => {}
        Err(error) => return Err(error),
    }
    if bytes.is_empty() {
        return sent.map(|()| None).or_else(|error| {
            if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) {
                Ok(None)
            } else {
                Err(error)
            }
        });
    }
    Received::parse(&bytes).map(Some).ok_or_else(|| io::Error::other("the response is not HTTP, or was cut"))
}

impl Received {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let (head, body) = (std::str::from_utf8(bytes.get(..end)?).ok()?, bytes.get(end + 4..)?);
        let mut lines = head.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        let headers: Vec<(String, String)> = lines
            .map(|line| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())))
            .collect::<Option<_>>()?;
        let of = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let body = match (of("transfer-encoding"), of("content-length")) {
            (Some("chunked"), _) => unchunked(body)?,
            (None, Some(length)) if !body.is_empty() => body.get(..length.parse().ok()?)?.to_vec(),
            // For HEAD, the length is that of the body of a GET.
            (None, _) => body.to_vec(),
            (Some(_), _) => return None,
        };
        Some(Self { status, headers, body })
    }
}

fn unchunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while !rest.is_empty() {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(rest.get(..end)?).ok()?.trim(), 16).ok()?;
        let chunk = rest.get(end + 2..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(chunk.get(..size)?);
        rest = chunk.get(size + 2..)?;
    }
    // The response to a HEAD has no chunks.
    body.is_empty().then_some(body)
}
