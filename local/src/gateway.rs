//! The API Gateway behaviour that Portcullis relies on: routing, the authorizer call or its cached
//! response, policy evaluation, the function call, gateway responses and the access log.
//!
//! It knows nothing about tokens. Except on open routes, it forwards a request only if the authorizer's
//! response allows it. Every failure leads to a denial.

mod access_log;
mod authorizer_cache;
mod authorizer_response;
mod background_tasks;
mod content_encoding;
mod context_variables;
mod event;
mod gateway_responses;
mod incoming_request;
mod mounted_api;
mod routes;

pub(crate) use access_log::AccessLog;
pub(crate) use authorizer_cache::AuthorizerCache;
pub(crate) use background_tasks::{BackgroundTask, BackgroundTasks};
pub(crate) use event::{method_arn, query_parameters};
pub(crate) use gateway_responses::ResponseType;
pub(crate) use incoming_request::{IncomingRequest, MAX_BODY};
pub(crate) use mounted_api::MountedApi;
pub(crate) use routes::Routes;

use crate::template::GatewayResponse;
use authorizer_cache::Key;
use authorizer_response::AuthorizerResponse;
use axum::body::Bytes;
use context_variables::Context;
use event::Call;
use http::Response;
use portcullis::clock::{Clock, Timestamp};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The authorizer and the functions behind the gateway.
pub(crate) trait Backend: Send + Sync + 'static {
    /// Calls the authorizer. An error is a Lambda function's error. The task runs after the response
    /// was sent.
    fn authorize(&self, event: Value) -> impl Future<Output = (Result<Value, String>, Option<BackgroundTask>)> + Send;

    /// Calls a function with a proxy event.
    fn invoke(&self, function: &str, event: Value) -> impl Future<Output = Result<Response<Bytes>, String>> + Send;
}

/// The gateway.
pub(crate) struct Gateway<B> {
    /// The APIs, those with a base path first.
    pub(crate) apis: Vec<MountedApi>,
    /// The gateway responses.
    pub(crate) responses: BTreeMap<String, GatewayResponse>,
    /// The access log.
    pub(crate) access_log: AccessLog,
    /// The authorizer and the functions.
    pub(crate) backend: Arc<B>,
    /// Tasks that run after a response was sent.
    pub(crate) background_tasks: BackgroundTasks,
    /// The clock.
    pub(crate) clock: Clock,
    /// The gateway's own name, `host:port`.
    pub(crate) domain: String,
}

/// Maximum length of path and query. API Gateway's limit includes the headers.
const MAX_TARGET: usize = 10_240;

impl<B: Backend> Gateway<B> {
    /// Handles a request and writes its access log line.
    pub(crate) async fn handle(&self, mut incoming: IncomingRequest) -> Response<Bytes> {
        let received = self.clock.now();
        let request_id = uuid::Uuid::new_v4().to_string();
        let mut context = first_variables(&incoming, &request_id, received);
        let (response, work) = match content_encoding::decode(&mut incoming) {
            Ok(()) => self.respond(&incoming, &request_id, received, &mut context).await,
            Err(kind) => (Err(kind), None),
        };

        let mut response =
            response.unwrap_or_else(|kind| gateway_responses::render(&self.responses, kind, &mut context));
        if let Ok(value) = request_id.parse() {
            response.headers_mut().insert("x-amzn-requestid", value);
        }
        context.set("status", &response.status().as_u16());
        context.set("responseLength", &response.body().len());
        let latency = self.clock.now().millis() - received.millis();
        context.set("responseLatency", &latency);
        self.access_log.write(&context);
        if let Some(work) = work {
            self.background_tasks.run(work).await;
        }
        response
    }

    async fn respond(
        &self,
        incoming: &IncomingRequest,
        request_id: &str,
        received: Timestamp,
        context: &mut Context,
    ) -> (Result<Response<Bytes>, ResponseType>, Option<BackgroundTask>) {
        if incoming.body.is_none() || incoming.path.len() + incoming.query.len() > MAX_TARGET {
            return (Err(ResponseType::RequestTooLarge), None);
        }
        let Some((api, raw_path)) = self.mounted(&incoming.path) else {
            return (Err(ResponseType::MissingAuthenticationToken), None);
        };
        context.set("apiId", &api.id);
        context.set("stage", &api.stage);
        let Some(matched) = api.routes.find(incoming.method.as_str(), raw_path) else {
            return (Err(ResponseType::MissingAuthenticationToken), None);
        };
        context.set("resourcePath", &matched.resource);
        let domain = &self.domain;
        let matched = &matched;
        let call = Call { incoming, api, matched, raw_path, request_id, received, domain };
        if matched.open {
            return (self.invoke(&call, None).await, None);
        }
        let (authorized, work) = self.authorize(&call, context).await;
        match authorized {
            Ok(response) => (self.invoke(&call, Some(&response)).await, work),
            Err(kind) => (Err(kind), work),
        }
    }

    /// The API of a path, by its base path, and the rest of the path.
    fn mounted<'a>(&self, path: &'a str) -> Option<(&MountedApi, &'a str)> {
        self.apis.iter().find_map(|api| {
            let Some(base) = &api.base_path else {
                return Some((api, path));
            };
            let rest = path.strip_prefix('/')?.strip_prefix(base.as_str())?;
            match rest {
                "" => Some((api, "/")),
                rest => rest.starts_with('/').then_some((api, rest)),
            }
        })
    }

    async fn authorize(
        &self,
        call: &Call<'_>,
        context: &mut Context,
    ) -> (Result<Arc<AuthorizerResponse>, ResponseType>, Option<BackgroundTask>) {
        let (response, work) = match &call.api.authorizer_cache {
            None => self.ask(call).await,
            Some(cache) => self.ask_unless_kept(call, cache).await,
        };
        let response = response.and_then(|response| {
            context.set("authorizer.principalId", &response.principal_id);
            for (key, value) in &response.context {
                context.set(&format!("authorizer.{key}"), &value);
            }
            if response.allows(&call.method_arn()) { Ok(response) } else { Err(ResponseType::AccessDenied) }
        });
        (response, work)
    }

    /// Returns the cached response, or calls the authorizer and caches its policy. Errors, including
    /// "Unauthorized", are not cached.
    async fn ask_unless_kept(
        &self,
        call: &Call<'_>,
        cache: &AuthorizerCache,
    ) -> (Result<Arc<AuthorizerResponse>, ResponseType>, Option<BackgroundTask>) {
        let Some(key) = Key::from_request(call.incoming) else {
            return (Err(ResponseType::Unauthorized), None);
        };
        if let Some(kept) = cache.find(&key, call.received) {
            return (Ok(kept), None);
        }
        let (response, work) = self.ask(call).await;
        if let Ok(response) = &response {
            cache.keep(key, Arc::clone(response), call.received);
        }
        (response, work)
    }

    async fn ask(&self, call: &Call<'_>) -> (Result<Arc<AuthorizerResponse>, ResponseType>, Option<BackgroundTask>) {
        self.background_tasks.wait_idle().await;
        let (backend, event) = (Arc::clone(&self.backend), call.authorizer_event());
        // A separate task: a panic is a failed authorizer, and a client that disconnects does not
        // interrupt it, as with a Lambda function.
        let task = tokio::spawn(async move { backend.authorize(event).await });
        let (result, work) = match task.await {
            Ok((result, work)) => (result, work),
            Err(panic) => (Err(format!("the authorizer panicked: {panic}")), None),
        };
        let response = result.map_err(|error| match error.as_str() {
            "Unauthorized" => ResponseType::Unauthorized,
            error => failed(ResponseType::AuthorizerFailure, error),
        });
        let response = response.and_then(|response| {
            let read = AuthorizerResponse::read(&response).map(Arc::new);
            read.map_err(|error| failed(ResponseType::AuthorizerConfigurationError, &error.to_string()))
        });
        (response, work)
    }

    async fn invoke(
        &self,
        call: &Call<'_>,
        response: Option<&AuthorizerResponse>,
    ) -> Result<Response<Bytes>, ResponseType> {
        let (backend, event) = (Arc::clone(&self.backend), call.proxy_event(response));
        let function = call.matched.function.to_owned();
        let task = tokio::spawn(async move { backend.invoke(&function, event).await });
        match task.await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(failed(ResponseType::IntegrationError, &error)),
            Err(panic) => Err(failed(ResponseType::IntegrationError, &format!("the function panicked: {panic}"))),
        }
    }
}

fn failed(kind: ResponseType, error: &str) -> ResponseType {
    tracing::error!(error = %portcullis::text::redact(error), ?kind, "a request failed");
    kind
}

fn first_variables(incoming: &IncomingRequest, request_id: &str, received: Timestamp) -> Context {
    let mut context = Context::default();
    context.set("requestId", &request_id);
    context.set("extendedRequestId", &request_id);
    context.set("requestTime", &event::request_time(received));
    context.set("requestTimeEpoch", &received.millis());
    context.set("accountId", &event::ACCOUNT);
    context.set("httpMethod", &incoming.method);
    context.set("path", &incoming.path);
    context.set("protocol", &"HTTP/1.1");
    context.set("identity.sourceIp", &incoming.source_ip);
    if let Some(agent) = incoming.headers.get(http::header::USER_AGENT) {
        context.set("identity.userAgent", &String::from_utf8_lossy(agent.as_bytes()));
    }
    context
}

#[cfg(test)]
pub(crate) mod tests;
