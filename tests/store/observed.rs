//! The store's requests to DynamoDB, recorded and possibly changed by a proxy in front of the engine.

use portcullis::store::TokenStore;
use serde_json::Value;

use super::fixture::Table;
pub(super) use crate::support::Call;
use crate::support::{DynamoDbProxy, Reply};

/// The store behind the proxy.
pub(super) struct Observed {
    pub(super) tokens: TokenStore,
    /// The call that read the schema version.
    pub(super) schema_check: Vec<Call>,
    proxy: DynamoDbProxy,
}

impl Observed {
    /// A proxy that changes nothing.
    pub(super) async fn new(table: &Table) -> Self {
        Self::with(table, |_, _| Value::Null).await
    }

    /// A proxy that may change a request and adds fields to its response, and a store that has checked the table's
    /// schema version.
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
        let handler = move |operation: &str, request: &mut Value| Reply::Engine(change(operation, request));
        let proxy = DynamoDbProxy::start(table.engine_url(), handler).await;
        Self { tokens: table.behind(&proxy.url), schema_check: Vec::new(), proxy }
    }

    /// The calls since the last `take`.
    pub(super) fn take(&self) -> Vec<Call> {
        self.proxy.take()
    }

    /// Their operations.
    pub(super) fn operations(&self) -> Vec<String> {
        self.take().into_iter().map(|call| call.operation).collect()
    }
}
