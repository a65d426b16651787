//! Connections to the endpoint. A connection serves one call at a time and is kept for the next.

use std::fmt;
use std::future::Future as _;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aws_sdk_dynamodb::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use bytes::Bytes;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::call_error::CallError;
use crate::env::ConfigError;
use crate::store::DynamoDbConfig;
use crate::tls;

/// Maximum size of a response in bytes: an item has at most 400 KB, and JSON at most doubles it.
const MAX_RESPONSE_BYTES: usize = 1 << 20;

type Sender = SendRequest<Full<Bytes>>;

/// The connections to one endpoint.
pub(super) struct Connections {
    endpoint: Uri,
    /// For `https`, with the server's name.
    tls: Option<(TlsConnector, ServerName<'static>)>,
    connect_timeout: Duration,
    idle: Mutex<Vec<Sender>>,
}

impl Connections {
    pub(super) fn new(config: &DynamoDbConfig) -> Result<Self, ConfigError> {
        let invalid = |why: String| ConfigError::Invalid("AWS_ENDPOINT_URL_DYNAMODB", why);
        let url = config.endpoint.clone().map_or_else(|| aws_endpoint(config), Ok)?;
        let endpoint: Uri = url.parse().map_err(|error| invalid(format!("is not a URL: {error}")))?;
        let host = endpoint.host().ok_or_else(|| invalid("has no host".to_owned()))?;
        let tls = match endpoint.scheme_str() {
            Some("http") => None,
            Some("https") => {
                let name = without_brackets(host).to_owned();
                let name = ServerName::try_from(name).map_err(|error| invalid(error.to_string()))?;
                let config = tls::client_config(config.ca_bundle.as_deref())?;
                Some((TlsConnector::from(Arc::new(config)), name))
            }
            _ => return Err(invalid("is neither http nor https".to_owned())),
        };
        Ok(Self { endpoint, tls, connect_timeout: config.timeouts.connect, idle: Mutex::default() })
    }

    /// Host and port, as in the `Host` header.
    pub(super) fn host(&self) -> &str {
        self.endpoint.authority().map_or("", |authority| authority.as_str())
    }

    /// Sends a request and reads the whole response. If that fails or is cancelled, the connection is closed.
    pub(super) async fn send(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), CallError> {
        let mut connection = match self.take_idle().await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let response = connection.send_request(request).await.map_err(lost)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_RESPONSE_BYTES).collect().await;
        let body = body.map_err(|error| CallError::Connection(error.to_string()))?.to_bytes();
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        Ok((status, body))
    }

    /// Closes the connections that are not in use: after a failure, they may have the same fault.
    pub(super) fn close_idle(&self) {
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

    async fn connect(&self) -> Result<Sender, CallError> {
        let connected = timeout(self.connect_timeout, self.connect_without_timeout()).await;
        connected.unwrap_or_else(|_| Err(CallError::Connection("no connection in time".to_owned())))
    }

    async fn connect_without_timeout(&self) -> Result<Sender, CallError> {
        let failed = |error: std::io::Error| CallError::Connection(format!("no connection: {error}"));
        let host = without_brackets(self.endpoint.host().unwrap_or_default());
        let port = self.endpoint.port_u16().unwrap_or(if self.tls.is_some() { 443 } else { 80 });
        let socket = TcpStream::connect((host, port)).await.map_err(failed)?;
        socket.set_nodelay(true).map_err(failed)?;
        match &self.tls {
            None => spawn_connection(socket).await,
            Some((tls, name)) => spawn_connection(tls.connect(name.clone(), socket).await.map_err(failed)?).await,
        }
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// Runs a connection until its sender is dropped.
async fn spawn_connection<S>(socket: S) -> Result<Sender, CallError>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    TokioIo<S>: Read + Write,
{
    let (sender, connection) = handshake(TokioIo::new(socket)).await.map_err(lost)?;
    // Its error reaches the call that uses it.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

#[expect(clippy::needless_pass_by_value, reason = "a function for `map_err`")]
fn lost(error: hyper::Error) -> CallError {
    let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
    CallError::Connection(format!("the connection was lost: {error}{cause}"))
}

fn without_brackets(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// AWS's endpoint of the region and its partition, by the SDK's rules.
fn aws_endpoint(config: &DynamoDbConfig) -> Result<String, ConfigError> {
    let invalid = |error: String| ConfigError::Invalid("AWS_REGION", error);
    let params = Params::builder()
        .region(&config.region)
        .use_fips(config.endpoint_variant.fips)
        .use_dual_stack(config.endpoint_variant.dual_stack)
        .build()
        .map_err(|error| invalid(error.to_string()))?;
    let resolver = DefaultResolver::new();
    let resolved = pin!(resolver.resolve_endpoint(&params));
    // The rules do not wait for anything.
    match resolved.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(endpoint)) => Ok(endpoint.url().to_owned()),
        Poll::Ready(Err(error)) => Err(invalid(error.to_string())),
        Poll::Pending => Err(invalid("has no endpoint".to_owned())),
    }
}
