//! State of a deployed stack, and of the APIs that use its authorizer.

use std::collections::BTreeMap;

use portcullis::clock::Timestamp;
use serde::{Deserialize, Serialize};

/// State of a deployed stack, and of the APIs of its account and region that use its authorizer.
#[derive(Debug, Default)]
pub(crate) struct StackState {
    /// Parameters of the stack.
    pub(crate) parameters: BTreeMap<String, String>,
    /// The authorizer for APIs, by the stack's output. It may end in an alias.
    pub(crate) authorizer_arn: String,
    /// ID of the management API.
    pub(crate) management_api_id: String,
    pub(crate) authorizers: Vec<Authorizer>,
    pub(crate) functions: Vec<Function>,
    pub(crate) log_groups: Vec<LogGroup>,
    pub(crate) alarms: Vec<Alarm>,
}

/// An authorizer of an API that names the authorizer function.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Authorizer {
    pub(crate) api_kind: ApiKind,
    pub(crate) api_id: String,
    pub(crate) api_name: String,
    pub(crate) name: String,
    pub(crate) function_arn: String,
    /// Whether it is a REST API's type `TOKEN`, which always reads one header.
    pub(crate) reads_one_header: bool,
    pub(crate) ttl_seconds: u32,
    pub(crate) identity_sources: Vec<String>,
    /// For HTTP APIs.
    pub(crate) payload_version: Option<String>,
    /// `EnableSimpleResponses`, for HTTP APIs.
    pub(crate) simple_responses: bool,
}

/// Kind of an API, by API Gateway's `protocolType`. REST APIs have none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ApiKind {
    #[serde(rename(serialize = "rest", deserialize = "REST"))]
    Rest,
    #[serde(rename(serialize = "http", deserialize = "HTTP"))]
    Http,
    #[serde(rename(serialize = "websocket", deserialize = "WEBSOCKET"))]
    WebSocket,
}

/// A function of the stack.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Its environment variables.
    pub(crate) variables: BTreeMap<String, String>,
}

/// A log group of the stack.
#[derive(Debug)]
pub(crate) struct LogGroup {
    pub(crate) name: String,
    /// `None`: unlimited.
    pub(crate) retention_days: Option<u32>,
    pub(crate) created_at: Option<Timestamp>,
}

/// An alarm of the stack.
#[derive(Debug)]
pub(crate) struct Alarm {
    pub(crate) name: String,
    /// Whether it has an action, and its actions are enabled.
    pub(crate) has_action: bool,
}

impl StackState {
    /// Value of a parameter; empty if the stack's version does not have it.
    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map(String::as_str).unwrap_or_default()
    }

    /// For how long APIs may use a response of the authorizer.
    pub(crate) fn cache_seconds(&self) -> u32 {
        self.parameter("AuthorizerCacheSeconds").parse().unwrap_or_default()
    }
}
