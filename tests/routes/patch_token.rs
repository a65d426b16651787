//! `PATCH /tokens/{id}`

use std::thread;

use serde_json::{Value, json};

use crate::support::{Response, Stack, Token, isolated_stack, stack};

#[track_caller]
fn patch(stack: &Stack, by: &str, token: &Token, body: &Value) -> Response {
    let tag = token.tag(stack);
    stack.request("PATCH", &token.path()).bearer(by).header("If-Match", tag).json(body).send()
}

#[test]
fn a_patch_changes_only_the_fields_that_it_names() {
    let stack = stack();
    let token = stack.create(json!({"role": "viewer", "description": "old"}));
    let response = patch(
        &stack,
        &stack.admin,
        &token,
        &json!({
            "name": "new",
            "description": null,
            "grants": [{"permissions": ["apps:read"], "resources": ["apps/billing"]}],
            "allowed_ips": ["192.0.2.0/24", "2001:DB8::/32"],
            "expires_at": "2099-01-01T00:00:00Z",
        }),
    )
    .expect(200);
    let mut expected = token.view.clone();
    for (field, value) in [
        ("name", json!("new")),
        ("description", Value::Null),
        ("role", Value::Null),
        ("grants", json!([{"permissions": ["apps:read"], "resources": ["apps/billing"]}])),
        ("allowed_ips", json!(["192.0.2.0/24", "2001:db8::/32"])),
        ("expires_at", json!("2099-01-01T00:00:00Z")),
    ] {
        expected[field] = value;
    }
    assert_eq!(response.json(), expected);
    assert_eq!(response.header("etag"), Some("\"2\""));
    assert_eq!(stack.get(&token.path()).bearer(&stack.admin).send().expect(200).json(), expected);
}

#[test]
fn a_patch_applies_to_the_next_request() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    stack.get("/demo/apps").bearer(&token).send().expect(200);
    patch(&stack, &stack.admin, &token, &json!({"grants": [{"permissions": ["jobs:read"], "resources": ["*"]}]}))
        .expect(200);
    stack.get("/demo/apps").bearer(&token).send().expect(403);
    stack.get("/demo/jobs").bearer(&token).send().expect(200);
}

#[test]
fn a_patch_without_a_difference_keeps_the_version() {
    let stack = stack();
    let token = stack.create(json!({"role": "viewer"}));
    for body in [json!({}), json!({"name": token.view["name"]}), json!({"grants": token.view["grants"]})] {
        let response = patch(&stack, &stack.admin, &token, &body).expect(200);
        assert_eq!(response.header("etag"), Some("\"1\""), "{body}");
        assert_eq!(response.json(), token.view);
    }
    assert_eq!(token.kinds(&stack), ["created"]);
}

#[test]
fn a_patch_needs_if_match() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let send = || stack.request("PATCH", &token.path()).bearer(&stack.admin);
    send().json(&json!({"name": "x"})).send().problem(428, "precondition_required");
    let stale = send().header("If-Match", "\"7\"").json(&json!({"name": "x"})).send();
    stale.problem(412, "precondition_failed");
    assert_eq!(stale.header("etag"), Some("\"1\""));
    for other in ["W/\"1\"", "\"x\"", "\"7\", W/\"1\""] {
        let response = send().header("If-Match", other).json(&json!({"name": "x"})).send();
        response.problem(412, "precondition_failed");
    }
    for malformed in ["1", "*, \"1\"", "\"1\" \"2\"", ""] {
        let response = send().header("If-Match", malformed).json(&json!({"name": "x"})).send();
        assert_eq!(response.offending_fields(), ["If-Match"], "{malformed}");
    }
    assert_eq!(token.tag(&stack), "\"1\"");
    let two_lines = send().header("If-Match", "\"7\"").header("If-Match", "\"1\"");
    two_lines.json(&json!({"name": "x"})).send().expect(200);
    send().header("If-Match", "*").json(&json!({"name": "y"})).send().expect(200);
    assert_eq!(token.tag(&stack), "\"3\"");
}

#[test]
fn each_concurrent_patch_that_succeeds_makes_one_version() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let change = |n: usize| {
        let request = stack.request("PATCH", &token.path()).bearer(&stack.admin).header("If-Match", "*");
        request.json(&json!({ "name": format!("change {n}") })).send().status
    };
    let change = &change;
    let statuses: Vec<u16> = thread::scope(|scope| {
        let running: Vec<_> = (0..8).map(|n| scope.spawn(move || change(n))).collect();
        running.into_iter().map(|change| change.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| [200, 412].contains(status)), "{statuses:?}");
    let made = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(token.tag(&stack), format!("\"{}\"", 1 + made));
}

#[test]
fn every_invalid_field_of_a_patch_is_named_and_nothing_changes() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let body = json!({
        "name": null, "description": 7, "grants": null, "allowed_ips": ["x", "10.0.0.1/8"], "expires_in": "1d",
        "expires_at": "2020-01-01T00:00:00Z", "owner": "x", "permissions": ["a:b"],
    });
    let mut fields = patch(&stack, &stack.admin, &token, &body).offending_fields();
    fields.sort();
    let expected = [
        "allowed_ips[0]",
        "allowed_ips[1]",
        "description",
        "expires_at",
        "expires_in",
        "grants",
        "name",
        "owner",
        "permissions",
    ];
    assert_eq!(fields, expected);
    assert_eq!(token.tag(&stack), "\"1\"");
}

#[test]
fn a_patch_cannot_exceed_the_callers_grants() {
    let stack = stack();
    let by = stack.create(json!({
        "grants": [{"permissions": ["tokens:write", "apps:*"], "resources": ["*"]}], "expires_in": "30d",
        "allowed_ips": ["127.0.0.0/8", "::1"],
    }));
    let target = stack.create(json!({
        "permissions": ["apps:read"], "owner": by.owner, "expires_in": "1d", "allowed_ips": ["127.0.0.1"],
    }));
    let stronger = stack.create(json!({"permissions": ["jobs:read"], "owner": by.owner, "expires_in": "1d",
        "allowed_ips": ["127.0.0.1"]}));
    let fields = |token: &Token, body: Value| {
        let document = patch(&stack, &by.secret, token, &body).problem(403, "exceeds_grants");
        let errors = document["errors"].as_array().unwrap().clone();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        fields(&target, json!({"grants": [{"permissions": ["apps:read", "jobs:read"], "resources": ["*"]}]})),
        ["grants[0].permissions"]
    );
    assert_eq!(fields(&target, json!({"expires_at": null})), ["expires_at"]);
    assert_eq!(fields(&target, json!({"allowed_ips": null})), ["allowed_ips"]);
    assert_eq!(fields(&target, json!({"allowed_ips": ["127.0.0.1", "192.0.2.0/24"]})), ["allowed_ips"]);
    // Grants that the caller lacks cannot be extended either.
    assert_eq!(fields(&stronger, json!({"expires_at": stronger.view["expires_at"]})), ["grants[0].permissions"]);
    patch(
        &stack,
        &by.secret,
        &target,
        &json!({"grants": [{"permissions": ["apps:*"], "resources": ["*"]}], "allowed_ips": ["127.0.0.0/9"]}),
    )
    .expect(200);
    patch(&stack, &by.secret, &stronger, &json!({"name": "a name grants nothing"})).expect(200);
}

#[test]
fn another_owners_token_looks_like_an_unknown_one() {
    let stack = stack();
    let (by, token) = (stack.token(["tokens:write"]), stack.token(["apps:read"]));
    let send = |path: &str| {
        let request = stack.request("PATCH", path).bearer(&by).header("If-Match", "\"1\"");
        request.json(&json!({"name": "x"})).send().problem(404, "not_found")
    };
    assert_eq!(send(&token.path()), send("/tokens/0123456789abcdef"));
}

#[test]
fn a_revoked_or_expired_token_is_not_changed() {
    let stack = isolated_stack(|_| {});
    let (revoked, expired) =
        (stack.token(["apps:read"]), stack.create(json!({"permissions": ["a:b"], "expires_in": "1h"})));
    stack.post(&format!("{}/revoke", revoked.path())).bearer(&stack.admin).send().expect(200);
    stack.advance_clock(3600);
    for (token, tag) in [(&revoked, "\"2\""), (&expired, "\"1\"")] {
        let response = patch(&stack, &stack.admin, token, &json!({"expires_at": null}));
        response.problem(409, "token_ended");
        assert_eq!(response.header("etag"), Some(tag));
    }
}

#[test]
fn the_maximum_lifetime_applies_to_a_patch() {
    let stack = isolated_stack(|options| options.settings.token.max_lifetime_days = 90);
    let token = stack.create(json!({"permissions": ["a:b"], "expires_in": "90d"}));
    for bad in [Value::Null, json!("2099-01-01T00:00:00Z")] {
        assert_eq!(patch(&stack, &stack.admin, &token, &json!({"expires_at": bad})).offending_fields(), ["expires_at"]);
    }
    let fields = stack
        .post("/tokens")
        .bearer(&stack.admin)
        .json(&json!({"name": "x", "permissions": ["a:b"], "resources": ["*"], "expires_at": null}))
        .send();
    assert_eq!(fields.offending_fields(), ["expires_at"]);
}
