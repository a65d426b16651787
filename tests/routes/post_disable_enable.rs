//! `POST /tokens/{id}/disable` and `/enable`, and idle tokens.

use serde_json::json;

use crate::support::{AuditLog, Response, Stack, Token, isolated_stack, stack};

#[track_caller]
fn ask(stack: &Stack, what: &str, token: &Token, by: impl AsRef<str>) -> Response {
    stack.post(&format!("{}/{what}", token.path())).bearer(by).send()
}

fn shown(response: &Response) -> [serde_json::Value; 2] {
    let view = response.json();
    [view["status"].clone(), view["disabled_reason"].clone()]
}

#[test]
fn a_disabled_token_is_refused_until_it_is_enabled() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let keeper = stack.create(json!({"permissions": ["tokens:write"], "owner": token.owner}));
    assert_eq!(token.status(&stack), 200);
    let response = ask(&stack, "disable", &token, &keeper).expect(200);
    assert_eq!(shown(&response), [json!("disabled"), json!("owner")]);
    assert_eq!(response.json()["disabled_by"], format!("token:{}", keeper.id));
    assert_eq!(token.status(&stack), 401);
    let again = ask(&stack, "disable", &token, &keeper).expect(200);
    assert_eq!(again.header("etag"), response.header("etag"), "disabling again changes nothing");
    assert_eq!(shown(&ask(&stack, "enable", &token, &keeper).expect(200)), [json!("active"), json!(null)]);
    assert_eq!(token.status(&stack), 200);
    ask(&stack, "enable", &token, &keeper).expect(200);
    assert_eq!(token.kinds(&stack), ["enabled", "disabled", "first_used", "created"]);
}

#[test]
fn a_token_disabled_by_an_admin_is_enabled_only_by_an_admin() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let keeper = stack.create(json!({"permissions": ["tokens:write"], "owner": token.owner}));
    let response = ask(&stack, "disable", &token, &stack.admin).expect(200);
    assert_eq!(shown(&response), [json!("disabled"), json!("admin")]);
    ask(&stack, "enable", &token, &keeper).problem(403, "forbidden");
    assert_eq!(token.status(&stack), 401);
    ask(&stack, "enable", &token, &stack.admin).expect(200);
    // Also over the owner's own disablement, which does not replace the admin's.
    for (by, reason) in [(&keeper.secret, "owner"), (&stack.admin, "admin"), (&keeper.secret, "admin")] {
        assert_eq!(shown(&ask(&stack, "disable", &token, by).expect(200)), [json!("disabled"), json!(reason)]);
    }
    ask(&stack, "enable", &token, &keeper).problem(403, "forbidden");
    ask(&stack, "enable", &token, &stack.admin).expect(200);
    assert_eq!(token.status(&stack), 200);
}

#[test]
fn a_disabled_token_counts_towards_the_limit_and_cannot_enable_itself() {
    let stack = isolated_stack(|options| options.settings.limits.live_tokens = 1);
    let token = stack.token(["tokens:write"]);
    ask(&stack, "disable", &token, &stack.admin).expect(200);
    ask(&stack, "enable", &token, &token).problem(401, "invalid_token");
    let body = json!({"name": "x", "permissions": ["a:b"], "resources": ["*"], "owner": token.owner});
    stack.post("/tokens").bearer(&stack.admin).json(&body).send().problem(409, "token_limit_reached");
}

#[test]
fn if_match_is_honoured_where_it_is_sent() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let disable = stack.post(&format!("{}/disable", token.path())).bearer(&stack.admin);
    disable.clone().header("If-Match", "\"9\"").send().problem(412, "precondition_failed");
    disable.clone().header("If-Match", "W/\"1\"").send().problem(412, "precondition_failed");
    assert_eq!(token.status(&stack), 200);
    disable.clone().header("If-Match", "\"1\"").send().expect(200);
    assert_eq!(token.status(&stack), 401);
    disable.header("If-Match", "\"1\"").send().problem(412, "precondition_failed");
    let enable = stack.post(&format!("{}/enable", token.path())).bearer(&stack.admin);
    enable.header("If-Match", "*").send().expect(200);
    assert_eq!(token.status(&stack), 200);
}

#[test]
fn a_revoked_or_expired_token_is_neither_disabled_nor_enabled() {
    let stack = isolated_stack(|_| {});
    let disabled = stack.create(json!({"permissions": ["a:b"], "expires_in": "1h"}));
    ask(&stack, "disable", &disabled, &stack.admin).expect(200);
    stack.advance_clock(3600);
    ask(&stack, "enable", &disabled, &stack.admin).problem(409, "token_ended");
    let revoked = stack.token(["a:b"]);
    ask(&stack, "revoke", &revoked, &stack.admin).expect(200);
    ask(&stack, "disable", &revoked, &stack.admin).problem(409, "token_ended");
}

#[test]
fn an_idle_token_is_refused_until_it_is_enabled() {
    let log = AuditLog::default();
    let writer = log.clone();
    let stack = isolated_stack(|options| {
        options.settings.authz.max_idle_days = 30;
        options.audit_log = Box::new(writer);
    });
    let [used, unused] = [(); 2].map(|()| stack.create(json!({"permissions": ["apps:read"], "expires_at": null})));
    stack.advance_clock(29 * 86_400);
    assert_eq!(used.status(&stack), 200);
    stack.get("/me").bearer(&stack.admin).send().expect(200);
    stack.advance_clock(86_400);
    let idle = stack.get("/tokens?idle_days=30").bearer(&stack.admin).send().expect(200).json();
    assert_eq!(idle["tokens"].as_array().unwrap().len(), 1);
    log.take();
    assert_eq!((used.status(&stack), unused.status(&stack)), (200, 401));
    assert_eq!(log.take().last().unwrap()["reason"], "idle");
    let view = stack.get(&unused.path()).bearer(&stack.admin).send().expect(200);
    assert_eq!(shown(&view), [json!("disabled"), json!("idle")]);
    let listed = |status: &str| {
        let path = format!("/tokens?status={status}&owner={}", unused.owner);
        stack.get(&path).bearer(&stack.admin).send().expect(200).json()["tokens"].as_array().unwrap().len()
    };
    assert_eq!((listed("disabled"), listed("active")), (1, 0));
    ask(&stack, "enable", &unused, &stack.admin).expect(200);
    assert_eq!(unused.status(&stack), 200);
    assert_eq!((listed("disabled"), listed("active")), (0, 1));
}
