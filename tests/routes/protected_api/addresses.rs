//! The IP allowlist of a token, and the warning before its expiry.

use serde_json::{Value, json};

use crate::support::{isolated_stack, stack};

#[test]
fn the_ip_allowlist_ignores_forwarded_headers() {
    let stack = stack();
    if !stack.is_in_process() {
        // A gateway behind a proxy may take the address from a header.
        return;
    }
    let elsewhere =
        stack.create(json!({"permissions": ["apps:read"], "allowed_ips": ["192.0.2.0/24", "2001:db8::/32"]}));
    for header in ["X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP"] {
        let value = if header == "Forwarded" { "for=192.0.2.7" } else { "192.0.2.7" };
        let request = stack.get("/demo/apps").bearer(&elsewhere).header(header, value);
        let document = request.send().problem(403, "insufficient_scope");
        assert!(document["detail"].as_str().unwrap().contains("your IP address"), "{document}");
    }
    let here = stack.create(json!({"permissions": ["apps:read"], "allowed_ips": ["::ffff:127.0.0.0/104"]}));
    assert_eq!(here.view["allowed_ips"], json!(["127.0.0.0/8"]));
    stack.get("/demo/apps").bearer(&here).send().expect(200);
}

#[test]
fn explain_and_introspect_apply_the_ip_allowlist() {
    let stack = stack();
    let token = stack.create(json!({"permissions": ["apps:read"], "allowed_ips": ["192.0.2.0/24"]}));
    let explained = |more: Value| {
        let mut body = json!({"token_id": token.id, "method": "GET", "path": "/apps"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        stack.post("/explain").bearer(&stack.admin).json(&body).send().expect(200).json()["reason"].clone()
    };
    assert_eq!(explained(json!({"source_ip": "192.0.2.7"})), Value::Null);
    assert_eq!(explained(json!({"source_ip": "198.51.100.1"})), "ip_not_allowed");
    assert_eq!(explained(json!({})), "ip_not_allowed");
}

#[test]
fn responses_warn_of_an_expiry_within_14_days() {
    let stack = isolated_stack(|_| {});
    let token = stack.create(json!({"permissions": ["tokens:read", "apps:read"], "expires_in": "15d"}));
    let told = |path: &str| stack.get(path).bearer(&token).send().header("x-api-token-expires-at").map(str::to_owned);
    let principal = || stack.get("/demo/apps").bearer(&token).send().expect(200).json()["principal"].clone();
    assert_eq!(told("/me"), None);
    assert!(principal().get("token_expires_at").is_none());
    stack.advance_clock(86_400);
    let end = token.view["expires_at"].as_str().unwrap().to_owned();
    assert_eq!(told("/me"), Some(end.clone()));
    assert_eq!(told("/tokens/0123456789abcdef"), Some(end.clone()), "with an error, too");
    assert_eq!(principal()["token_expires_at"], end.as_str());
}
