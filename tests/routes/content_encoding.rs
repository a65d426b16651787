//! `Content-Encoding` of request bodies, for every route that reads one.

use serde_json::json;

use crate::support::{isolated_stack, stack};

#[test]
fn an_unsupported_content_encoding_is_415_and_changes_nothing() {
    let stack = isolated_stack(|_| {});
    let token = stack.token(["apps:read"]);
    let catalog = stack.catalog().1;
    for (method, path, body) in [
        ("POST", "/tokens", r#"{"name":"x","permissions":["apps:read"],"resources":["*"]}"#.to_owned()),
        ("PATCH", &token.path(), r#"{"name":"x"}"#.to_owned()),
        ("POST", &format!("{}/revoke", token.path()), "{}".to_owned()),
        ("POST", &format!("{}/rotate", token.path()), "{}".to_owned()),
        ("POST", &format!("{}/disable", token.path()), "{}".to_owned()),
        ("POST", &format!("{}/enable", token.path()), "{}".to_owned()),
        ("POST", &format!("{}/tighten", token.path()), "{}".to_owned()),
        ("POST", &format!("/owners/{}/revoke-tokens", token.owner), "{}".to_owned()),
        ("POST", "/introspect", format!("token={}", token.secret)),
        ("POST", "/revoke", format!("token={}", token.secret)),
        ("POST", "/exchange", "grant_type=x".to_owned()),
        ("POST", "/explain", "{}".to_owned()),
        ("PUT", "/catalog", "{}".to_owned()),
        ("POST", "/catalog/impact", "{}".to_owned()),
    ] {
        let request = stack.request(method, path).bearer(&stack.admin).header("If-Match", "*");
        let response = request.header("Content-Encoding", "br").body(body).send();
        response.problem(415, "unsupported_content_encoding");
        assert_eq!(response.header("accept-encoding"), Some("gzip, deflate"), "{method} {path}");
    }
    assert_eq!((token.status(&stack), token.tag(&stack)), (200, "\"1\"".to_owned()));
    assert_eq!(stack.catalog().1, catalog);
}

#[test]
fn identity_and_an_empty_body_need_no_decoding() {
    let stack = stack();
    let create = stack.post("/tokens").bearer(&stack.admin).header("Content-Encoding", "Identity");
    create.json(&json!({"name": "x", "permissions": ["apps:read"], "resources": ["*"]})).send().expect(201);
    let token = stack.token(["apps:read"]);
    let disable = stack.post(&format!("{}/disable", token.path())).bearer(&stack.admin);
    disable.header("Content-Encoding", "br").send().expect(200);
}
