//! The calls of every function, made by requests for every route.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use local::Storage;
use serde_json::{Value, json};

use super::request::{Action, actions};
use crate::support::{Issuer, Stack, Token, eventually, isolated_stack};

/// A function and what it did with the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Call {
    pub(super) function: String,
    pub(super) action: Action,
}

/// The calls, without repetitions.
pub(super) fn calls() -> &'static BTreeSet<Call> {
    static CALLS: OnceLock<BTreeSet<Call>> = OnceLock::new();
    CALLS.get_or_init(|| {
        let calls = Arc::default();
        let directory = tempfile::tempdir().unwrap();
        call_every_route(directory.path(), &calls);
        call_after_the_limit_was_lowered(directory.path(), &calls);
        let calls = calls.lock().unwrap();
        calls.clone()
    })
}

/// A stack on a directory that records its functions' calls.
fn recorded(directory: &Path, live_tokens: u32, calls: &Arc<Mutex<BTreeSet<Call>>>) -> Stack {
    let (data, calls) = (Storage::Keep(directory.join("data")), Arc::clone(calls));
    isolated_stack(move |options| {
        let check = options.call_check.take().expect("every stack checks its calls");
        options.call_check = Some(Arc::new(move |call| {
            for action in actions(call.operation, &serde_json::from_slice(call.body).unwrap())? {
                calls.lock().unwrap().insert(Call { function: call.function.to_owned(), action });
            }
            check(call)
        }));
        options.data = data;
        options.settings.limits.live_tokens = live_tokens;
        options.settings.token.quarantine_on_reuse = true;
    })
}

fn post(stack: &Stack, by: &str, path: &str, body: &Value) -> crate::support::Response {
    stack.post(path).bearer(by).json(body).send()
}

fn create(stack: &Stack, by: &str, owner: &str) -> Token {
    let body = json!({
        "name": "x", "owner": owner, "permissions": ["apps:read", "jobs:read"], "resources": ["*"], "expires_in": "1d",
    });
    Token::shown_in(&post(stack, by, "/tokens", &body).expect(201))
}

fn call_every_route(directory: &Path, calls: &Arc<Mutex<BTreeSet<Call>>>) {
    let issuer = Issuer::start();
    let stack = recorded(directory, 2, calls);
    stack.put_catalog(&json!({
        "permissions": {"apps:write": {"description": "", "approval": {"valid_for": "15m", "uses": "once"}}},
        "roles": {"everything": {"permissions": ["*"]}},
        "sessions": {"groups": {"admins": "everything"}},
        "trust": [{
            "name": "deploy", "issuer": issuer.url, "audience": "https://tokens.example.com",
            "claims": {"repository": "acme/billing"},
            "grants": [{"permissions": ["apps:read"], "resources": ["apps/billing"]}],
        }],
    }));
    // A session's grants are read from the catalog; a token's from its record.
    let admin = stack.sign_in("alice", &["admins"]);
    let (bob, other) = (create(&stack, &admin, "bob"), create(&stack, &stack.admin, "carol"));
    let path = bob.path();
    use_token(&stack, &admin, &bob);

    let reads = ["/tokens", "/tokens?owner=bob", &path, &format!("{path}/events"), "/activity", "/me", "/catalog"];
    for path in reads {
        stack.get(path).bearer(&admin).send().expect(200);
    }
    stack.put_catalog(&stack.catalog().0);
    let page = stack.get("/catalog/versions?limit=1").bearer(&admin).send().expect(200).json();
    let rest = format!("/catalog/versions?cursor={}", page["next_cursor"].as_str().unwrap());
    for path in [&*rest, "/catalog/versions/1"] {
        stack.get(path).bearer(&admin).send().expect(200);
    }
    let question = json!({"token_id": bob.id, "method": "GET", "path": "/apps"});
    post(&stack, &admin, "/explain", &question).expect(200);
    post(&stack, &admin, "/catalog/impact", &json!({})).expect(200);

    let patch = stack.request("PATCH", &path).bearer(&admin).header("If-Match", bob.tag(&stack));
    patch.json(&json!({"name": "y", "expires_at": "2099-01-01T00:00:00Z"})).send().expect(200);
    let tighten = stack.post(&format!("{path}/tighten")).bearer(&admin).header("If-Match", bob.tag(&stack));
    tighten.send().expect(200);
    post(&stack, &admin, &format!("{path}/disable"), &json!({})).expect(200);
    let enable = || post(&stack, &admin, &format!("{path}/enable"), &json!({})).expect(200);
    enable();

    // Each function that verifies secrets disables the token for the reuse of its old one.
    let rotated =
        post(&stack, &admin, &format!("{path}/rotate"), &json!({"expires_at": "2098-01-01T00:00:00Z"})).expect(200);
    let new = Token::shown_in(&rotated);
    stack.get("/demo/apps").bearer(&bob).send().expect(401);
    eventually("the quarantine", || (new.status(&stack) == 401).then_some(()));
    enable();
    stack.post("/introspect").bearer(&admin).form(format!("token={}", bob.secret)).send().expect(200);
    enable();
    stack.post("/revoke").form(format!("token={}", bob.secret)).send().expect(200);
    enable();

    // Two tokens are the limit.
    create(&stack, &admin, "carol");
    let third = json!({"name": "x", "owner": "carol", "permissions": ["apps:read"], "resources": ["*"]});
    post(&stack, &admin, "/tokens", &third).problem(409, "token_limit_reached");
    for _ in 0..2 {
        create(&stack, &admin, "dave");
    }

    call_approvals(&stack, &admin);

    stack.post("/revoke").form(format!("token={}", new.secret)).send().expect(200);
    post(&stack, &admin, &format!("{}/revoke", other.path()), &json!({})).expect(200);
    post(&stack, &admin, "/owners/carol/revoke-tokens", &json!({})).expect(200);
    stack.delete(&path).bearer(&admin).send().expect(204);

    let exchange = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
         &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token&subject_token={}",
        issuer.signs(&issuer.claims())
    );
    Token::exchanged_in(&stack.post("/exchange").form(exchange.clone()).send().expect(200));
    stack.post("/exchange").form(exchange).send().expect(400);
}

/// Requests for approval, decisions, a use by each function that decides, and the renewal of the expired token.
fn call_approvals(stack: &Stack, admin: &str) {
    let body = json!({
        "name": "x", "owner": "erin", "permissions": ["apps:write"], "resources": ["*"], "expires_in": "1m",
    });
    let token = Token::shown_in(&post(stack, admin, "/tokens", &body).expect(201));
    let ask = |resource: &str| {
        let body = json!({"permission": "apps:write", "resource": resource, "reason": "Deploy"});
        let approval = post(stack, &token.secret, "/approvals", &body).expect(201).json();
        format!("/approvals/{}", approval["id"].as_str().unwrap())
    };
    let approve = |path: &str| post(stack, admin, &format!("{path}/approve"), &json!({})).expect(200);
    let (used, introspected, other) = (ask("apps/1"), ask("apps/2"), ask("apps/3"));
    approve(&used);
    approve(&introspected);
    let question = json!({"token_id": token.id, "method": "POST", "path": "/apps/1"});
    post(stack, admin, "/explain", &question).expect(200);
    stack.post("/demo/apps/1").bearer(&token).send().expect(200);
    let introspect = format!("token={}&method=POST&path=/apps/2", token.secret);
    stack.post("/introspect").bearer(admin).form(introspect).send().expect(200);
    for path in ["/approvals", &other] {
        stack.get(path).bearer(admin).send().expect(200);
    }
    post(stack, admin, &format!("{other}/reject"), &json!({})).expect(200);
    stack.delete(&ask("apps/4")).bearer(admin).send().expect(200);
    stack.advance_clock(60);
    post(stack, admin, &format!("{}/rotate", token.path()), &json!({"expires_in": "1m"})).expect(200);
}

/// The first and a second use, on two days, and a denial.
fn use_token(stack: &Stack, admin: &str, token: &Token) {
    let path = format!("{}/usage", token.path());
    let used = || stack.get(&path).bearer(admin).send().expect(200).json()["used"].clone();
    stack.get("/demo/apps").bearer(token).send().expect(200);
    eventually("the first use", || (used() == 1).then_some(()));
    stack.advance_clock(60);
    stack.get("/demo/jobs").bearer(token).send().expect(200);
    eventually("the second use", || (used() == 2).then_some(()));
    let denied = || stack.get(&path).bearer(admin).send().expect(200).json()["recent_denials"][0].clone();
    stack.post("/demo/apps").bearer(token).send().expect(403);
    eventually("the denial", || denied().is_object().then_some(()));
}

/// A new expiry of a token takes a slot. The functions read the other tokens only if these take all slots.
fn call_after_the_limit_was_lowered(directory: &Path, calls: &Arc<Mutex<BTreeSet<Call>>>) {
    let stack = recorded(directory, 1, calls);
    let listed = stack.get("/tokens?owner=dave").bearer(&stack.admin).send().expect(200).json();
    let path = format!("/tokens/{}", listed["tokens"][0]["id"].as_str().unwrap());
    let longer = json!({"expires_at": "2099-01-01T00:00:00Z"});
    let patch = stack.request("PATCH", &path).bearer(&stack.admin).header("If-Match", "*");
    patch.json(&longer).send().problem(409, "token_limit_reached");
    post(&stack, &stack.admin, &format!("{path}/rotate"), &longer).problem(409, "token_limit_reached");
}
