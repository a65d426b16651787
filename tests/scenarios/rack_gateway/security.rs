//! The page's second half: logging and security.

use serde_json::{Value, json};

use super::{admin, cicd, logged, rack_gateway, with_role};
use crate::scenarios::{DAY, create, listed, revoke, seconds, with_lifetime};
use crate::support::{Stack, unknown_token, with_good_checksum};

/// "Failed authentication attempts are logged"
#[test]
fn failed_authentication_attempts_are_logged() {
    let (stack, log) = logged();
    let (token, deleted) = (cicd(&stack), cicd(&stack));
    let short = with_lifetime(with_role("short", "viewer"), "1h");
    let (expired, revoked) = (create(&stack, admin(&stack), &short), cicd(&stack));
    stack.delete(&deleted.path()).bearer(admin(&stack)).send().expect(204);
    revoke(&stack, admin(&stack), &revoked);
    stack.advance_clock(3600);
    // Its ID is public; the secret after it is guessed.
    let (id, last) = (&token.id, token.secret.len() - 6);
    let guessed = with_good_checksum(&format!("rgw_{id}{}", "0".repeat(last - 4 - id.len())));
    let nobodys = unknown_token(&stack.prefix());
    log.take();
    for (presented, id, reason) in [
        (&*guessed, Some(&**id), "unknown"),
        (&nobodys, Some(&nobodys[4..20]), "unknown"),
        (&deleted.secret, Some(&deleted.id), "unknown"),
        (&revoked.secret, Some(&revoked.id), "revoked"),
        (&expired.secret, Some(&expired.id), "expired"),
        ("rgw_garbage", None, "malformed"),
    ] {
        stack.get("/demo/apps").bearer(presented).send().problem(401, "invalid_token");
        let lines = log.take();
        assert_eq!(lines.len(), 1);
        let line = &lines[0];
        assert_eq!((&line["rbac_decision"], &line["reason"]), (&json!("deny"), &json!(reason)));
        assert_eq!(
            (&line["method"], &line["path"], &line["api_token_id"]),
            (&json!("GET"), &json!("/apps"), &json!(id))
        );
        assert_eq!(line["source_ip"], "127.0.0.1");
    }
    stack.get("/demo/apps").send().problem(401, "invalid_token");
    assert_eq!(log.take()[0]["rbac_decision"], "deny");
}

/// "If a token is exposed: Delete immediately", "Review audit logs: Check what actions were
/// taken with the token", "Create replacement: Generate new token with same role"
#[test]
fn the_audit_log_shows_the_use_of_an_exposed_token() {
    let (stack, log) = logged();
    let (exposed, other) = (cicd(&stack), cicd(&stack));
    let send = |method, path, token| stack.request(method, path).bearer(token).send().status;
    assert_eq!(send("POST", "/demo/apps/myapp/builds", &exposed), 200);
    assert_eq!(send("GET", "/demo/apps", &other), 200);
    assert_eq!(send("GET", "/demo/apps/myapp/environment", &exposed), 403);
    stack.delete(&exposed.path()).bearer(admin(&stack)).send().expect(204);
    assert_eq!(send("DELETE", "/demo/apps/myapp", &exposed), 401);

    let lines = log.take();
    let actions = lines.iter().filter(|line| line["api_token_id"] == exposed.id);
    let actions: Vec<_> = actions.map(|line| json!([line["method"], line["path"], line["rbac_decision"]])).collect();
    assert_eq!(
        actions,
        [
            json!(["POST", "/apps/myapp/builds", "allow"]),
            json!(["GET", "/apps/myapp/environment", "deny"]),
            json!(["DELETE", "/apps/myapp", "deny"]),
        ]
    );
    // The deletion itself is an action of the caller who deleted.
    let deletion = lines.iter().find(|line| line["method"] == "DELETE" && line["path"] == exposed.path()).unwrap();
    assert_eq!((&deletion["principal_type"], &deletion["owner"]), (&json!("session"), &json!("rosa")));
    assert_eq!(send("POST", "/demo/apps/myapp/builds", &cicd(&stack)), 200);
}

/// "All token usage is logged", with an example of the line.
#[test]
fn all_token_usage_is_logged() {
    let (stack, log) = logged();
    let token = cicd(&stack);
    for (method, path, status, decision) in [
        ("POST", "/apps/myapp/builds", 200, "allow"),
        ("GET", "/apps", 200, "allow"),
        ("DELETE", "/apps/myapp", 403, "deny"),
    ] {
        let before = seconds_now(&stack);
        log.take();
        stack.request(method, &format!("/demo{path}")).bearer(&token).send().expect(status);
        let [line] = <[Value; 1]>::try_from(log.take()).unwrap();
        let expected = json!({
            "api_token_id": token.id,
            "api_token_name": "ci-production-deploy",
            "method": method,
            "path": path,
            "rbac_decision": decision,
        });
        for (field, value) in expected.as_object().unwrap() {
            assert_eq!(&line[field], value, "{field}");
        }
        assert!((before..before + 60).contains(&seconds(&line["timestamp"])));
        // Only the gateway's log has the status, with the other fields.
        let access = stack.access_log();
        let access = access.iter().find(|access| access["request_id"] == line["request_id"]).unwrap();
        assert_eq!((&access["status_code"], &access["api_token_id"]), (&json!(status), &json!(token.id)));
        assert_eq!((&access["method"], &access["path"]), (&json!(method), &json!(path)));
        assert_eq!((&access["rbac_decision"], &access["api_token_name"]), (&json!(decision), &line["api_token_name"]));
    }
}

/// The deployment's current time.
fn seconds_now(stack: &Stack) -> i64 {
    seconds(&stack.token(["app:read"]).view["created_at"])
}

/// "Token-based requests are distinguishable from session-based requests in audit logs."
#[test]
fn token_based_requests_are_distinguishable_from_session_based_requests() {
    let (stack, log) = logged();
    let (rosa, token) = (admin(&stack), cicd(&stack));
    log.take();
    stack.get("/demo/apps").bearer(&token).send().expect(200);
    stack.get("/demo/apps").bearer(&rosa).send().expect(200);
    let [by_token, by_session] = <[Value; 2]>::try_from(log.take()).unwrap();
    assert_eq!((&by_token["principal_type"], &by_token["api_token_id"]), (&json!("token"), &json!(token.id)));
    assert_eq!((&by_session["principal_type"], &by_session["api_token_id"]), (&json!("session"), &Value::Null));
    // The token has the same owner: only `principal_type` tells them apart.
    assert_eq!((&by_token["owner"], &by_session["owner"]), (&json!("rosa"), &json!("rosa")));
}

/// "Token role determines permissions", "For sensitive operations requiring human approval,
/// use Deploy Approvals."
#[test]
fn a_cicd_token_deploys_only_with_a_persons_approval() {
    let stack = rack_gateway();
    let (rosa, token) = (admin(&stack), cicd(&stack));
    let promote = |by: &str| stack.post("/demo/apps/myapp/releases/R1/promote").bearer(by).send();
    assert_eq!(promote(&token.secret).problem(403, "insufficient_scope")["permission"], "release:promote");
    let body = json!({"permission": "release:promote", "resource": "app/myapp", "reason": "Deploy R1"});
    let asked = stack.post("/approvals").bearer(&token).json(&body).send().expect(201).json();
    let path = format!("/approvals/{}", asked["id"].as_str().unwrap());
    let approve = |by: &str| stack.post(&format!("{path}/approve")).bearer(by).send();
    approve(&token.secret).problem(403, "forbidden");
    approve(&stack.sign_in("dora", &["rack-deployers"])).problem(403, "forbidden");
    promote(&token.secret).expect(403);
    approve(&rosa).expect(200);
    promote(&token.secret).expect(200);
    // "Full deploy capabilities", "All operations"
    for role in ["deployer", "admin"] {
        promote(&create(&stack, &rosa, &with_role("x", role)).secret).expect(200);
    }
}

/// "Tokens don't expire automatically"
#[test]
fn tokens_do_not_expire_automatically() {
    let stack = rack_gateway();
    let token = cicd(&stack);
    assert_eq!(token.view["expires_at"], Value::Null);
    stack.advance_clock(3650 * DAY);
    stack.get("/demo/apps").bearer(&token).send().expect(200);
    assert_eq!(listed(&stack, admin(&stack), &token)["status"], "active");
}

/// "Tokens are passed in headers, not cookies", "No CSRF token required"
#[test]
fn tokens_are_passed_in_headers_and_not_in_cookies() {
    let stack = rack_gateway();
    let token = cicd(&stack);
    let path = "/demo/apps/myapp/builds";
    for name in ["token", "api_token", "x-api-token", "Authorization", "session"] {
        let cookie = format!("{name}={}", token.secret);
        stack.post(path).header("Cookie", cookie).send().problem(401, "invalid_token");
        let cookie = format!("{name}=Bearer {}", token.secret);
        stack.post(path).header("Cookie", cookie).send().problem(401, "invalid_token");
    }
    // No other header is needed, and no response sets a cookie.
    let response = stack.post(path).bearer(&token).header("Origin", "https://evil.example").send().expect(200);
    assert_eq!(response.header("set-cookie"), None);
}
