//! The echo API: it stands for the user's own API behind the authorizer, and answers with
//! the request and with what the authorizer said about the caller.

use crate::gateway::{AuthorizerCache, MountedApi, Routes};
use axum::body::Bytes;
use http::Response;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The name that its routes lead to.
pub(crate) const FUNCTION: &str = "echo";

/// Its stage, as it is named to be flushed.
pub(crate) const STAGE: &str = "rest:demo/demo";

const BASE_PATH: &str = "demo";

/// The echo API at its place. It has no stage variables: to the authorizer it is an API
/// like any other. Its gateway keeps the authorizer's answers for so many seconds; 0 means
/// not at all.
pub(crate) fn api(authorizer_cache_seconds: u32) -> MountedApi {
    MountedApi {
        base_path: Some(BASE_PATH.to_owned()),
        id: "demo".to_owned(),
        stage: "demo".to_owned(),
        stage_variables: BTreeMap::new(),
        routes: Routes::new([("ANY", "/", FUNCTION), ("ANY", "/{proxy+}", FUNCTION)]),
        authorizer_cache: (authorizer_cache_seconds > 0).then(|| AuthorizerCache::new(authorizer_cache_seconds)),
    }
}

/// Answers a proxy event.
pub(crate) fn handle(event: &Value) -> Response<Bytes> {
    let path = event["path"].as_str().unwrap_or_default();
    let path = path.trim_start_matches('/').strip_prefix(BASE_PATH).unwrap_or(path);
    let body = json!({
        "method": event["httpMethod"],
        "path": if path.is_empty() { "/" } else { path },
        "principal": event.pointer("/requestContext/authorizer"),
    });
    let mut answer = Response::new(Bytes::from(body.to_string()));
    answer.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_the_request_and_the_principal_as_it_was_received() {
        let event = json!({
            "httpMethod": "GET", "path": "/demo/apps/billing",
            "requestContext": {"authorizer": {"principalId": "id", "owner": "team"}},
        });
        let answer: Value = serde_json::from_slice(handle(&event).body()).unwrap();
        let expected = json!({
            "method": "GET", "path": "/apps/billing",
            "principal": {"principalId": "id", "owner": "team"},
        });
        assert_eq!(answer, expected);
        let root = json!({"httpMethod": "GET", "path": "/demo"});
        let answer: Value = serde_json::from_slice(handle(&root).body()).unwrap();
        assert_eq!(answer["path"], "/");
    }
}
