//! The Lambda functions in this process, called with API Gateway's events.

use crate::audit_log::AuditLog;
use crate::console_build::ConsoleBuilder;
use crate::echo;
use crate::gateway::{Backend, BackgroundTask};
use authorizer::{Authorizer, Outcome};
use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use exchange::{Exchange, ExchangeResult};
use http::Response;
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, Request};
use portcullis::App;
use portcullis::cache_flush::CacheFlusher;
use serde_json::Value;
use std::collections::BTreeMap;

pub(crate) const AUTHORIZER: &str = "portcullis-authorizer";
pub(crate) const CREATE: &str = "portcullis-create";
pub(crate) const EXCHANGE: &str = "portcullis-exchange";

/// Names of the functions, which are those of their programs.
pub(crate) const NAMES: [&str; 11] = [
    "portcullis-approvals",
    "portcullis-catalog",
    "portcullis-console",
    CREATE,
    EXCHANGE,
    "portcullis-introspect",
    "portcullis-read",
    "portcullis-revoke",
    "portcullis-rotate",
    "portcullis-update",
    echo::FUNCTION,
];

/// All functions.
pub(crate) struct Functions {
    /// The app of each function, by its name.
    pub(crate) apps: BTreeMap<&'static str, App>,
    pub(crate) authorizer: Authorizer,
    pub(crate) exchange: Exchange,
    pub(crate) console: ConsoleBuilder,
    /// Flushes the gateway's authorizer cache over HTTP, as on AWS.
    pub(crate) flusher: CacheFlusher,
    pub(crate) audit_log: AuditLog,
}

impl Functions {
    /// Whether there is a function with this name.
    pub(crate) fn contains(name: &str) -> bool {
        NAMES.contains(&name)
    }
}

/// Calls the authorizer with an event.
pub(crate) async fn ask(authorizer: &Authorizer, event: Value) -> Result<Outcome, serde_json::Error> {
    Ok(authorizer.handle(serde_json::from_str(&event.to_string())?).await)
}

impl Backend for Functions {
    async fn authorize(&self, event: Value) -> (Result<Value, String>, Option<BackgroundTask>) {
        let outcome = match ask(&self.authorizer, event).await {
            Ok(outcome) => outcome,
            Err(error) => return (Err(error.to_string()), None),
        };
        if let Err(error) = self.audit_log.write(&outcome.audit) {
            return (Err(format!("cannot write the audit log: {error}")), None);
        }
        let (authorizer, note) = (self.authorizer.clone(), outcome.note);
        let work: BackgroundTask = Box::pin(async move { authorizer.run_deferred(note).await });
        let response = outcome.response.map_err(|refusal| refusal.to_string());
        let response = response.and_then(|json| serde_json::from_str(json.as_str()).map_err(|error| error.to_string()));
        (response, Some(work))
    }

    async fn invoke(&self, function: &str, event: Value) -> Result<Response<Bytes>, String> {
        if function == echo::FUNCTION {
            return Ok(echo::handle(&event));
        }
        let event: LambdaRequest = serde_json::from_str(&event.to_string()).map_err(|error| error.to_string())?;
        let request = Request::from(event);
        let app = self.apps.get(function).ok_or_else(|| format!("unknown function {function}"))?;
        let response = match function {
            "portcullis-approvals" => approvals::handle(app, request).await,
            "portcullis-catalog" => catalog::handle(app, request).await,
            "portcullis-console" => self.console.handle(&request),
            CREATE => create::handle(app, request).await,
            EXCHANGE => {
                let ExchangeResult { response, audit } = self.exchange.handle(&request).await;
                let written = audit.map_or(Ok(()), |line| self.audit_log.write(&line));
                written.map_err(|error| format!("cannot write the audit log: {error}"))?;
                response
            }
            "portcullis-introspect" => introspect::handle(app, request).await,
            "portcullis-read" => read::handle(app, request).await,
            "portcullis-revoke" => revoke::handle(app, &self.flusher, request).await,
            "portcullis-rotate" => rotate::handle(app, request).await,
            "portcullis-update" => update::handle(app, request).await,
            unknown => return Err(format!("unknown function {unknown}")),
        };
        Ok(response.map(text))
    }
}

/// The body as API Gateway sends it: binary bodies stay base64, because the API has no binary media
/// types.
pub(crate) fn text(body: Body) -> Bytes {
    match body {
        Body::Text(text) => Bytes::from(text),
        Body::Binary(bytes) => Bytes::from(STANDARD.encode(bytes)),
        _ => Bytes::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Options, start};
    use std::io::{self, Write};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_request_that_cannot_be_audited_is_denied() {
        let options = Options { audit_log: Box::new(Full), ..Options::ephemeral().unwrap() };
        let running = start(options).await.unwrap();
        let mut stream = TcpStream::connect(running.address()).await.unwrap();
        let token = running.admin_token();
        let request = format!("GET /me HTTP/1.1\r\nHost: x\r\nx-api-token: {token}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 500"), "{response}");
        running.shutdown().await;
    }
}
