//! Echo API: a demo API behind the authorizer, which returns the request and the authorizer's context.

use crate::gateway::{AuthorizerCache, MountedApi, Routes};
use axum::body::Bytes;
use http::Response;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Function name of its routes.
pub(crate) const FUNCTION: &str = "echo";

/// Its stage, as in `FlushStages`.
pub(crate) const STAGE: &str = "rest:demo/demo";

const BASE_PATH: &str = "demo";

/// The mounted echo API. It has no stage variables, so the authorizer treats it as a protected API.
/// Authorizer responses are cached for `authorizer_cache_seconds`; 0 turns caching off.
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

/// Handles a proxy event.
pub(crate) fn handle(event: &Value) -> Response<Bytes> {
    let path = event["path"].as_str().unwrap_or_default();
    let path = path.trim_start_matches('/').strip_prefix(BASE_PATH).unwrap_or(path);
    let body = json!({
        "method": event["httpMethod"],
        "path": if path.is_empty() { "/" } else { path },
        "principal": event.pointer("/requestContext/authorizer"),
    });
    let mut response = Response::new(Bytes::from(body.to_string()));
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
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
        let response: Value = serde_json::from_slice(handle(&event).body()).unwrap();
        let expected = json!({
            "method": "GET", "path": "/apps/billing",
            "principal": {"principalId": "id", "owner": "team"},
        });
        assert_eq!(response, expected);
        let root = json!({"httpMethod": "GET", "path": "/demo"});
        let response: Value = serde_json::from_slice(handle(&root).body()).unwrap();
        assert_eq!(response["path"], "/");
    }
}
