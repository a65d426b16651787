//! `POST /approvals`, `GET /approvals`, `GET`, `DELETE` and decisions below `/approvals/{id}`, and the requests that
//! need approval.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::support::{AuditLog, Response, Stack, Token, isolated_stack};

const DEPLOY: &str = "/demo/apps/billing/deploy";

/// Needs approval for deployments, for any number of uses, and for dropping databases, for one.
fn catalog() -> Value {
    json!({
        "permissions": {
            "app:deploy": {"description": "Deploy an app", "approval": {"valid_for": "15m"}},
            "db:drop": {"description": "Drop a database", "approval": {
                "valid_for": "1h", "uses": "once", "resources": ["db/prod"], "token_approvers": true
            }},
        },
        "roles": {
            "admin": {"permissions": ["*"]},
            "approver": {"permissions": ["approvals:decide"]},
            "reader": {"permissions": ["approvals:read"]},
        },
        "routes": [
            {"match": "POST /apps/{app}/deploy", "permission": "app:deploy", "resource": "app/{app}"},
            {"match": "DELETE /dbs/{db}", "permission": "db:drop", "resource": "db/{db}"},
        ],
        "sessions": {"groups": {"admins": "admin", "approvers": "approver", "readers": "reader"}},
    })
}

fn approving_stack() -> Stack {
    let stack = isolated_stack(|_| {});
    stack.put_catalog(&catalog());
    stack
}

/// A token that may deploy and drop, of this owner.
fn deployer(stack: &Stack, owner: &str) -> Token {
    stack.create(json!({
        "name": "deploy", "owner": owner, "permissions": ["app:deploy", "db:drop"], "resources": ["app", "db"]
    }))
}

fn ask(stack: &Stack, token: impl AsRef<str>, permission: &str, resource: &str) -> Response {
    let body = json!({"permission": permission, "resource": resource, "reason": "Deploy 1.4.2"});
    stack.post("/approvals").bearer(token).json(&body).send()
}

/// The ID of a new request.
fn asked(stack: &Stack, token: &Token, permission: &str, resource: &str) -> String {
    let approval = ask(stack, token, permission, resource).expect(201).json();
    approval["id"].as_str().unwrap().to_owned()
}

fn decide(stack: &Stack, by: impl AsRef<str>, id: &str, decision: &str, body: &Value) -> Response {
    stack.post(&format!("/approvals/{id}/{decision}")).bearer(by).json(body).send()
}

fn show(stack: &Stack, id: &str) -> Value {
    stack.get(&format!("/approvals/{id}")).bearer(&stack.admin).send().expect(200).json()
}

fn deploys(stack: &Stack, token: &Token) -> u16 {
    stack.post(DEPLOY).bearer(token).send().status
}

#[test]
fn a_token_deploys_only_while_its_approval_is_live() {
    let stack = approving_stack();
    let (token, bob) = (deployer(&stack, "alice"), stack.sign_in("bob", &["approvers"]));
    let refused = stack.post(DEPLOY).bearer(&token).send().problem(403, "insufficient_scope");
    assert_eq!((&refused["permission"], &refused["resource"]), (&json!("app:deploy"), &json!("app/billing")));
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("POST /approvals"), "{detail}");

    let id = asked(&stack, &token, "app:deploy", "app/billing");
    assert_eq!(deploys(&stack, &token), 403);
    let approved = decide(&stack, &bob, &id, "approve", &json!({"comment": "go"})).expect(200).json();
    assert_eq!((&approved["status"], &approved["valid_for"]), (&json!("approved"), &json!(900)));
    assert_eq!((&approved["decided_by"], &approved["comment"]), (&json!("session:bob"), &json!("go")));
    for _ in 0..2 {
        stack.post(DEPLOY).bearer(&token).send().expect(200);
    }
    assert_eq!(stack.post("/demo/apps/payroll/deploy").bearer(&token).send().status, 403);
    stack.advance_clock(600);
    assert_eq!(deploys(&stack, &token), 200);
    stack.advance_clock(300);
    assert_eq!(deploys(&stack, &token), 403);
    assert_eq!(show(&stack, &id)["status"], "expired");
}

#[test]
fn a_session_and_another_permission_need_no_approval() {
    let stack = approving_stack();
    let (alice, token) = (stack.sign_in("alice", &["admins"]), deployer(&stack, "alice"));
    stack.post(DEPLOY).bearer(&alice).send().expect(200);
    stack.delete("/demo/dbs/test").bearer(&token).send().expect(200);
    let problem = ask(&stack, &alice, "app:deploy", "app/billing").problem(403, "forbidden");
    assert!(problem["detail"].as_str().unwrap().contains("session needs no approval"), "{problem}");
    let fields = ask(&stack, &token, "db:drop", "db/test").expect(400).offending_fields();
    assert_eq!(fields, ["permission"]);
}

#[test]
fn a_token_asks_only_for_what_its_grants_cover() {
    let stack = approving_stack();
    let token = stack.token_on(["app:deploy"], ["app/billing"]);
    for (permission, resource) in [("app:deploy", "app"), ("app:deploy", "app/payroll"), ("db:drop", "db/prod")] {
        ask(&stack, &token, permission, resource).problem(403, "exceeds_grants");
    }
    ask(&stack, &token, "app:deploy", "app/billing/web").expect(201);
    let body = json!({"permission": "app:*", "resource": "app//x", "reason": "", "link": "http://x", "for": "me"});
    let fields = stack.post("/approvals").bearer(&token).json(&body).send().expect(400).offending_fields();
    assert_eq!(fields, ["permission", "resource", "reason", "link", "for"]);
}

#[test]
fn a_repeated_request_is_the_pending_one() {
    let stack = approving_stack();
    let (token, bob) = (deployer(&stack, "alice"), stack.sign_in("bob", &["approvers"]));
    let id = asked(&stack, &token, "app:deploy", "app/billing");
    let again = ask(&stack, &token, "app:deploy", "app/billing").expect(200).json();
    assert_eq!((&again["id"], &again["status"]), (&json!(id), &json!("pending")));
    assert_ne!(asked(&stack, &token, "app:deploy", "app/payroll"), id);
    decide(&stack, &bob, &id, "reject", &json!({})).expect(200);
    assert_ne!(asked(&stack, &token, "app:deploy", "app/billing"), id);
}

#[test]
fn a_token_has_at_most_ten_pending_requests() {
    let stack = approving_stack();
    let token = deployer(&stack, "alice");
    let ids: Vec<_> = (0..10).map(|n| asked(&stack, &token, "app:deploy", &format!("app/{n}"))).collect();
    ask(&stack, &token, "app:deploy", "app/10").problem(409, "approval_limit_reached");
    stack.delete(&format!("/approvals/{}", ids[0])).bearer(&token).send().expect(200);
    ask(&stack, &token, "app:deploy", "app/10").expect(201);
    stack.advance_clock(86_400);
    ask(&stack, &token, "app:deploy", "app/11").expect(201);
}

#[test]
fn a_token_makes_at_most_a_hundred_requests_a_day() {
    let stack = approving_stack();
    let token = deployer(&stack, "alice");
    // Not across midnight, when the count begins again.
    let now = stack.get("/me").bearer(&stack.admin).send().expect(200).date().seconds();
    stack.advance_clock(86_400 - now % 86_400 + 3600);
    for _ in 0..100 {
        let id = asked(&stack, &token, "app:deploy", "app/billing");
        stack.delete(&format!("/approvals/{id}")).bearer(&token).send().expect(200);
    }
    ask(&stack, &token, "app:deploy", "app/billing").problem(409, "approval_limit_reached");
    stack.advance_clock(86_400);
    ask(&stack, &token, "app:deploy", "app/billing").expect(201);
}

#[test]
fn a_request_is_never_shown_as_ended_while_it_is_decided() {
    let stack = approving_stack();
    let (token, bob) = (deployer(&stack, "alice"), stack.sign_in("bob", &["approvers"]));
    for _ in 0..9 {
        let id = asked(&stack, &token, "app:deploy", "app/billing");
        let done = AtomicBool::new(false);
        let seen: BTreeSet<String> = thread::scope(|scope| {
            let poll = || {
                let mut seen = BTreeSet::new();
                while !done.load(Ordering::SeqCst) {
                    seen.insert(show(&stack, &id)["status"].as_str().unwrap().to_owned());
                    let page = stack.get("/approvals?limit=1").bearer(&stack.admin).send().expect(200).json();
                    seen.insert(page["approvals"][0]["status"].as_str().unwrap().to_owned());
                }
                seen
            };
            let pollers: Vec<_> = (0..4).map(|_| scope.spawn(poll)).collect();
            decide(&stack, &bob, &id, "approve", &json!({})).expect(200);
            done.store(true, Ordering::SeqCst);
            pollers.into_iter().flat_map(|poller| poller.join().unwrap()).collect()
        });
        assert!(seen.iter().all(|status| status == "pending" || status == "approved"), "{seen:?}");
    }
}

#[test]
fn a_token_has_at_most_ten_live_approvals() {
    let stack = approving_stack();
    let (token, bob) = (deployer(&stack, "alice"), stack.sign_in("bob", &["approvers"]));
    for n in 0..10 {
        let id = asked(&stack, &token, "app:deploy", &format!("app/{n}"));
        decide(&stack, &bob, &id, "approve", &json!({})).expect(200);
    }
    let id = asked(&stack, &token, "app:deploy", "app/10");
    decide(&stack, &bob, &id, "approve", &json!({})).problem(409, "approval_limit_reached");
    stack.advance_clock(900);
    decide(&stack, stack.sign_in("bob", &["approvers"]), &id, "approve", &json!({})).expect(200);
}

#[test]
fn a_request_lapses_after_a_day() {
    let stack = approving_stack();
    let token = deployer(&stack, "alice");
    let id = asked(&stack, &token, "app:deploy", "app/billing");
    stack.advance_clock(86_400);
    assert_eq!(show(&stack, &id)["status"], "lapsed");
    let bob = stack.sign_in("bob", &["approvers"]);
    let late = decide(&stack, &bob, &id, "approve", &json!({})).problem(409, "approval_decided");
    assert!(late["detail"].as_str().unwrap().contains("lapsed"), "{late}");
    assert_eq!(deploys(&stack, &token), 403);
}

#[test]
fn of_two_decisions_the_first_stands_and_the_second_is_told() {
    let stack = approving_stack();
    let token = deployer(&stack, "alice");
    let (bob, carol) = (stack.sign_in("bob", &["approvers"]), stack.sign_in("carol", &["approvers"]));
    let id = asked(&stack, &token, "app:deploy", "app/billing");
    decide(&stack, &bob, &id, "reject", &json!({"comment": "freeze"})).expect(200);
    let late = decide(&stack, &carol, &id, "approve", &json!({})).problem(409, "approval_decided");
    assert!(late["detail"].as_str().unwrap().starts_with("session:bob rejected it at "), "{late}");
    // A response that was lost.
    decide(&stack, &bob, &id, "reject", &json!({})).expect(200);
    decide(&stack, &bob, &id, "approve", &json!({})).problem(409, "approval_decided");
    let approved = asked(&stack, &token, "app:deploy", "app/payroll");
    decide(&stack, &bob, &approved, "approve", &json!({"valid_for": "5m"})).expect(200);
    decide(&stack, &bob, &approved, "approve", &json!({})).expect(200);
    decide(&stack, &bob, &approved, "approve", &json!({"valid_for": "1m"})).problem(409, "approval_decided");
    stack.delete(&format!("/approvals/{approved}")).bearer(&bob).send().expect(200);
    decide(&stack, &bob, &approved, "approve", &json!({})).problem(409, "approval_decided");
    assert_eq!((deploys(&stack, &token), &show(&stack, &id)["comment"]), (403, &json!("freeze")));
}

#[test]
fn of_many_concurrent_approvers_one_decides() {
    let stack = approving_stack();
    let token = deployer(&stack, "alice");
    let approvers: Vec<_> = (0..8).map(|n| stack.sign_in(&format!("approver-{n}"), &["approvers"])).collect();
    let id = asked(&stack, &token, "app:deploy", "app/billing");
    let (stack, id) = (&stack, &id);
    let statuses: Vec<_> = thread::scope(|scope| {
        let calls = approvers.iter().map(|by| scope.spawn(move || decide(stack, by, id, "approve", &json!({})).status));
        let calls: Vec<_> = calls.collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 7, "{statuses:?}");
    assert_eq!(token.kinds(stack).iter().filter(|kind| *kind == "approval_approved").count(), 1);
}

#[test]
fn only_others_with_approvals_decide_may_decide() {
    let stack = approving_stack();
    let owner_token = |owner: &str, permissions: Value| {
        stack.create(json!({"name": "x", "owner": owner, "permissions": permissions, "resources": ["*"]}))
    };
    let token = owner_token("alice", json!(["app:deploy", "db:drop", "approvals:decide"]));
    let (sibling, foreign) = (owner_token("alice", json!(["*"])), owner_token("bob", json!(["approvals:decide"])));
    let reader = stack.sign_in("rita", &["readers"]);
    let deploy = asked(&stack, &token, "app:deploy", "app/billing");
    for (by, why) in [
        (token.secret.as_str(), "its own request"),
        (&sibling.secret, "another token of its owner"),
        (&reader, "approvals:decide on app/billing"),
        (&foreign.secret, "token_approvers"),
    ] {
        for decision in ["approve", "reject"] {
            let problem = decide(&stack, by, &deploy, decision, &json!({})).problem(403, "forbidden");
            assert!(problem["detail"].as_str().unwrap().contains(why), "{problem}");
        }
    }
    decide(&stack, stack.sign_in("carol", &[]), &deploy, "approve", &json!({})).problem(404, "not_found");
    assert_eq!(show(&stack, &deploy)["status"], "pending");
    // The catalog lets tokens approve this one, and the owner's own session any.
    let drop = asked(&stack, &token, "db:drop", "db/prod");
    decide(&stack, &foreign, &drop, "approve", &json!({})).expect(200);
    decide(&stack, stack.sign_in("alice", &["approvers"]), &deploy, "approve", &json!({})).expect(200);
}

#[test]
fn an_approver_may_shorten_an_approval_and_not_lengthen_it() {
    let stack = approving_stack();
    let (token, bob) = (deployer(&stack, "alice"), stack.sign_in("bob", &["approvers"]));
    let id = asked(&stack, &token, "app:deploy", "app/billing");
    for bad in ["16m", "59s", "0s", "1x"] {
        let fields = decide(&stack, &bob, &id, "approve", &json!({"valid_for": bad})).expect(400).offending_fields();
        assert_eq!(fields, ["valid_for"], "{bad}");
    }
    assert_eq!(show(&stack, &id)["status"], "pending");
    let approved = decide(&stack, &bob, &id, "approve", &json!({"valid_for": "5m"})).expect(200).json();
    assert_eq!(approved["valid_for"], 300);
    stack.advance_clock(301);
    assert_eq!(deploys(&stack, &token), 403);
}

#[test]
fn an_approval_for_one_use_allows_one_of_fifty_concurrent_requests() {
    let stack = approving_stack();
    let (token, bob) = (deployer(&stack, "alice"), stack.sign_in("bob", &["approvers"]));
    let id = asked(&stack, &token, "db:drop", "db/prod");
    decide(&stack, &bob, &id, "approve", &json!({})).expect(200);
    let statuses: Vec<_> = thread::scope(|scope| {
        let call = || stack.delete("/demo/dbs/prod").bearer(&token).send().status;
        let calls: Vec<_> = (0..50).map(|_| scope.spawn(call)).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 49, "{statuses:?}");
    let used = show(&stack, &id);
    assert_eq!(used["status"], "used");
    assert!(used["used_at"].is_string(), "{used}");
    stack.delete(&format!("/approvals/{id}")).bearer(&bob).send().problem(409, "approval_decided");
}

#[test]
fn a_used_approval_gives_way_to_the_next_one() {
    let stack = approving_stack();
    let (token, bob) = (deployer(&stack, "alice"), stack.sign_in("bob", &["approvers"]));
    let approved = || {
        let id = asked(&stack, &token, "db:drop", "db/prod");
        decide(&stack, &bob, &id, "approve", &json!({})).expect(200);
        id
    };
    let explained = || {
        let question = json!({"token_id": token.id, "method": "DELETE", "path": "/dbs/prod"});
        let explained = stack.post("/explain").bearer(&stack.admin).json(&question).send().expect(200).json();
        [explained["reason"].clone(), explained["approval_id"].clone()]
    };
    let drop = || stack.delete("/demo/dbs/prod").bearer(&token).send().status;
    let (first, second) = (approved(), approved());
    for id in [first, second] {
        assert_eq!(explained(), [Value::Null, json!(id)]);
        assert_eq!((drop(), &show(&stack, &id)["status"]), (200, &json!("used")));
    }
    assert_eq!((drop(), explained()), (403, [json!("approval_required"), Value::Null]));
    // Used ones do not count as live.
    for _ in 0..10 {
        approved();
        assert_eq!(drop(), 200);
    }
}

#[test]
fn introspection_uses_an_approval_for_one_use_too() {
    let stack = approving_stack();
    let (token, bob) = (deployer(&stack, "alice"), stack.sign_in("bob", &["approvers"]));
    let service = stack.token(["tokens:introspect"]);
    let introspect = || {
        let body = format!("token={}&method=DELETE&path=/dbs/prod", token.secret);
        stack.post("/introspect").bearer(&service).form(body).send().expect(200).json()
    };
    let refused = introspect();
    assert_eq!((&refused["allowed"], &refused["reason"]), (&json!(false), &json!("approval_required")));
    let id = asked(&stack, &token, "db:drop", "db/prod");
    decide(&stack, &bob, &id, "approve", &json!({})).expect(200);
    let outcomes: Vec<_> = (0..2).map(|_| introspect()["allowed"].clone()).collect();
    assert_eq!(outcomes, [json!(true), json!(false)]);
    assert_eq!(stack.delete("/demo/dbs/prod").bearer(&token).send().status, 403);
}

#[test]
fn an_ended_approval_is_refused_at_the_next_request() {
    let stack = approving_stack();
    let (token, bob) = (deployer(&stack, "alice"), stack.sign_in("bob", &["approvers"]));
    let enders = [bob.clone(), token.secret.clone(), stack.sign_in("alice", &[]), stack.admin.clone()];
    for by in enders {
        let id = asked(&stack, &token, "app:deploy", "app/billing");
        decide(&stack, &bob, &id, "approve", &json!({})).expect(200);
        assert_eq!(deploys(&stack, &token), 200);
        let path = format!("/approvals/{id}");
        stack.delete(&path).bearer(stack.sign_in("rita", &["readers"])).send().problem(403, "forbidden");
        let ended = stack.delete(&path).bearer(&by).send().expect(200).json();
        assert_eq!(ended["status"], "ended");
        assert!(ended["effective_by"].is_string() && ended["ended_by"].is_string(), "{ended}");
        assert_eq!(deploys(&stack, &token), 403);
        stack.delete(&path).bearer(&by).send().expect(200);
    }
}

#[test]
fn revoking_or_disabling_a_token_ends_its_approvals() {
    let stack = approving_stack();
    let bob = stack.sign_in("bob", &["approvers"]);
    for (way, again) in [("disable", Some("enable")), ("revoke", None)] {
        let token = deployer(&stack, "alice");
        let live = asked(&stack, &token, "app:deploy", "app/billing");
        decide(&stack, &bob, &live, "approve", &json!({})).expect(200);
        let pending = asked(&stack, &token, "app:deploy", "app/payroll");
        let call = |what: &str| stack.post(&format!("{}/{what}", token.path())).bearer(&stack.admin).send().expect(200);
        call(way);
        if let Some(again) = again {
            call(again);
            assert_eq!(deploys(&stack, &token), 403);
        }
        for id in [&live, &pending] {
            assert_eq!(show(&stack, id)["status"], "ended", "{way}");
        }
        let late = decide(&stack, &bob, &pending, "approve", &json!({})).problem(409, "approval_decided");
        assert!(late["detail"].as_str().unwrap().contains("revoked, disabled"), "{late}");
    }
}

#[test]
fn a_quarantined_token_loses_its_approvals() {
    let stack = isolated_stack(|options| options.settings.token.quarantine_on_reuse = true);
    stack.put_catalog(&catalog());
    let (token, bob) = (deployer(&stack, "alice"), stack.sign_in("bob", &["approvers"]));
    let id = asked(&stack, &token, "app:deploy", "app/billing");
    decide(&stack, &bob, &id, "approve", &json!({})).expect(200);
    stack.post(&format!("{}/rotate", token.path())).bearer(&stack.admin).send().expect(200);
    stack.post("/revoke").form(format!("token={}", token.secret)).send().expect(200);
    stack.post(&format!("{}/enable", token.path())).bearer(&stack.admin).send().expect(200);
    assert_eq!(show(&stack, &id)["status"], "ended");
}

#[test]
fn a_renewed_token_has_none_of_the_approvals_that_ended_with_its_expiry() {
    let stack = approving_stack();
    let token = stack.create(json!({
        "name": "deploy", "owner": "alice", "permissions": ["app:deploy"], "resources": ["app"], "expires_in": "60s"
    }));
    let bob = stack.sign_in("bob", &["approvers"]);
    let live = asked(&stack, &token, "app:deploy", "app/billing");
    decide(&stack, &bob, &live, "approve", &json!({})).expect(200);
    let pending = asked(&stack, &token, "app:deploy", "app/payroll");
    stack.advance_clock(60);
    assert_eq!(show(&stack, &live)["status"], "ended");
    let renew = stack.post(&format!("{}/rotate", token.path())).bearer(&stack.admin).json(&json!({"expires_in": "1h"}));
    let renewed = Token::shown_in(&renew.send().expect(200));
    assert_eq!(deploys(&stack, &renewed), 403);
    for id in [&live, &pending] {
        assert_eq!(show(&stack, id)["status"], "ended");
    }
}

#[test]
fn a_list_shows_what_the_caller_may_see() {
    let stack = approving_stack();
    let (first, second) = (deployer(&stack, "alice"), deployer(&stack, "bob"));
    let (of_first, of_second) =
        (asked(&stack, &first, "app:deploy", "app/billing"), asked(&stack, &second, "app:deploy", "app/payroll"));
    let seen = |by: &str, query: &str| {
        let page = stack.get(&format!("/approvals{query}")).bearer(by).send().expect(200).json();
        let ids = page["approvals"].as_array().unwrap().iter();
        ids.map(|approval| approval["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    let both = format!("{of_second} {of_first}");
    for by in [stack.sign_in("rita", &["readers"]), stack.sign_in("dan", &["approvers"]), stack.admin.clone()] {
        assert_eq!(seen(&by, ""), both);
        assert_eq!(seen(&by, &format!("?token={}", first.id)), of_first);
    }
    for by in [first.secret.clone(), stack.sign_in("alice", &[])] {
        assert_eq!(seen(&by, ""), of_first);
        stack.get(&format!("/approvals/{of_second}")).bearer(&by).send().problem(404, "not_found");
    }
    assert_eq!(seen(&stack.sign_in("carol", &[]), ""), "");
    decide(&stack, stack.sign_in("dan", &["approvers"]), &of_first, "reject", &json!({})).expect(200);
    assert_eq!(seen(&stack.admin, "?status=pending"), of_second);
    assert_eq!(seen(&stack.admin, "?status=rejected"), of_first);
    let page = stack.get("/approvals?limit=1").bearer(&stack.admin).send().expect(200).json();
    let rest = format!("?limit=1&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(seen(&stack.admin, &rest), of_first);
    let fields = stack.get("/approvals?status=x&token=y&limit=0&cursor=z").bearer(&stack.admin).send();
    assert_eq!(fields.expect(400).offending_fields(), ["limit", "cursor", "status", "token"]);
    for unknown in ["01KEZ4RNR0D4B8Q7V1W2X3Y4Z5", "x"] {
        stack.get(&format!("/approvals/{unknown}")).bearer(&stack.admin).send().problem(404, "not_found");
    }
}

#[test]
fn a_cursor_older_than_the_status_asked_for_ends_the_list() {
    let stack = approving_stack();
    let token = deployer(&stack, "alice");
    for app in ["billing", "payroll"] {
        asked(&stack, &token, "app:deploy", &format!("app/{app}"));
    }
    let list = |query: &str| stack.get(&format!("/approvals?{query}")).bearer(&stack.admin).send().expect(200).json();
    let cursor = list("limit=1")["next_cursor"].as_str().unwrap().to_owned();
    stack.advance_clock(3 * 24 * 60 * 60);
    let page = list(&format!("status=pending&cursor={cursor}"));
    assert_eq!(page, json!({"approvals": [], "next_cursor": null}));
}

#[test]
fn an_approval_is_seen_in_history_audit_and_context() {
    let log = AuditLog::default();
    let writer = log.clone();
    let stack = isolated_stack(|options| options.audit_log = Box::new(writer));
    stack.put_catalog(&catalog());
    let (token, bob) = (deployer(&stack, "alice"), stack.sign_in("bob", &["approvers"]));
    let id = asked(&stack, &token, "app:deploy", "app/billing");
    log.take();
    deploys(&stack, &token);
    let denied = log.take().pop().unwrap();
    assert_eq!((&denied["reason"], denied.get("approval_id")), (&json!("approval_required"), None));
    decide(&stack, &bob, &id, "approve", &json!({})).expect(200);
    log.take();
    let principal = stack.post(DEPLOY).bearer(&token).send().expect(200).json()["principal"].clone();
    let allowed = log.take().pop().unwrap();
    for seen in [&principal, &allowed] {
        assert_eq!((&seen["approval_id"], &seen["approved_by"]), (&json!(id), &json!("session:bob")));
    }
    stack.delete(&format!("/approvals/{id}")).bearer(&bob).send().expect(200);
    let events = stack.get(&format!("{}/events", token.path())).bearer(&stack.admin).send().expect(200).json();
    let of_approvals: Vec<_> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["detail"]["approval_id"] == json!(id))
        .map(|event| format!("{} by {}", event["kind"].as_str().unwrap(), event["by"].as_str().unwrap()))
        .collect();
    assert_eq!(
        of_approvals,
        [
            "approval_ended by session:bob".to_owned(),
            "approval_approved by session:bob".to_owned(),
            format!("approval_requested by token:{}", token.id),
        ]
    );
    let kinds = stack.get("/activity?kind=approval_approved").bearer(&stack.admin).send().expect(200).json();
    assert_eq!(kinds["events"][0]["detail"]["approval_id"], json!(id));
}

#[test]
fn explain_says_that_an_approval_is_needed_or_used() {
    let stack = approving_stack();
    let (token, bob) = (deployer(&stack, "alice"), stack.sign_in("bob", &["approvers"]));
    let explain = || {
        let question = json!({"token_id": token.id, "method": "POST", "path": "/apps/billing/deploy"});
        stack.post("/explain").bearer(&stack.admin).json(&question).send().expect(200).json()
    };
    let denied = explain();
    assert_eq!((&denied["decision"], &denied["reason"]), (&json!("deny"), &json!("approval_required")));
    assert_eq!((&denied["permission"], &denied["resource"]), (&json!("app:deploy"), &json!("app/billing")));
    let id = asked(&stack, &token, "app:deploy", "app/billing");
    decide(&stack, &bob, &id, "approve", &json!({})).expect(200);
    let allowed = explain();
    assert_eq!((&allowed["decision"], &allowed["approval_id"]), (&json!("allow"), &json!(id)));
}

#[test]
fn a_cached_policy_never_outlives_an_approval() {
    let stack = isolated_stack(|options| options.settings.authz.cache_seconds = 60);
    let once = catalog();
    let (_, version) = stack.catalog();
    let put = |catalog: &Value| {
        stack.request("PUT", "/catalog").bearer(&stack.admin).header("If-Match", &version).json(catalog).send()
    };
    assert_eq!(put(&once).expect(400).offending_fields(), ["permissions.db:drop.approval.uses"]);
    let mut any = once;
    any["permissions"]["db:drop"]["approval"]["uses"] = json!("any");
    put(&any).expect(200);
    stack.advance_clock(60);
    let (token, bob) = (deployer(&stack, "alice"), stack.sign_in("bob", &["approvers"]));
    let id = asked(&stack, &token, "app:deploy", "app/billing");
    let short = decide(&stack, &bob, &id, "approve", &json!({"valid_for": "1m"}));
    assert_eq!(short.expect(400).offending_fields(), ["valid_for"]);
    decide(&stack, &bob, &id, "approve", &json!({"valid_for": "5m"})).expect(200);
    assert_eq!(deploys(&stack, &token), 200);
    // The gateway's cached policy is at most 60 seconds old.
    stack.advance_clock(120);
    assert_eq!(deploys(&stack, &token), 200);
    stack.advance_clock(180);
    assert_eq!(deploys(&stack, &token), 403);
}
