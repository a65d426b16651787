//! One small document over HTTP: bounded in time and size, and from where it was asked for
//! only.

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

/// RefreshState documents. The connector, and with it the system's trust store, is made for the
/// first of them.
pub(super) struct DocumentFetcher {
    connector: OnceLock<Connector>,
    timeout: Duration,
}

/// Why a document could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FetchError {
    #[error("no answer within {0:?}")]
    Slow(Duration),
    #[error("answered {0}")]
    Status(u16),
    #[error("{0}")]
    Other(&'static str),
}

impl DocumentFetcher {
    /// With a limit for each document.
    pub(super) fn new(timeout: Duration) -> Self {
        Self { connector: OnceLock::new(), timeout }
    }

    /// Gets a document of at most so many bytes. A redirect is not followed, wherever it
    /// leads: it is an answer other than 200.
    pub(super) async fn get(&self, url: &Url, most: usize) -> Result<Vec<u8>, FetchError> {
        let answered = tokio::time::timeout(self.timeout, self.answered(url, most)).await;
        answered.unwrap_or(Err(FetchError::Slow(self.timeout)))
    }

    async fn answered(&self, url: &Url, most: usize) -> Result<Vec<u8>, FetchError> {
        let mut request = Request::new(SdkBody::empty());
        request.set_uri(url.as_str()).map_err(|_| FetchError::Other("not a URL"))?;
        let answer = self.connector()?.call(request).await;
        let answer = answer.map_err(|_| FetchError::Other("no connection, or no HTTP"))?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(FetchError::Status(status));
        }
        let body = Limited::new(answer.into_body(), most).collect().await;
        body.map(|body| body.to_bytes().to_vec()).map_err(|_| FetchError::Other("too large, or cut off"))
    }

    fn connector(&self) -> Result<&Connector, FetchError> {
        if let Some(made) = self.connector.get() {
            return Ok(made);
        }
        // Providers have certificates of any authority, so the system's roots are trusted.
        let roots = TlsContext::builder().with_trust_store(TrustStore::default()).build();
        let roots = roots.map_err(|_| FetchError::Other("the system has no trust store"))?;
        let tls = Provider::rustls(CryptoMode::Ring);
        let made = Connector::builder().tls_provider(tls).tls_context(roots).build();
        Ok(self.connector.get_or_init(|| made))
    }
}
