//! `POST /introspect`

use serde_json::{Value, json};

use crate::support::{Response, Stack, Token, isolated_stack, stack, unknown_token};

fn ask(stack: &Stack, by: impl AsRef<str>, token: &str, more: &str) -> Response {
    stack.post("/introspect").bearer(by).form(format!("token={token}{more}")).send()
}

#[test]
fn an_active_token_is_introspected_with_its_grants() {
    let stack = stack();
    let service = stack.token(["tokens:introspect"]);
    let token = stack
        .create(json!({"permissions": ["apps:write", "apps:read"], "resources": ["apps/billing"], "expires_in": "1d"}));
    let found = ask(&stack, &service, &token.secret, "").expect(200).json();
    assert_eq!(found["active"], true);
    for (field, value) in [
        ("client_id", json!(token.id)),
        ("sub", json!(token.owner)),
        ("username", json!(token.owner)),
        ("token_type", json!("Bearer")),
        ("scope", json!("apps:read apps:write")),
        ("grants", token.view["grants"].clone()),
    ] {
        assert_eq!(found[field], value, "{field}");
    }
    assert_eq!(found["exp"].as_i64().unwrap() - found["iat"].as_i64().unwrap(), 86_400);
    assert!(found.get("allowed").is_none());
}

#[test]
fn a_decision_for_a_request_agrees_with_the_authorizer() {
    let stack = stack();
    let service = stack.token(["tokens:introspect"]);
    let token = stack.token_on(["apps:read"], ["apps/billing"]);
    for (method, path, status) in [
        ("GET", "/apps/billing", 200),
        ("GET", "/apps/shop", 403),
        ("POST", "/apps/billing", 403),
        ("GET", "/apps/%2e%2e/billing", 403),
    ] {
        let encoded = path.replace('%', "%25");
        let found =
            ask(&stack, &service, &token.secret, &format!("&method={method}&path={encoded}")).expect(200).json();
        assert_eq!(found["allowed"], status == 200, "{method} {path}");
        let gateway = stack.request(method, &format!("/demo{path}")).bearer(&token).send();
        assert_eq!(gateway.status, status, "{method} {path}");
    }
    let refused = ask(&stack, &service, &token.secret, "&method=POST&path=/apps/billing").expect(200).json();
    assert_eq!((&refused["reason"], &refused["permission"]), (&json!("permission_missing"), &json!("apps:write")));
}

#[test]
fn an_inactive_token_is_answered_with_active_false_alone() {
    let stack = isolated_stack(|_| {});
    let inactive = |secret: &str| {
        assert_eq!(ask(&stack, &stack.admin, secret, "").expect(200).json(), json!({"active": false}));
    };
    let end = |what: &str| {
        let token = stack.token(["a:b"]);
        stack.post(&format!("{}/{what}", token.path())).bearer(&stack.admin).send().expect(200);
        token.secret
    };
    inactive(&end("revoke"));
    inactive(&end("disable"));
    inactive(&unknown_token(&stack.prefix()));
    inactive("x");
    let expired = stack.create(json!({"permissions": ["a:b"], "expires_in": "1h"}));
    let elsewhere = stack.create(json!({"permissions": ["a:b"], "allowed_ips": ["192.0.2.0/24"]}));
    inactive(&elsewhere.secret);
    let there = ask(&stack, &stack.admin, &elsewhere.secret, "&source_ip=192.0.2.7").expect(200).json();
    assert_eq!(there["active"], true);
    stack.advance_clock(3600);
    inactive(&expired.secret);
}

#[test]
fn introspecting_a_retired_secret_counts_as_reuse() {
    let stack = isolated_stack(|options| options.settings.token.quarantine_on_reuse = true);
    let old = stack.token(["a:b"]);
    let rotate = stack.post(&format!("{}/rotate", old.path())).bearer(&stack.admin);
    let new = Token::shown_in(&rotate.send().expect(200));
    assert_eq!(ask(&stack, &stack.admin, &old.secret, "").expect(200).json(), json!({"active": false}));
    assert_eq!(new.kinds(&stack), ["secret_reuse", "rotated", "created"]);
    assert_eq!(new.status(&stack), 401);
}

#[test]
fn introspection_needs_tokens_introspect() {
    let stack = stack();
    let token = stack.token(["tokens:read", "tokens:write", "introspect:write"]);
    let document: Value = ask(&stack, &token, &token.secret, "").problem(403, "insufficient_scope");
    assert_eq!((&document["permission"], &document["resource"]), (&json!("tokens:introspect"), &json!("tokens")));
}

#[test]
fn an_invalid_form_is_refused_as_rfc_6749_says() {
    let stack = stack();
    for empty in ["", "%20", "%0D%0A"] {
        let response = ask(&stack, &stack.admin, empty, "").expect(400).json();
        assert_eq!(response["error"], "invalid_request", "{empty}");
    }
    for more in [
        "&method=&path=/x",
        "&method=GET",
        "&path=/x",
        "&method=get&path=/x",
        "&method=GET&path=x",
        "&api=other",
        "&source_ip=x",
    ] {
        let response = ask(&stack, &stack.admin, "x", more).expect(400);
        assert_eq!(response.json()["error"], "invalid_request", "{more}");
    }
}

#[test]
fn white_space_around_a_token_and_empty_parameters_are_ignored() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let empty = "&token_type_hint=&method=&path=&api=&source_ip=&token=";
    let found = ask(&stack, &stack.admin, &format!("%20{}%0A", token.secret), empty).expect(200).json();
    assert_eq!((&found["active"], found.get("allowed")), (&json!(true), None));
    // The token has an IP allowlist, and the request names no address.
    let elsewhere = stack.create(json!({"permissions": ["a:b"], "allowed_ips": ["192.0.2.0/24"]}));
    let found = ask(&stack, &stack.admin, &elsewhere.secret, "&source_ip=").expect(200).json();
    assert_eq!(found, json!({"active": false}));
}
