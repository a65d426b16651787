//! HTTP/1.1 connections to one origin. A connection serves one request at a time and is kept for the next.
//!
//! `store` calls DynamoDB with it, and `oidc` fetches a provider's keys. It costs a cold start less than the SDK's
//! client (ADR 0029).

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

type Sender = SendRequest<Full<Bytes>>;

/// Scheme, host and port of a server.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    url: Uri,
    /// For `https`.
    tls_name: Option<ServerName<'static>>,
}

/// The connections to one origin.
pub(crate) struct Connections {
    origin: Origin,
    tls: Option<TlsConnector>,
    connect_timeout: Duration,
    idle: Mutex<Vec<Sender>>,
}

/// There is no connection, or it was lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ConnectionError(String);

impl Origin {
    /// The origin of a URL. The error completes a sentence that begins with the name of the URL.
    pub(crate) fn of(url: &str) -> Result<Self, String> {
        let url: Uri = url.parse().map_err(|error| format!("is not a URL: {error}"))?;
        let host = url.host().ok_or("has no host")?;
        let tls_name = match url.scheme_str() {
            Some("http") => None,
            Some("https") => {
                let name = ServerName::try_from(without_brackets(host).to_owned());
                Some(name.map_err(|error| error.to_string())?)
            }
            _ => return Err("is neither http nor https".to_owned()),
        };
        Ok(Self { url, tls_name })
    }

    /// Host and port, as in the `Host` header.
    pub(crate) fn host(&self) -> &str {
        self.url.authority().map_or("", |authority| authority.as_str())
    }
}

impl Connections {
    /// No connections yet. `tls` is called for `https` only.
    pub(crate) fn new<E>(
        origin: Origin,
        connect_timeout: Duration,
        tls: impl FnOnce() -> Result<Arc<ClientConfig>, E>,
    ) -> Result<Self, E> {
        let tls = origin.tls_name.as_ref().map(|_| tls()).transpose()?.map(TlsConnector::from);
        Ok(Self { origin, tls, connect_timeout, idle: Mutex::default() })
    }

    /// Host and port, as in the `Host` header.
    pub(crate) fn host(&self) -> &str {
        self.origin.host()
    }

    /// Sends a request and reads the whole response, of at most `max_bytes` bytes. If that fails or is cancelled, the
    /// connection is closed.
    pub(crate) async fn send(
        &self,
        request: Request<Full<Bytes>>,
        max_bytes: usize,
    ) -> Result<(StatusCode, Bytes), ConnectionError> {
        let mut connection = match self.take_idle().await {
            Some(connection) => connection,
            // Boxed, as it is large and rare: a future is copied whenever it is moved.
            None => Box::pin(self.connect()).await?,
        };
        let response = connection.send_request(request).await.map_err(lost)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), max_bytes).collect().await;
        let body = body.map_err(|error| match error.downcast::<hyper::Error>() {
            Ok(error) => lost(*error),
            Err(_) => ConnectionError(format!("the response has more than {max_bytes} bytes")),
        })?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok((status, body.to_bytes()))
    }

    /// Closes the connections that are not in use: after a failure, they may have the same fault.
    pub(crate) fn close_idle(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// An idle connection that was not closed.
    async fn take_idle(&self) -> Option<Sender> {
        loop {
            let mut connection = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            if connection.ready().await.is_ok() {
                return Some(connection);
            }
        }
    }

    async fn connect(&self) -> Result<Sender, ConnectionError> {
        let connected = timeout(self.connect_timeout, self.connect_without_timeout()).await;
        connected.unwrap_or_else(|_| Err(ConnectionError("no connection in time".to_owned())))
    }

    async fn connect_without_timeout(&self) -> Result<Sender, ConnectionError> {
        let failed = |error: io::Error| ConnectionError(format!("no connection: {error}"));
        let Origin { url, tls_name } = &self.origin;
        let host = without_brackets(url.host().unwrap_or_default());
        let port = url.port_u16().unwrap_or(if tls_name.is_some() { 443 } else { 80 });
        let socket = TcpStream::connect((host, port)).await.map_err(failed)?;
        socket.set_nodelay(true).map_err(failed)?;
        match self.tls.as_ref().zip(tls_name.clone()) {
            None => spawn_connection(socket).await,
            Some((tls, name)) => spawn_connection(tls.connect(name, socket).await.map_err(failed)?).await,
        }
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Runs a connection until its sender is dropped.
async fn spawn_connection<S>(socket: S) -> Result<Sender, ConnectionError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    TokioIo<S>: Read + Write,
{
    let (sender, connection) = handshake(TokioIo::new(socket)).await.map_err(lost)?;
    // Its error reaches the request that uses it.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

#[expect(clippy::needless_pass_by_value, reason = "a function for `map_err`")]
fn lost(error: hyper::Error) -> ConnectionError {
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    ConnectionError(format!("the connection was lost: {error}{cause}"))
}

fn without_brackets(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}
