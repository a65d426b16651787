//! Tests of the gateway with a stub authorizer and a stub function.

mod caching;
pub(crate) mod fixture;
mod open;

use super::*;
use fixture::{Behavior, Fixture, body, get, response};
use http::Method;
use serde_json::json;

#[tokio::test]
async fn an_allowed_request_reaches_the_function_with_the_context() {
    let fixture = Fixture::new(response("Allow"));
    let (status, response) = fixture.send(get("/demo/apps/billing")).await;
    assert_eq!((status.as_u16(), &response.body()[..]), (200, &b"from the function"[..]));
    let (function, event) = &fixture.events()[1];
    assert_eq!(function, "echo");
    let authorizer = &event["requestContext"]["authorizer"];
    assert_eq!(authorizer["principalId"], "0123456789abcdef");
    assert_eq!(authorizer["owner"], "team");
}

#[tokio::test]
async fn a_deny_is_403_in_the_templates_words_and_the_function_is_not_called() {
    let fixture = Fixture::new(response("Deny"));
    let (status, response) = fixture.send(get("/demo/apps/billing")).await;
    assert_eq!(status, 403);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    let body = body(&response);
    assert_eq!(body["type"], "urn:portcullis:problem:insufficient_scope");
    assert_eq!(body["permission"], "apps:read");
    assert_eq!(body["resource"], "apps/billing");
    assert_eq!(body["request_id"], response.headers()["x-amzn-requestid"].to_str().unwrap());
    assert_eq!(fixture.asked(), ["authorizer"]);
}

#[tokio::test]
async fn unauthorized_is_401_with_a_challenge_and_the_function_is_not_called() {
    let fixture = Fixture::new(Behavior::Fail("Unauthorized"));
    let (status, response) = fixture.send(get("/demo/apps/billing")).await;
    assert_eq!(status, 401);
    let challenge = response.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    assert_eq!(body(&response)["type"], "urn:portcullis:problem:invalid_token");
    assert_eq!(fixture.asked(), ["authorizer"]);
}

#[tokio::test]
async fn a_failing_authorizer_is_a_500_and_never_an_allow() {
    let broken = [
        Behavior::Fail("the store failed"),
        Behavior::Fail("unauthorized"),
        Behavior::Fail(""),
        Behavior::Panic,
        Behavior::Answer(json!({"isAuthorized": true})),
        Behavior::Answer(json!(null)),
    ];
    for authorizer in broken {
        let fixture = Fixture::new(authorizer);
        let (status, response) = fixture.send(get("/demo/apps/billing")).await;
        assert_eq!(status, 500);
        assert_eq!(body(&response)["type"], "urn:portcullis:problem:internal_error");
        assert_eq!(fixture.asked(), ["authorizer"], "the function was called");
    }
}

#[tokio::test]
async fn a_function_that_panics_is_502_and_the_gateway_goes_on() {
    let mut fixture = Fixture::new(response("Allow"));
    Arc::get_mut(&mut fixture.gateway.backend).unwrap().function_panics = true;
    for _ in 0..2 {
        let (status, response) = fixture.send(get("/me")).await;
        assert_eq!(status, 502);
        assert_eq!(body(&response)["type"], "urn:portcullis:problem:internal_error");
    }
}

#[tokio::test]
async fn an_unknown_route_or_method_is_404_without_asking_the_authorizer() {
    let fixture = Fixture::new(response("Allow"));
    let mut post = get("/me");
    post.method = Method::POST;
    let mut trace = get("/demo/x");
    trace.method = Method::TRACE;
    let odd = ["/", "", "*", "/demonstration", "/DEMO/x", "/demo%2Fx", "//me", "/me/x"];
    for incoming in odd.map(get).into_iter().chain([post, trace]) {
        let path = incoming.path.clone();
        let (status, response) = fixture.send(incoming).await;
        assert_eq!(status, 404, "{path}");
        assert_eq!(body(&response)["type"], "urn:portcullis:problem:not_found");
    }
    assert_eq!(fixture.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_path_that_only_begins_like_a_base_path_is_the_token_apis() {
    let fixture = Fixture::new(response("Allow"));
    assert_eq!(fixture.send(get("/demos")).await.0, 200);
    assert_eq!(fixture.asked(), ["authorizer", "list"]);
}

#[tokio::test]
async fn a_request_that_is_too_large_is_413_without_asking_the_authorizer() {
    let fixture = Fixture::new(response("Allow"));
    let mut large = get("/demo/x");
    large.body = None;
    let long = get(&format!("/demo/{}?{}", "x".repeat(6_000), "y".repeat(6_000)));
    for incoming in [large, long] {
        assert_eq!(fixture.send(incoming).await.0, 413);
    }
    assert_eq!(fixture.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn the_authorizer_is_asked_with_a_real_request_event() {
    let fixture = Fixture::new(response("Allow"));
    let mut incoming = get("/tokens/a%2Fb/revoke/?x=1&x=2&y=a+b%21&z");
    incoming.method = Method::POST;
    for (name, value) in [("x-api-token", "one"), ("x-api-token", "two"), ("user-agent", "curl")] {
        incoming.headers.append(name, value.parse().unwrap());
    }
    let (_, response) = fixture.send(incoming).await;
    let (_, event) = &fixture.events()[0];
    let mut event = event["event"].clone();
    let request_id = response.headers()["x-amzn-requestid"].to_str().unwrap();
    assert_eq!(event["requestContext"]["requestId"], request_id);
    event["requestContext"]["requestId"] = json!("[request id]");
    event["requestContext"]["extendedRequestId"] = json!("[request id]");
    insta::assert_json_snapshot!(event);
}

#[tokio::test]
async fn the_arn_has_the_path_exactly_as_it_was_asked_for() {
    let fixture = Fixture::new(response("Allow"));
    for (path, in_arn) in [
        ("/demo/apps/billing", "demo/demo/GET/apps/billing"),
        ("/demo/apps/%62illing/", "demo/demo/GET/apps/%62illing/"),
        ("/demo/apps/../x//y;z", "demo/demo/GET/apps/../x//y;z"),
        ("/demo//x", "demo/demo/GET//x"),
        ("/demo", "demo/demo/GET/"),
        ("/me/", "portcullis/v1/GET/me/"),
    ] {
        fixture.send(get(path)).await;
        let (_, asked) = fixture.events().into_iter().rfind(|(who, _)| who == "authorizer").unwrap();
        let arn = format!("arn:aws:execute-api:us-east-1:000000000000:{in_arn}");
        assert_eq!(asked["event"]["methodArn"], arn, "{path}");
    }
}

#[tokio::test]
async fn the_source_is_the_tcp_peer_whatever_a_header_claims() {
    let fixture = Fixture::new(response("Allow"));
    let mut incoming = get("/demo/x");
    incoming.headers.insert("x-forwarded-for", "10.0.0.1".parse().unwrap());
    incoming.headers.insert("host", "evil.example".parse().unwrap());
    fixture.send(incoming).await;
    for (who, event) in fixture.events() {
        let event = if who == "authorizer" { event["event"].clone() } else { event };
        assert_eq!(event["requestContext"]["identity"]["sourceIp"], "192.0.2.7");
        assert_eq!(event["headers"]["x-forwarded-for"], "10.0.0.1, 192.0.2.7");
        assert_eq!(event["headers"]["host"], "127.0.0.1:9050");
    }
}

#[tokio::test]
async fn only_the_token_api_has_the_stage_variable_that_makes_it_one() {
    let fixture = Fixture::new(response("Allow"));
    fixture.send(get("/demo/me")).await;
    fixture.send(get("/me")).await;
    let events = fixture.events();
    assert_eq!(events[0].1["event"]["stageVariables"], Value::Null);
    assert_eq!(events[2].1["event"]["stageVariables"]["portcullis_api"], "tokens");
}

#[tokio::test]
async fn a_body_reaches_the_function_as_text_and_the_authorizer_not_at_all() {
    let fixture = Fixture::new(response("Allow"));
    let mut incoming = get("/demo/x");
    incoming.body = Some(Bytes::from_static(b"{\"a\":\"\xff\"}"));
    fixture.send(incoming).await;
    let events = fixture.events();
    assert_eq!(events[0].1["event"].get("body"), None);
    assert_eq!(events[1].1["body"], "{\"a\":\"\u{fffd}\"}");
    assert_eq!(events[1].1["isBase64Encoded"], false);
}

#[tokio::test]
async fn the_next_caller_is_looked_at_when_the_last_use_was_noted() {
    let fixture = Fixture::new(response("Allow"));
    fixture.send(get("/demo/x")).await;
    fixture.send(get("/demo/x")).await;
    let asked: Vec<_> = fixture.events().into_iter().filter(|(who, _)| who == "authorizer").collect();
    assert_eq!(asked[0].1["noted_before"], false);
    assert_eq!(asked[1].1["noted_before"], true);
}

#[tokio::test]
async fn every_request_has_one_line_of_the_access_log_under_its_request_id() {
    let fixture = Fixture::new(response("Allow"));
    let (_, allowed) = fixture.send(get("/demo/apps/billing")).await;
    let (_, unknown) = fixture.send(get("/nothing\",\"status_code\":200,\"x\":\"")).await;
    let lines = fixture.log_lines();
    assert_eq!(lines.len(), 2);
    let id = |response: &Response<Bytes>| response.headers()["x-amzn-requestid"].to_str().unwrap().to_owned();
    assert_eq!(lines[0]["request_id"], id(&allowed));
    assert_eq!(lines[0]["status_code"], 200);
    assert_eq!(lines[0]["api_token_id"], "0123456789abcdef");
    assert_eq!(lines[0]["path"], "/apps/billing");
    assert_eq!(lines[0]["rbac_decision"], "allow");
    assert_eq!(lines[0]["source_ip"], "192.0.2.7");
    assert_eq!(lines[0]["timestamp"], "15/Jan/2027:08:00:00 +0000");
    assert_eq!(lines[1]["request_id"], id(&unknown));
    assert_eq!(lines[1]["status_code"], 404);
    assert_eq!(lines[1]["api_token_id"], "-");
}
