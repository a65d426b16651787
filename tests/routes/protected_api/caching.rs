//! An API whose gateway caches the authorizer's policies.

use portcullis::clock::Timestamp;
use serde_json::{Value, json};

use crate::support::{Stack, Token, isolated_stack};

const SECONDS: i64 = 300;

fn cached() -> Stack {
    isolated_stack(|options| options.settings.authz.cache_seconds = 300)
}

/// The decision on this request, from `/explain`.
fn explained(stack: &Stack, token: &Token, method: &str, path: &str) -> u64 {
    let body = json!({ "token_id": token.id, "method": method, "path": path });
    let response = stack.post("/explain").bearer(&stack.admin).json(&body).send().expect(200).json();
    response["status"].as_u64().unwrap_or(200)
}

const GUARDED: &str = "GET /apps/{app}/env";
const SPELLINGS: [&str; 8] =
    ["/ENV", "/env.json", "/env.", "/env%20", "/env%E2%80%8B", "/%EF%BD%85nv", "/Env.tar.gz", "/env%C2%A0/"];

fn guarded(stack: &Stack) {
    let route = json!({"match": GUARDED, "permission": "env:view", "resource": "app/{app}"});
    stack.put_catalog(&json!({"permissions": {"env:view": "See the environment"}, "routes": [route]}));
}

#[test]
fn a_guarded_route_is_denied_in_every_spelling_with_and_without_cache() {
    for stack in [isolated_stack(|_| {}), cached()] {
        guarded(&stack);
        for spelling in SPELLINGS {
            // One token per request, as the gateway caches the first response.
            let token = stack.token(["apps:read"]);
            let path = format!("/apps/x{spelling}");
            assert_eq!(status(&stack, &token, "GET", "/apps/x"), 200);
            let response = stack.get(&format!("/demo{path}")).bearer(&token).send();
            response.problem(403, "insufficient_scope");
            let question = json!({ "token_id": token.id, "method": "GET", "path": path });
            let response = stack.post("/explain").bearer(&stack.admin).json(&question).send().expect(200).json();
            assert_eq!((&response["reason"], &response["permission"]), (&json!("route_lookalike"), &json!("env:view")));
            assert_eq!(response["rule"], json!({"source": "catalog", "route": GUARDED}));
        }
    }
}

#[test]
fn another_spelling_is_allowed_with_the_routes_permission() {
    let stack = cached();
    guarded(&stack);
    let token = stack.create(json!({"grants": [
        {"permissions": ["apps:read"], "resources": ["apps"]}, {"permissions": ["env:view"], "resources": ["app"]},
    ]}));
    for path in ["/env", "/ENV", "/env.json"] {
        assert_eq!(status(&stack, &token, "GET", &format!("/apps/x{path}")), 200, "{path}");
    }
}

fn status(stack: &Stack, token: &Token, method: &str, path: &str) -> u64 {
    stack.request(method, &format!("/demo{path}")).bearer(token).send().status.into()
}

#[test]
fn one_cached_policy_decides_each_route_as_a_fresh_one() {
    let stack = cached();
    stack.put_catalog(&json!({"permissions": {"build:create": "", "log:view": ""}, "routes": [
        {"match": "POST /apps/{app}/builds", "permission": "build:create", "resource": "apps/{app}"},
        {"match": "GET /apps/{app}/logs/{rest+}", "permission": "log:view", "resource": "apps/{app}"}]}));
    let token = stack.create(json!({"grants": [
        {"permissions": ["apps:*", "build:*", "log:view"], "resources": ["apps/billing"]},
        {"permissions": ["jobs:read"], "resources": ["*"]},
        {"permissions": ["*:read"], "resources": ["docs/*"]},
    ]}));
    let mut seen = [0, 0];
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE"] {
        for path in [
            "/",
            "/apps",
            "/apps/billing",
            "/apps/billing/",
            "/apps/billing/builds",
            "/apps/billing/logs/1/2",
            "/apps/payroll",
            "/apps/payroll/builds",
            "/apps/payroll/logs/1",
            "/apps/billing2",
            "/jobs",
            "/jobs/7/x",
            "/docs",
            "/docs/a",
            "/docs/a/b",
            "/apps/billing/../payroll",
            "/apps/billing//x",
            "/apps/billing/a;b",
            "/apps/billing/%2e%2e/payroll",
            "/apps/billing/a%2Fb",
        ] {
            let expected = explained(&stack, &token, method, path);
            assert_eq!(status(&stack, &token, method, path), expected, "{method} {path}");
            seen[usize::from(expected == 200)] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 20), "{seen:?}");
}

#[test]
fn a_deny_from_a_cached_policy_says_nothing_of_another_request() {
    let stack = cached();
    let token = stack.token_on(["apps:read"], ["apps/billing"]);
    let refused = |path: &str| stack.get(path).bearer(&token).send().problem(403, "insufficient_scope");
    let first = refused("/demo/secrets/one");
    assert_eq!(first, refused("/demo/apps/payroll"));
    assert!(first["detail"].as_str().unwrap().ends_with("use POST /explain."), "{first}");
    for field in ["permission", "resource", "roles"] {
        assert_eq!(first[field], "", "{field}");
    }
    let principal = stack.get("/demo/apps/billing").bearer(&token).send().expect(200).json()["principal"].clone();
    assert_eq!((&principal["audit_path"], &principal["token_id"]), (&Value::Null, &json!(token.id)));
}

#[test]
fn a_cached_policy_outlives_a_revocation_only_on_protected_apis() {
    let stack = cached();
    let token = stack.token(["apps:read"]);
    assert_eq!(status(&stack, &token, "GET", "/apps"), 200);
    let revoked = stack.post(&format!("{}/revoke", token.path())).bearer(&stack.admin).send().expect(200).json();
    // The response says when the last cached policy expires.
    let time = |field: &str| Timestamp::parse(revoked[field].as_str().unwrap()).unwrap();
    assert!(time("effective_by") >= time("revoked_at").plus_seconds(SECONDS), "{revoked}");
    stack.get("/me").bearer(&token).send().expect(401);
    stack.advance_clock(SECONDS - 1);
    assert_eq!(status(&stack, &token, "GET", "/apps/other"), 200);
    stack.advance_clock(1);
    assert_eq!(status(&stack, &token, "GET", "/apps"), 401);
}

#[test]
fn grants_that_no_policy_can_express_get_a_policy_for_one_method() {
    let stack = cached();
    stack.put_catalog(&json!({"strict": true, "permissions": {"app:read": ""}, "routes": [
        {"match": "GET /apps/{app}", "permission": "app:read", "resource": "app/{app}"}]}));
    let token = stack.token(["app:read"]);
    assert_eq!(status(&stack, &token, "GET", "/apps/one"), 200);
    // The gateway uses the cached policy, which is for the other path only.
    assert_eq!(status(&stack, &token, "GET", "/apps/two"), 403);
    stack.advance_clock(SECONDS);
    assert_eq!(status(&stack, &token, "GET", "/apps/two"), 200);
}

#[test]
fn a_revocation_with_a_flush_ends_cached_policies() {
    let stack = cached();
    let (kept, flushed) = (stack.token(["apps:read"]), stack.token(["apps:read"]));
    for token in [&kept, &flushed] {
        assert_eq!(status(&stack, token, "GET", "/apps"), 200);
    }
    let revoke =
        |token: &Token, query: &str, by: &str| stack.post(&format!("{}/revoke{query}", token.path())).bearer(by).send();
    let promised = |response: &Value| {
        let of = |field: &str| Timestamp::parse(response[field].as_str().unwrap()).unwrap();
        of("effective_by").seconds() - of("revoked_at").seconds()
    };
    let response = revoke(&kept, "", &stack.admin).expect(200).json();
    assert!(promised(&response) >= SECONDS && response.get("flushed").is_none());
    assert_eq!(status(&stack, &kept, "GET", "/apps"), 200, "as the response said");
    let response = revoke(&flushed, "?flush=true", &stack.admin).expect(200).json();
    assert_eq!(response["flushed"], true);
    assert!(promised(&response) < SECONDS, "{response}");
    assert_eq!(status(&stack, &flushed, "GET", "/apps"), 401);
    assert_eq!(status(&stack, &kept, "GET", "/apps"), 401);
}

#[test]
fn a_flush_needs_tokens_admin_and_bad_input_revokes_nothing() {
    let stack = cached();
    let token = stack.token(["apps:read"]);
    let keeper = stack.create(json!({"permissions": ["tokens:write"], "owner": token.owner}));
    let revoke = |query: &str, by: &str| stack.post(&format!("{}/revoke{query}", token.path())).bearer(by).send();
    revoke("?flush=true", &keeper.secret).problem(403, "forbidden");
    assert_eq!(revoke("?flush=yes", &stack.admin).offending_fields(), ["flush"]);
    assert_eq!(token.status(&stack), 200);
    // Without caching there is nothing to flush.
    let uncached = isolated_stack(|_| {});
    let token = uncached.token(["a:b"]);
    let response = uncached.post(&format!("{}/revoke?flush=true", token.path())).bearer(&uncached.admin).send();
    assert_eq!(response.expect(200).json()["flushed"], true);
}
