//! Tests of the gateway with routes that bypass the authorizer.

use super::fixture::{Behavior, Fixture, get, response};
use super::*;
use crate::template::{Route, SOURCE, Template};
use http::header::AUTHORIZATION;

/// `POST /demo/open` is open, everything else below `/demo` is not.
fn fixture(authorizer: Behavior) -> Fixture {
    let route = |method, path| Route::from((method, path, "echo"));
    let open = Route { open: true, ..route("POST", "/open") };
    Fixture::with_routes(authorizer, [open, route("GET", "/open"), route("ANY", "/{proxy+}")])
}

fn request(method: Method, target: &str) -> IncomingRequest {
    IncomingRequest { method, ..get(target) }
}

#[tokio::test]
async fn an_open_route_reaches_its_function_without_the_authorizer() {
    // An authorizer that would refuse every request.
    let fixture = fixture(Behavior::Fail("Unauthorized"));
    let mut incoming = request(Method::POST, "/demo/open?x=1");
    incoming.body = Some(Bytes::from_static(b"token=x"));
    let (status, response) = fixture.send(incoming).await;
    assert_eq!((status.as_u16(), &response.body()[..]), (200, &b"from the function"[..]));
    assert_eq!(fixture.asked(), ["echo"]);
    let (_, event) = &fixture.events()[0];
    assert_eq!(event["requestContext"].get("authorizer"), None, "absent, not null");
    assert_eq!(event["requestContext"]["resourcePath"], "/open");
    assert_eq!(event["requestContext"]["identity"]["sourceIp"], "192.0.2.7");
    assert_eq!(event["queryStringParameters"]["x"], "1");
    assert_eq!(event["body"], "token=x");
}

#[tokio::test]
async fn a_credential_on_an_open_route_says_nothing_about_its_caller() {
    let mut fixture = fixture(response("Allow"));
    fixture.gateway.apis[0].authorizer_cache = Some(AuthorizerCache::new(60));
    let with_token = |method, target| {
        let mut incoming = request(method, target);
        incoming.headers.insert(AUTHORIZATION, "Bearer one".parse().unwrap());
        incoming
    };
    // The authorizer's response to this caller is now cached.
    assert_eq!(fixture.send(with_token(Method::GET, "/demo/open")).await.0, 200);
    for incoming in [with_token(Method::POST, "/demo/open"), request(Method::POST, "/demo/open")] {
        assert_eq!(fixture.send(incoming).await.0, 200);
    }
    assert_eq!(fixture.asked(), ["authorizer", "echo", "echo", "echo"]);
    for (_, event) in &fixture.events()[2..] {
        assert_eq!(event["requestContext"].get("authorizer"), None);
    }
}

#[tokio::test]
async fn siblings_of_an_open_route_need_the_authorizer() {
    let fixture = fixture(response("Deny"));
    for (method, target) in [
        (Method::GET, "/demo/open"),
        (Method::POST, "/demo/open/x"),
        (Method::POST, "/demo//open"),
        (Method::POST, "/demo/OPEN"),
        (Method::POST, "/demo/ope%6e"),
        (Method::POST, "/demo/open%2f"),
        (Method::POST, "/demo/open;x"),
        (Method::POST, "/demo/x/../open"),
        (Method::POST, "/demo/other"),
        (Method::PATCH, "/demo/other"),
    ] {
        assert_eq!(fixture.send(request(method.clone(), target)).await.0, 403, "{method} {target}");
    }
    for (method, target) in [(Method::PUT, "/demo/open"), (Method::POST, "/open")] {
        assert_eq!(fixture.send(request(method.clone(), target)).await.0, 404, "{method} {target}");
    }
    // A header cannot override the method.
    let mut overridden = request(Method::GET, "/demo/open");
    overridden.headers.insert("x-http-method-override", "POST".parse().unwrap());
    assert_eq!(fixture.send(overridden).await.0, 403);
    assert!(fixture.asked().iter().all(|who| who == "authorizer"), "a function was called");
}

#[tokio::test]
async fn the_templates_routes_are_open_where_it_says_so_and_only_there() {
    let there = "            Path: /me\n";
    let opened = SOURCE.replacen(there, &format!("{there}            Auth: {{Authorizer: NONE}}\n"), 1);
    for (source, status) in [(SOURCE, 403), (&opened, 200)] {
        let routes = Template::parse(source).unwrap().api.routes;
        let fixture = Fixture::with_routes(response("Deny"), routes);
        assert_eq!(fixture.send(get("/demo/me")).await.0, status);
        assert_eq!(fixture.send(get("/demo/tokens")).await.0, 403);
    }
}

#[tokio::test]
async fn the_function_of_an_open_route_that_panics_is_502() {
    let mut fixture = fixture(response("Allow"));
    Arc::get_mut(&mut fixture.gateway.backend).unwrap().function_panics = true;
    assert_eq!(fixture.send(request(Method::POST, "/demo/open")).await.0, 502);
}

#[tokio::test]
async fn the_access_log_knows_no_caller_of_an_open_route() {
    let fixture = fixture(response("Allow"));
    let (_, response) = fixture.send(request(Method::POST, "/demo/open")).await;
    let lines = fixture.log_lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["request_id"], response.headers()["x-amzn-requestid"].to_str().unwrap());
    assert_eq!(lines[0]["status_code"], 200);
    assert_eq!(lines[0]["resource_path"], "/open");
    for field in ["principal_type", "api_token_id", "api_token_name", "owner", "path", "rbac_decision", "reason"] {
        assert_eq!(lines[0][field], "-", "{field}");
    }
}

#[tokio::test]
async fn a_patch_is_asked_about_and_arrives_as_one() {
    let fixture = fixture(response("Allow"));
    let mut incoming = request(Method::PATCH, "/demo/apps/billing");
    incoming.body = Some(Bytes::from_static(b"{}"));
    assert_eq!(fixture.send(incoming).await.0, 200);
    let events = fixture.events();
    let arn = method_arn("demo", "demo", "PATCH", "/apps/billing");
    assert_eq!(events[0].1["event"]["methodArn"], arn);
    assert_eq!((&events[1].1["httpMethod"], &events[1].1["body"]), (&json!("PATCH"), &json!("{}")));
}
