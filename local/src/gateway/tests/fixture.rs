//! Fixture: a gateway with a stub authorizer and stub functions, which record their events.

use super::super::*;
use crate::template::{Route, Template};
use http::{HeaderMap, Method, StatusCode};
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the stub's authorizer does.
#[derive(Clone)]
pub(super) enum Behavior {
    Answer(Value),
    Fail(&'static str),
    Panic,
}

pub(super) struct Stub {
    pub(super) authorizer: Behavior,
    pub(super) function_panics: bool,
    /// Every event in order, with its receiver.
    events: Mutex<Vec<(String, Value)>>,
    noted: Arc<AtomicBool>,
}

impl Backend for Stub {
    async fn authorize(&self, event: Value) -> (Result<Value, String>, Option<BackgroundTask>) {
        let noted_before = self.noted.load(Ordering::SeqCst);
        let event = json!({"event": event, "noted_before": noted_before});
        self.events.lock().unwrap().push(("authorizer".to_owned(), event));
        let noted = Arc::clone(&self.noted);
        let work: BackgroundTask = Box::pin(async move {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            noted.store(true, Ordering::SeqCst);
        });
        match self.authorizer.clone() {
            Behavior::Answer(response) => (Ok(response), Some(work)),
            Behavior::Fail(error) => (Err(error.to_owned()), None),
            Behavior::Panic => panic!("as the test asked"),
        }
    }

    async fn invoke(&self, function: &str, event: Value) -> Result<Response<Bytes>, String> {
        self.events.lock().unwrap().push((function.to_owned(), event));
        assert!(!self.function_panics, "as the test asked");
        Ok(Response::new(Bytes::from_static(b"from the function")))
    }
}

pub(super) struct Fixture {
    pub(super) gateway: Gateway<Stub>,
    log: tempfile::NamedTempFile,
}

impl Fixture {
    pub(super) fn new(authorizer: Behavior) -> Self {
        let template = Template::embedded().unwrap();
        let log = tempfile::NamedTempFile::new().unwrap();
        let routes = [("POST", "/tokens/{id}/revoke", "revoke"), ("GET", "/me", "list"), ("GET", "/demos", "list")];
        let token_api = MountedApi {
            base_path: None,
            id: "portcullis".to_owned(),
            stage: template.api.stage,
            stage_variables: template.api.stage_variables,
            routes: Routes::new(routes),
            authorizer_cache: None,
        };
        let gateway = Gateway {
            apis: vec![crate::echo::api(0), token_api],
            responses: template.api.responses,
            access_log: AccessLog::new(&template.api.access_log, log.reopen().unwrap()),
            backend: Arc::new(Stub {
                authorizer,
                function_panics: false,
                events: Mutex::default(),
                noted: Arc::default(),
            }),
            background_tasks: BackgroundTasks::default(),
            clock: Clock::from_fn(|| Timestamp::from_seconds(1_800_000_000)),
            domain: "127.0.0.1:9050".to_owned(),
        };
        Self { gateway, log }
    }

    /// With these routes below `/demo` instead of the echo's.
    pub(super) fn with_routes(authorizer: Behavior, routes: impl IntoIterator<Item = Route>) -> Self {
        let mut fixture = Self::new(authorizer);
        fixture.gateway.apis[0].routes = Routes::new(routes);
        fixture
    }

    pub(super) async fn send(&self, incoming: IncomingRequest) -> (StatusCode, Response<Bytes>) {
        let response = self.gateway.handle(incoming).await;
        (response.status(), response)
    }

    pub(super) fn events(&self) -> Vec<(String, Value)> {
        self.gateway.backend.events.lock().unwrap().clone()
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.events().into_iter().map(|(who, _)| who).collect()
    }

    pub(super) fn log_lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.log.path()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

pub(crate) fn get(target: &str) -> IncomingRequest {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    IncomingRequest {
        method: Method::GET,
        path: path.to_owned(),
        query: query.to_owned(),
        headers: HeaderMap::new(),
        body: Some(Bytes::new()),
        source_ip: [192, 0, 2, 7].into(),
    }
}

pub(super) fn response(effect: &str) -> Behavior {
    Behavior::Answer(json!({
        "principalId": "0123456789abcdef",
        "policyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": effect, "Action": "execute-api:Invoke", "Resource": "*"},
        ]},
        "context": {
            "owner": "team", "token_id": "0123456789abcdef", "detail": "Needs apps:read.",
            "missing_permission": "apps:read", "missing_resource": "apps/billing",
            "audit_path": "/apps/billing", "audit_decision": effect.to_lowercase(),
        },
    }))
}

pub(crate) fn body(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}
