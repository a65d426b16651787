//! `POST /tokens/{id}/revoke`: refused from now on; the record is kept.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use serde_json::json;

use crate::support::{Stack, Token, eventually, stack, unknown_token, until_expired};

/// The management API, in two places that check the token, and a protected API.
const DOORS: [&str; 3] = ["/me", "/tokens?limit=1", "/demo/apps/billing"];

fn revoke(stack: &Stack, token: &Token, by: &str) -> serde_json::Value {
    stack.post(&format!("{}/revoke", token.path())).bearer(by).send().expect(200).json()
}

#[test]
fn a_revoked_token_is_refused_at_once() {
    let stack = stack();
    let token = stack.token(["apps:read", "tokens:read"]);
    for door in DOORS {
        stack.get(door).bearer(&token).send().expect(200);
    }
    revoke(&stack, &token, &stack.admin);
    for door in DOORS {
        stack.get(door).bearer(&token).send().problem(401, "invalid_token");
    }
}

#[test]
fn no_request_after_the_response_to_a_revocation_is_allowed() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let (answered, late) = (AtomicBool::new(false), AtomicU32::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                // Ten requests each that started after the response.
                while late.load(Ordering::SeqCst) < 40 {
                    let revoked = answered.load(Ordering::SeqCst);
                    let status = stack.get("/demo/apps/billing").bearer(&token).send().status;
                    if revoked {
                        late.fetch_add(1, Ordering::SeqCst);
                        assert_eq!(status, 401);
                    } else {
                        assert!(matches!(status, 200 | 401), "{status}");
                    }
                }
            });
        }
        revoke(&stack, &token, &stack.admin);
        answered.store(true, Ordering::SeqCst);
    });
}

#[test]
fn the_response_says_who_revoked_it_when_and_when_caches_end() {
    let stack = stack();
    let by = stack.token(["tokens:admin"]);
    let token = stack.token(["x:y"]);
    let response = stack.post(&format!("{}/revoke", token.path())).bearer(&by).send().expect(200);
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let mut view = response.json();
    let effective_by = view.as_object_mut().unwrap().remove("effective_by").unwrap();
    let revoked_at = view["revoked_at"].clone();
    assert!(revoked_at.as_str().is_some_and(|at| at.ends_with('Z')), "{view}");
    assert!(effective_by.as_str() >= revoked_at.as_str().map(|at| &at[..19]), "{effective_by} {revoked_at}");

    let mut expected = token.view.clone();
    expected["status"] = json!("revoked");
    expected["revoked_at"] = revoked_at;
    expected["revoked_by"] = json!(format!("token:{}", by.id));
    assert_eq!(view, expected);
    assert_eq!(stack.get(&token.path()).bearer(&by).send().expect(200).json(), expected);
}

#[test]
fn revoking_again_succeeds_and_changes_nothing() {
    let stack = stack();
    let token = stack.token(["x:y"]);
    let first = revoke(&stack, &token, &stack.admin);
    let etag = |token: &Token| stack.get(&token.path()).bearer(&stack.admin).send().header("etag").map(str::to_owned);
    let version = etag(&token);
    let another = stack.token(["tokens:admin"]);
    let second = revoke(&stack, &token, &another.secret);
    assert_eq!(second["revoked_at"], first["revoked_at"]);
    assert_eq!(second["revoked_by"], first["revoked_by"]);
    assert!(second["effective_by"].is_string());
    assert_eq!(etag(&token), version);
}

#[test]
fn a_revoke_changes_the_etag() {
    let stack = stack();
    let token = stack.token(["x:y"]);
    let etag = || stack.get(&token.path()).bearer(&stack.admin).send().header("etag").map(str::to_owned);
    let before = etag();
    revoke(&stack, &token, &stack.admin);
    assert_ne!(etag(), before);
}

#[test]
fn a_token_can_revoke_itself() {
    let stack = stack();
    let token = stack.token_on(["tokens:write"], ["tokens"]);
    let view = revoke(&stack, &token, &token.secret);
    assert_eq!(view["revoked_by"], format!("token:{}", token.id));
    stack.get("/me").bearer(&token).send().problem(401, "invalid_token");
}

#[test]
fn revoking_needs_tokens_write_and_for_other_owners_tokens_admin() {
    let stack = stack();
    let token = stack.token(["tokens:read"]);
    let path = format!("{}/revoke", token.path());
    let document = stack.post(&path).bearer(&token).send().problem(403, "insufficient_scope");
    assert_eq!(document["permission"], "tokens:write");
    assert_eq!(document["resource"], format!("tokens/{}/revoke", token.id));

    let stranger = stack.token(["tokens:write", "tokens:read"]);
    stack.post(&path).bearer(&stranger).send().problem(404, "not_found");
    stack.post(&path).send().problem(401, "invalid_token");
    stack.get("/me").bearer(&token).send().expect(200);

    let mate = stack.create(json!({ "owner": token.owner, "permissions": ["tokens:write"] }));
    revoke(&stack, &token, &mate.secret);
}

#[test]
fn an_unknown_token_cannot_be_revoked() {
    let stack = stack();
    let nobodys = unknown_token(&stack.prefix());
    let id = &nobodys.rsplit('_').next().unwrap()[..16];
    stack.post(&format!("/tokens/{id}/revoke")).bearer(&stack.admin).send().problem(404, "not_found");
}

#[test]
fn an_expired_token_can_be_revoked() {
    let stack = stack();
    let token = stack.create(json!({ "permissions": ["x:y"], "expires_in": "1s" }));
    let show = || stack.get(&token.path()).bearer(&stack.admin).send().expect(200).json();
    until_expired(&stack, &token);
    assert_eq!(show()["status"], "expired");
    let view = revoke(&stack, &token, &stack.admin);
    assert_eq!((&view["status"], &view["expires_at"]), (&json!("revoked"), &token.view["expires_at"]));
}

#[test]
fn a_revoked_token_stays_in_the_list() {
    let stack = stack();
    let (token, by) = (stack.token(["x:y"]), &stack.admin);
    revoke(&stack, &token, by);
    let path = format!("/tokens?owner={}", token.owner);
    eventually("the revoked token in the list", || {
        let page = stack.get(&path).bearer(by).send().expect(200).json();
        (page["tokens"][0]["id"] == token.id && page["tokens"][0]["status"] == "revoked").then_some(())
    });
}

#[test]
fn an_unknown_parameter_is_named_and_nothing_is_revoked() {
    let stack = stack();
    let token = stack.token(["x:y"]);
    let response = stack.post(&format!("{}/revoke?when=later", token.path())).bearer(&stack.admin).send();
    assert_eq!(response.offending_fields(), ["when"]);
    stack.get("/me").bearer(&token).send().expect(200);
}
