//! API Gateway's control plane, as far as Portcullis calls it: flushing a stage's authorizer cache.
//!
//! It is served outside the gateway, and only to programs on this machine.

use crate::gateway::{IncomingRequest, MountedApi};
use axum::body::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::json;

/// Start of the `Authorization` header of a signed request.
const SIGNED: &[u8] = b"AWS4-HMAC-SHA256 ";

/// A call to flush the cache of a stage.
struct FlushCall {
    api: String,
    stage: String,
    /// The status of success.
    done: StatusCode,
}

/// Handles a request to the control plane; `None` for any other request.
pub(crate) fn handle(apis: &[MountedApi], incoming: &IncomingRequest) -> Option<Response<Bytes>> {
    if incoming.method != Method::DELETE || !incoming.source_ip.to_canonical().is_loopback() {
        return None;
    }
    let call = FlushCall::read(&incoming.path)?;
    // The signature is not verified, because there are no accounts here. But AWS would refuse an
    // unsigned request.
    if !is_signed(&incoming.headers) {
        return Some(refusal(
            StatusCode::FORBIDDEN,
            "MissingAuthenticationTokenException",
            "The request is not signed",
        ));
    }
    let Some(api) = apis.iter().find(|api| api.id == call.api) else {
        return Some(refusal(StatusCode::NOT_FOUND, "NotFoundException", "Invalid API identifier specified"));
    };
    if api.stage != call.stage {
        return Some(refusal(StatusCode::NOT_FOUND, "NotFoundException", "Invalid stage identifier specified"));
    }
    if let Some(cache) = &api.authorizer_cache {
        cache.empty();
    }
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = call.done;
    Some(response)
}

impl FlushCall {
    /// REST APIs and HTTP APIs have different calls. The mounted APIs accept both, so that both can
    /// be tested.
    fn read(path: &str) -> Option<Self> {
        let (rest, done) = match path.strip_prefix("/restapis/") {
            Some(rest) => (rest, StatusCode::ACCEPTED),
            None => (path.strip_prefix("/v2/apis/")?, StatusCode::NO_CONTENT),
        };
        let (api, rest) = rest.split_once("/stages/")?;
        let stage = rest.strip_suffix("/cache/authorizers")?;
        let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
        (!api.contains('/') && !stage.contains('/')).then(|| Self { api: decoded(api), stage: decoded(stage), done })
    }
}

fn is_signed(headers: &HeaderMap) -> bool {
    headers.get(AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(SIGNED))
}

fn refusal(status: StatusCode, error: &'static str, message: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(json!({ "message": message }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(error));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::echo;
    use crate::gateway::tests::fixture::{body, get};
    use std::net::IpAddr;

    const REST: &str = "/restapis/demo/stages/demo/cache/authorizers";
    const HTTP: &str = "/v2/apis/demo/stages/demo/cache/authorizers";

    fn delete(path: &str) -> IncomingRequest {
        let mut incoming = get(path);
        incoming.method = Method::DELETE;
        incoming.source_ip = [127, 0, 0, 1].into();
        let signature = "AWS4-HMAC-SHA256 Credential=x/20261126/us-east-1/apigateway/aws4_request, Signature=0";
        incoming.headers.insert(AUTHORIZATION, signature.parse().unwrap());
        incoming
    }

    fn send(incoming: &IncomingRequest) -> Option<Response<Bytes>> {
        handle(&[echo::api(60)], incoming)
    }

    fn status(incoming: &IncomingRequest) -> Option<u16> {
        send(incoming).map(|response| response.status().as_u16())
    }

    #[test]
    fn each_call_has_the_status_that_aws_gives_it() {
        for (path, expected) in [(REST, 202), (HTTP, 204), ("/restapis/%64emo/stages/dem%6F/cache/authorizers", 202)] {
            let response = send(&delete(path)).unwrap();
            assert_eq!((response.status().as_u16(), response.body().len()), (expected, 0), "{path}");
        }
        let without_a_cache = handle(&[echo::api(0)], &delete(REST)).unwrap();
        assert_eq!(without_a_cache.status(), 202, "flushing an API without a cache is no error");
    }

    #[test]
    fn an_unknown_api_or_stage_is_404() {
        for (path, message) in [
            ("/restapis/other/stages/demo/cache/authorizers", "API"),
            ("/v2/apis/Demo/stages/demo/cache/authorizers", "API"),
            ("/restapis//stages/demo/cache/authorizers", "API"),
            ("/restapis/demo%2Fx/stages/demo/cache/authorizers", "API"),
            ("/restapis/demo/stages/v1/cache/authorizers", "stage"),
            ("/v2/apis/demo/stages/%24default/cache/authorizers", "stage"),
        ] {
            let response = send(&delete(path)).unwrap();
            assert_eq!(response.status(), 404, "{path}");
            assert_eq!(response.headers()["x-amzn-errortype"], "NotFoundException");
            let body = body(&response);
            assert!(body["message"].as_str().unwrap().starts_with(&format!("Invalid {message} ")), "{path}: {body}");
        }
    }

    #[test]
    fn unsigned_requests_are_forbidden() {
        for authorization in ["", "Bearer x", "AWS4-HMAC-SHA256", "aws4-hmac-sha256 x", "x AWS4-HMAC-SHA256 x"] {
            for path in [REST, HTTP, "/restapis/other/stages/demo/cache/authorizers"] {
                let mut incoming = delete(path);
                incoming.headers.insert(AUTHORIZATION, authorization.parse().unwrap());
                assert_eq!(status(&incoming), Some(403), "{path}: {authorization}");
                incoming.headers.clear();
                assert_eq!(status(&incoming), Some(403), "{path}");
            }
        }
    }

    #[test]
    fn only_programs_on_this_machine_are_answered() {
        for (address, expected) in [
            ("127.0.0.1", Some(202)),
            ("127.9.9.9", Some(202)),
            ("::1", Some(202)),
            ("::ffff:127.0.0.1", Some(202)),
            ("192.0.2.7", None),
            ("::ffff:192.0.2.7", None),
            ("10.0.0.1", None),
        ] {
            let mut incoming = delete(REST);
            incoming.source_ip = address.parse::<IpAddr>().unwrap();
            incoming.headers.insert("x-forwarded-for", "127.0.0.1".parse().unwrap());
            assert_eq!(status(&incoming), expected, "{address}");
        }
    }

    #[test]
    fn everything_else_is_the_gateways() {
        for path in [
            "/",
            "/demo/x",
            "/restapis",
            "/restapis/demo/stages/demo",
            "/restapis/demo/stages/demo/cache/data",
            "/restapis/demo/stages/demo/cache/authorizers/",
            "/restapis/demo/x/stages/demo/cache/authorizers",
            "/restapis/demo/stages/x/demo/cache/authorizers",
            "/demo/restapis/demo/stages/demo/cache/authorizers",
            "/v1/apis/demo/stages/demo/cache/authorizers",
            "//restapis/demo/stages/demo/cache/authorizers",
        ] {
            assert_eq!(status(&delete(path)), None, "{path}");
        }
        for method in [Method::GET, Method::POST, Method::PATCH, Method::OPTIONS] {
            assert_eq!(status(&IncomingRequest { method: method.clone(), ..delete(REST) }), None, "{method}");
        }
    }
}
