//! Fetches a small document over HTTP, with limits on time and size and without redirects.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::Full;
use rustls::ClientConfig;

use crate::http_client::{ConnectionError, Connections, Origin};
use crate::https_url::Url;
use crate::tls;

/// Fetches documents. The system's trust store is read for the first `https` URL.
pub(super) struct DocumentFetcher {
    tls: OnceLock<Arc<ClientConfig>>,
    timeout: Duration,
}

/// Fetches documents of one origin.
pub(super) struct OriginFetcher {
    connections: Connections,
    timeout: Duration,
}

/// Why a document could not be fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FetchError {
    #[error("no response within {0:?}")]
    Timeout(Duration),
    #[error("status {0}")]
    Status(u16),
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error("{0}")]
    Other(&'static str),
}

impl DocumentFetcher {
    /// A fetcher with a timeout for each document.
    pub(super) fn new(timeout: Duration) -> Self {
        Self { tls: OnceLock::new(), timeout }
    }

    /// A fetcher with its own TLS configuration.
    #[cfg(test)]
    pub(super) fn with_tls(tls: ClientConfig, timeout: Duration) -> Self {
        Self { tls: OnceLock::from(Arc::new(tls)), timeout }
    }

    /// A fetcher for documents of a URL's origin, which share a connection.
    pub(super) fn origin_of(&self, url: &Url) -> Result<OriginFetcher, FetchError> {
        let origin = Origin::of(url.origin()).map_err(|_| FetchError::Other("not a URL"))?;
        let connections = Connections::new(origin, self.timeout, || self.tls())?;
        Ok(OriginFetcher { connections, timeout: self.timeout })
    }

    fn tls(&self) -> Result<Arc<ClientConfig>, FetchError> {
        if let Some(made) = self.tls.get() {
            return Ok(Arc::clone(made));
        }
        // Providers use certificates of any authority, so the system's roots are trusted.
        let made = tls::system_client_config().map_err(FetchError::Other)?;
        Ok(Arc::clone(self.tls.get_or_init(|| Arc::new(made))))
    }
}

impl OriginFetcher {
    /// Fetches a document of at most `max_bytes` bytes. Redirects are not followed; like any status other than 200
    /// they are errors.
    pub(super) async fn get(&self, url: &Url, max_bytes: usize) -> Result<Bytes, FetchError> {
        let not_a_url = FetchError::Other("not a URL");
        let Ok(uri) = url.as_str().parse::<Uri>() else { return Err(not_a_url) };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::get(path).header(header::HOST, self.connections.host()).body(Full::default());
        let request = request.map_err(|_| not_a_url)?;
        let response = tokio::time::timeout(self.timeout, self.connections.send(request, max_bytes)).await;
        let (status, body) = response.map_err(|_| FetchError::Timeout(self.timeout))??;
        if status == StatusCode::OK { Ok(body) } else { Err(FetchError::Status(status.as_u16())) }
    }
}
