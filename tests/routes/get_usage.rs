//! `GET /tokens/{id}/usage` and `POST /tokens/{id}/tighten`

use portcullis::clock::{DAY_SECONDS, Timestamp};
use serde_json::{Value, json};

use crate::support::{Stack, Token, eventually, isolated_stack, stack};

fn usage(stack: &Stack, token: &Token, query: &str) -> Value {
    stack.get(&format!("{}/usage{query}", token.path())).bearer(&stack.admin).send().expect(200).json()
}

fn generous(stack: &Stack) -> Token {
    stack.create(json!({"expires_at": null, "grants": [
        {"permissions": ["apps:*", "jobs:read", "db:read"], "resources": ["apps/billing", "apps/shop", "jobs"]},
        {"permissions": ["docs:read"], "resources": ["*"]},
    ]}))
}

#[test]
fn usage_shows_what_was_used_and_the_sufficient_grants() {
    let stack = stack();
    let token = generous(&stack);
    for path in ["/apps/billing", "/apps/billing/builds", "/jobs"] {
        stack.get(&format!("/demo{path}")).bearer(&token).send().expect(200);
    }
    stack.get("/demo/db").bearer(&token).send().expect(403);
    let found = eventually("both uses", || Some(usage(&stack, &token, "")).filter(|found| found["used"] == 2));
    assert_eq!(found["summary"], "2 of 4 permissions used in 90 days");
    assert_eq!((&found["granted"], &found["days"], &found["complete"]), (&json!(4), &json!(90), &json!(true)));
    let permissions = found["permissions"].as_array().unwrap();
    let used: Vec<_> =
        permissions.iter().map(|it| (it["permission"].as_str().unwrap(), it["last_used_on"].is_string())).collect();
    assert_eq!(used, [("apps:*", true), ("jobs:read", true), ("db:read", false), ("docs:read", false)]);
    let enough = json!([
        {"permissions": ["apps:read"], "resources": ["apps/billing"]},
        {"permissions": ["jobs:read"], "resources": ["jobs"]},
    ]);
    assert_eq!(found["suggested_grants"], enough);
}

#[test]
fn tightening_keeps_the_grants_that_were_used() {
    let stack = stack();
    let token = generous(&stack);
    stack.get("/demo/apps/billing").bearer(&token).send().expect(200);
    eventually("the use", || (usage(&stack, &token, "")["used"] == 1).then_some(()));
    let path = format!("{}/tighten", token.path());
    stack.post(&path).bearer(&stack.admin).send().problem(428, "precondition_required");
    let stale = stack.post(&path).bearer(&stack.admin).header("If-Match", "\"9\"").send();
    stale.problem(412, "precondition_failed");
    let list = format!("\"9\", {}", token.tag(&stack));
    let response = stack.post(&path).bearer(&stack.admin).header("If-Match", list).send().expect(200);
    assert_eq!(response.json()["grants"], json!([{"permissions": ["apps:read"], "resources": ["apps/billing"]}]));
    stack.get("/demo/apps/billing").bearer(&token).send().expect(200);
    stack.get("/demo/docs").bearer(&token).send().expect(403);
    assert_eq!(token.kinds(&stack), ["updated", "first_used", "created"]);
}

#[test]
fn an_unused_token_is_not_tightened() {
    let stack = isolated_stack(|_| {});
    let token = generous(&stack);
    let tighten = |days: u32| {
        let request = stack.post(&format!("{}/tighten", token.path())).bearer(&stack.admin);
        request.header("If-Match", token.tag(&stack)).json(&json!({ "days": days })).send()
    };
    tighten(90).problem(409, "nothing_used");
    stack.get("/demo/jobs").bearer(&token).send().expect(200);
    stack.advance_clock(31 * 86_400);
    tighten(30).problem(409, "nothing_used");
    assert_eq!(usage(&stack, &token, "?days=30")["summary"], "0 of 4 permissions used in 30 days");
    assert_eq!(usage(&stack, &token, "?days=31")["used"], 1);
    tighten(31).expect(200);
    for bad in ["0", "366", "x", ""] {
        let response = stack.get(&format!("{}/usage?days={bad}", token.path())).bearer(&stack.admin).send();
        assert_eq!(response.offending_fields(), ["days"], "{bad}");
    }
}

#[test]
fn with_authorizer_caching_usage_counts_as_incomplete() {
    let stack = isolated_stack(|options| options.settings.authz.cache_seconds = 300);
    let token = generous(&stack);
    assert_eq!(usage(&stack, &token, "")["complete"], false);
    let request = stack.post(&format!("{}/tighten", token.path())).bearer(&stack.admin);
    request.header("If-Match", token.tag(&stack)).send().problem(409, "usage_incomplete");
}

fn denials(stack: &Stack, token: &Token) -> Vec<Value> {
    usage(stack, token, "")["recent_denials"].as_array().unwrap().clone()
}

/// Waits for a denial of this resource.
fn denied(stack: &Stack, token: &Token, resource: &str) {
    eventually("the denial", || denials(stack, token).iter().find(|it| it["resource"] == resource).map(|_| ()));
}

#[test]
fn usage_shows_recent_denials_newest_first() {
    let stack = isolated_stack(|_| {});
    let token = stack.create(json!({"permissions": ["apps:read"], "resources": ["apps/billing"]}));
    assert!(denials(&stack, &token).is_empty());
    stack.get("/demo/apps/payroll").bearer(&token).send().expect(403);
    denied(&stack, &token, "apps/payroll");
    stack.advance_clock(60);
    stack.post("/demo/apps/billing/builds").bearer(&token).send().expect(403);
    denied(&stack, &token, "apps/billing/builds");
    let found = denials(&stack, &token);
    let times: Vec<_> = found.iter().map(|it| it["denied_at"].as_str().unwrap()).collect();
    assert!(times[0] > times[1], "{times:?}");
    let entry = |permission: &str, resource: &str, reason: &str, denied_at: &str| json!({"permission": permission, "resource": resource, "reason": reason, "denied_at": denied_at});
    assert_eq!(
        found,
        [
            entry("apps:write", "apps/billing/builds", "permission_missing", times[0]),
            entry("apps:read", "apps/payroll", "resource_not_granted", times[1]),
        ]
    );
}

#[test]
fn only_denials_that_a_grant_would_repair_are_recorded() {
    let stack = stack();
    let token = stack.create(json!({
        "permissions": ["apps:read"], "resources": ["apps/billing"], "allowed_ips": ["127.0.0.1", "198.51.100.7"],
    }));
    let call = |path: &str| stack.get(&format!("/demo{path}")).bearer(&token);
    stack.get("/demo/apps/payroll").bearer(format!("{}x", token.secret)).send().expect(401);
    call("/apps//payroll").send().expect(403);
    // A credential in a path is not stored.
    call(&format!("/apps/{}", token.secret)).send().expect(403);
    stack.post(&format!("{}/disable", token.path())).bearer(&stack.admin).send().expect(200);
    call("/apps/payroll").send().expect(401);
    stack.post(&format!("{}/enable", token.path())).bearer(&stack.admin).send().expect(200);
    call("/apps/shop").send().expect(403);
    denied(&stack, &token, "apps/shop");
    assert_eq!(denials(&stack, &token).len(), 1);
}

#[test]
fn a_denial_is_written_after_the_response_and_once_in_ten_minutes() {
    let stack = isolated_stack(|_| {});
    let token = stack.create(json!({"permissions": ["apps:read"], "resources": ["apps/billing"]}));
    let call = |path: &str| drop(stack.get(&format!("/demo{path}")).bearer(&token).send().expect(403));
    call("/apps/payroll");
    denied(&stack, &token, "apps/payroll");
    let first = denials(&stack, &token);
    call("/apps/payroll");
    call("/apps/shop");
    denied(&stack, &token, "apps/shop");
    assert!(denials(&stack, &token).contains(&first[0]));
    stack.advance_clock(600);
    call("/apps/payroll");
    eventually("the next denial", || (denials(&stack, &token)[0]["resource"] == "apps/payroll").then_some(()));
}

/// The counts of the last day that has some.
fn counts(stack: &Stack, token: &Token) -> Value {
    usage(stack, token, "")["daily_counts"].as_array().unwrap().last().cloned().unwrap_or_default()["counts"].clone()
}

#[test]
fn usage_counts_allowed_requests_by_day_and_permission() {
    let stack = isolated_stack(|_| {});
    let token = stack.create(json!({"permissions": ["apps:*"], "resources": ["apps"], "expires_at": null}));
    assert_eq!(usage(&stack, &token, "")["daily_counts"], json!([]));
    // To noon of the next day, so that the day does not end in between.
    let created = Timestamp::parse(token.view["created_at"].as_str().unwrap()).unwrap().seconds();
    stack.advance_clock(DAY_SECONDS + DAY_SECONDS / 2 - created % DAY_SECONDS);
    let call = |method: &str, status: u16| {
        drop(stack.request(method, "/demo/apps/billing").bearer(&token).send().expect(status));
    };
    for _ in 0..4 {
        call("GET", 200);
    }
    stack.get("/demo/jobs").bearer(&token).send().expect(403);
    // After five minutes, a last use also writes what has not doubled.
    stack.advance_clock(300);
    call("POST", 200);
    eventually("the counts", || (counts(&stack, &token) == json!({"apps:read": 4, "apps:write": 1})).then_some(()));
    stack.advance_clock(DAY_SECONDS);
    call("GET", 200);
    eventually("the next day", || (counts(&stack, &token) == json!({"apps:read": 1})).then_some(()));
    let days = usage(&stack, &token, "")["daily_counts"].as_array().unwrap().clone();
    let days: Vec<_> = days.iter().map(|day| day["day"].as_str().unwrap()).collect();
    assert!(days.len() == 2 && days[0] < days[1], "{days:?}");
}
