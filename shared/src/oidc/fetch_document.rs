//! Fetches a small document over HTTP, with limits on time and size and without redirects.

use std::sync::OnceLock;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt as _, Limited};

use crate::https_url::Url;

/// Fetches documents. The connector, with the system's trust store, is created on first use.
pub(super) struct DocumentFetcher {
    connector: OnceLock<Connector>,
    timeout: Duration,
}

/// Why a document could not be fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FetchError {
    #[error("no response within {0:?}")]
    Timeout(Duration),
    #[error("status {0}")]
    Status(u16),
    #[error("{0}")]
    Other(&'static str),
}

impl DocumentFetcher {
    /// A fetcher with a timeout for each document.
    pub(super) fn new(timeout: Duration) -> Self {
        Self { connector: OnceLock::new(), timeout }
    }

    /// Fetches a document of at most `max_bytes` bytes. Redirects are not followed; like any status other than 200
    /// they are errors.
    pub(super) async fn get(&self, url: &Url, max_bytes: usize) -> Result<Vec<u8>, FetchError> {
        let fetched = tokio::time::timeout(self.timeout, self.fetch(url, max_bytes)).await;
        fetched.unwrap_or(Err(FetchError::Timeout(self.timeout)))
    }

    async fn fetch(&self, url: &Url, max_bytes: usize) -> Result<Vec<u8>, FetchError> {
        let mut request = Request::new(SdkBody::empty());
        request.set_uri(url.as_str()).map_err(|_| FetchError::Other("not a URL"))?;
        let response = self.connector()?.call(request).await;
        let response = response.map_err(|_| FetchError::Other("no connection or no valid HTTP response"))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(FetchError::Status(status));
        }
        let body = Limited::new(response.into_body(), max_bytes).collect().await;
        body.map(|body| body.to_bytes().to_vec()).map_err(|_| FetchError::Other("document too large or truncated"))
    }

    fn connector(&self) -> Result<&Connector, FetchError> {
        if let Some(made) = self.connector.get() {
            return Ok(made);
        }
        // Providers use certificates of any authority, so the system's roots are trusted.
        let roots = TlsContext::builder().with_trust_store(TrustStore::default()).build();
        let roots = roots.map_err(|_| FetchError::Other("the system has no trust store"))?;
        let tls = Provider::rustls(CryptoMode::Ring);
        let made = Connector::builder().tls_provider(tls).tls_context(roots).build();
        Ok(self.connector.get_or_init(|| made))
    }
}
