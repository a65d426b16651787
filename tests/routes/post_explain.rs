//! `POST /explain`: whether a token may make a request, and why.

use serde_json::{Value, json};

use crate::support::{Stack, Token, isolated_stack, owner, stack};

fn explained(stack: &Stack, by: impl AsRef<str>, token: &Token, method: &str, path: &str) -> Value {
    let body = json!({ "token_id": token.id, "method": method, "path": path });
    stack.post("/explain").bearer(by).json(&body).send().expect(200).json()
}

#[test]
fn an_allow_names_the_requirement_and_its_rule() {
    let stack = stack();
    let token = stack.token_on(["apps:read"], ["apps/billing"]);
    assert_eq!(
        explained(&stack, &stack.admin, &token, "GET", "/apps/billing/builds"),
        json!({
            "decision": "allow",
            "status": null,
            "reason": null,
            "permission": "apps:read",
            "resource": "apps/billing/builds",
            "rule": {"source": "convention", "route": null},
            "roles": ["admin", "cicd", "deployer", "ops", "viewer"],
        })
    );
}

#[test]
fn a_deny_names_its_reason_the_missing_permission_and_sufficient_roles() {
    let stack = stack();
    let token = stack.token_on(["apps:read"], ["apps/billing"]);
    let explained = |method, path| explained(&stack, &stack.admin, &token, method, path);
    let missing = explained("DELETE", "/apps/billing");
    assert_eq!((&missing["decision"], &missing["status"]), (&json!("deny"), &json!(403)));
    assert_eq!((&missing["reason"], &missing["permission"]), (&json!("permission_missing"), &json!("apps:write")));
    assert_eq!(missing["roles"], json!(["admin", "deployer"]));
    assert_eq!(explained("GET", "/apps/payroll")["reason"], "resource_not_granted");
    assert_eq!(explained("GET", "/apps/billing/../payroll")["reason"], "malformed_path");
    assert_eq!(explained("$connect", "/")["permission"], "websocket:connect");
}

#[test]
fn explain_agrees_with_the_authorizer() {
    let stack = stack();
    let token = stack.create(json!({"grants": [
        {"permissions": ["apps:*"], "resources": ["apps/billing"]},
        {"permissions": ["*:read"], "resources": ["jobs/*"]},
    ]}));
    let mut decided = Vec::new();
    for method in ["GET", "POST", "DELETE"] {
        for path in [
            "/",
            "/apps",
            "/apps/billing",
            "/apps/billing/x",
            "/apps/payroll",
            "/jobs",
            "/jobs/7",
            "/apps/a;b",
            "/apps//x",
        ] {
            let explained = explained(&stack, &stack.admin, &token, method, path);
            let status = stack.request(method, &format!("/demo{path}")).bearer(&token).send().status;
            assert_eq!(explained["status"].as_u64().unwrap_or(200), u64::from(status), "{method} {path}: {explained}");
            decided.push(status);
        }
    }
    assert!(decided.contains(&200) && decided.contains(&403));
}

#[test]
fn a_revoked_or_expired_token_is_explained_as_such() {
    let stack = stack();
    let token = stack.token(["*"]);
    stack.post(&format!("{}/revoke", token.path())).bearer(&stack.admin).send().expect(200);
    let explained = explained(&stack, &stack.admin, &token, "GET", "/apps");
    assert_eq!((&explained["reason"], &explained["status"]), (&json!("revoked"), &json!(401)));
}

#[test]
fn explain_is_for_own_tokens_and_for_admins() {
    let stack = stack();
    let (mine, theirs) = (stack.create(json!({"permissions": ["tokens:read"]})), stack.token(["x:y"]));
    explained(&stack, &mine, &mine, "GET", "/x");
    let ask = |token: &Token, id: &str| {
        let body = json!({ "token_id": id, "method": "GET", "path": "/x" });
        stack.post("/explain").bearer(token).json(&body).send()
    };
    let not_mine = ask(&mine, &theirs.id).problem(404, "not_found");
    let not_there = ask(&mine, "0000000000000000").problem(404, "not_found");
    assert_eq!(not_mine, not_there);
    assert_eq!(ask(&theirs, &theirs.id).problem(403, "insufficient_scope")["permission"], "tokens:read");
    ask(&stack.create(json!({"permissions": ["tokens:admin"], "owner": owner()})), &theirs.id).expect(200);
}

#[test]
fn roles_are_named_only_to_callers_who_may_read_the_catalog() {
    let stack = stack();
    let mine = stack.token(["tokens:read"]);
    assert_eq!(explained(&stack, &mine, &mine, "GET", "/apps").get("roles"), None);
}

#[test]
fn the_management_api_is_explained_too() {
    let stack = stack();
    let token = stack.token(["x:y"]);
    let ask = |method: &str, path: &str| {
        let body = json!({ "token_id": token.id, "method": method, "path": path, "api": "tokens" });
        stack.post("/explain").bearer(&stack.admin).json(&body).send().expect(200).json()
    };
    assert_eq!(ask("GET", "/me")["decision"], "allow");
    assert_eq!(ask("POST", "/tokens")["permission"], "tokens:write");
    assert_eq!(ask("POST", "/tokens")["rule"], json!({"source": "portcullis", "route": null}));
}

#[test]
fn explain_names_the_catalogs_route() {
    let stack = isolated_stack(|_| {});
    stack.put_catalog(&json!({"strict": true, "permissions": {"app:read": "See"}, "routes": [
        {"match": "GET /apps/{app}", "permission": "app:read", "resource": "app/{app}"}]}));
    let token = stack.token(["app:read"]);
    let listed = explained(&stack, &stack.admin, &token, "GET", "/apps/x");
    assert_eq!(listed["rule"], json!({"source": "catalog", "route": "GET /apps/{app}"}));
    assert_eq!(listed["decision"], "allow");
    let unlisted = explained(&stack, &stack.admin, &token, "GET", "/jobs");
    assert_eq!((&unlisted["reason"], &unlisted["permission"]), (&json!("route_not_listed"), &Value::Null));
}

#[test]
fn every_offending_field_is_named() {
    let stack = stack();
    let ask = |body: Value| stack.post("/explain").bearer(&stack.admin).json(&body).send();
    assert_eq!(ask(json!({})).offending_fields(), ["token_id", "method", "path"]);
    let bad = json!({"token_id": "x", "method": "get", "path": "apps", "api": "mine", "colour": 1});
    assert_eq!(ask(bad).offending_fields(), ["token_id", "method", "path", "api", "colour"]);
}

#[test]
fn a_path_without_a_slash_is_shown_in_the_error_without_secrets() {
    let stack = stack();
    let token = stack.token(["x:y"]);
    let rule = "must begin with a slash, as in /apps/billing; leave out the host and the stage";
    let error = |path: &str| {
        let body = json!({ "token_id": token.id, "method": "GET", "path": path });
        let problem = stack.post("/explain").bearer(&stack.admin).json(&body).send().problem(400, "invalid_request");
        problem["errors"][0]["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(error("apps/billing"), format!("\"apps/billing\" {rule}"));
    assert_eq!(error(&"x".repeat(3000)), format!("\"{}…\" {rule}", "x".repeat(100)));
    assert!(error(&format!("apps/{}", token.secret)).contains("[redacted]"));
}
