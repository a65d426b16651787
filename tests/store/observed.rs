//! The store's requests to DynamoDB: a proxy in front of the engine that records every call and may
//! change it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use portcullis::store::TokenStore;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::fault_injection::{answer_of, respond};
use super::fixture::Table;
use crate::support::raw_http::Origin;

/// One call: the request that reached the engine, and its response.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) operation: String,
    pub(super) request: Value,
    pub(super) response: Value,
}

/// Changes a request, and returns fields for its response.
pub(super) type Change = dyn Fn(&str, &mut Value) -> Value + Send + Sync;

/// The store behind the proxy.
pub(super) struct Observed {
    pub(super) tokens: TokenStore,
    /// The call that read the schema version.
    pub(super) schema_check: Vec<Call>,
    calls: Arc<Mutex<Vec<Call>>>,
    server: JoinHandle<()>,
}

struct Proxy {
    engine: Origin,
    change: Box<Change>,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Observed {
    /// A proxy that changes nothing.
    pub(super) async fn new(table: &Table) -> Self {
        Self::with(table, |_, _| Value::Null).await
    }

    /// A proxy with this change, and a store that has checked the table's schema version.
    pub(super) async fn with(
        table: &Table,
        change: impl Fn(&str, &mut Value) -> Value + Send + Sync + 'static,
    ) -> Self {
        let mut observed = Self::unchecked(table, change).await;
        observed.tokens.get(&"0000000000000000".parse().unwrap()).await.unwrap();
        let calls = observed.take().into_iter();
        observed.schema_check = calls.filter(|call| call.request["Key"]["pk"]["S"] == "SCHEMA").collect();
        observed
    }

    /// The same with a new instance's store.
    pub(super) async fn unchecked(
        table: &Table,
        change: impl Fn(&str, &mut Value) -> Value + Send + Sync + 'static,
    ) -> Self {
        let calls = Arc::default();
        let engine = Origin::parse(&table.engine.as_ref().unwrap().endpoint);
        let proxy = Proxy { engine, change: Box::new(change), calls: Arc::clone(&calls) };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tokens = table.behind(&format!("http://{}", listener.local_addr().unwrap()));
        let router = Router::new().fallback(pass_on).with_state(Arc::new(proxy));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { tokens, schema_check: Vec::new(), calls, server }
    }

    /// The calls since the last `take`.
    pub(super) fn take(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    /// Their operations.
    pub(super) fn operations(&self) -> Vec<String> {
        self.take().into_iter().map(|call| call.operation).collect()
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass_on(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    let target = request.headers()["x-amz-target"].to_str().unwrap().to_owned();
    let operation = target.rsplit('.').next().unwrap().to_owned();
    let (parts, body) = request.into_parts();
    let mut asked: Value = serde_json::from_slice(&to_bytes(body, usize::MAX).await.unwrap()).unwrap();
    let added = (proxy.change)(&operation, &mut asked);
    let request = Request::from_parts(parts, asked.to_string().into());
    let answer = answer_of(&proxy.engine, request).await;
    let status = answer.status().as_u16();
    let mut response: Value = serde_json::from_slice(&to_bytes(answer.into_body(), usize::MAX).await.unwrap()).unwrap();
    if let (Value::Object(response), Value::Object(added)) = (&mut response, added) {
        response.extend(added);
    }
    let body = Bytes::from(response.to_string());
    proxy.calls.lock().unwrap().push(Call { operation, request: asked, response });
    respond(status, body)
}
