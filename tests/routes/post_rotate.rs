//! `POST /tokens/{id}/rotate`

use portcullis::clock::Timestamp;
use serde_json::{Value, json};

use crate::support::{AuditLog, Response, Stack, Token, isolated_stack, stack};

#[track_caller]
fn rotate(stack: &Stack, by: impl AsRef<str>, token: &Token, body: &Value) -> Response {
    stack.post(&format!("{}/rotate", token.path())).bearer(by).json(body).send()
}

#[track_caller]
fn rotated(stack: &Stack, token: &Token, body: &Value) -> Token {
    Token::shown_in(&rotate(stack, &stack.admin, token, body).expect(200))
}

#[test]
fn a_rotation_replaces_only_the_secret_and_shows_it_once() {
    let stack = stack();
    let old = stack.create(json!({"role": "viewer", "description": "what for", "expires_in": "1d"}));
    let new = rotated(&stack, &old, &json!({}));
    assert_eq!((&new.id, old.secret == new.secret), (&old.id, false));
    let mut expected = old.view.clone();
    expected["rotated_at"] = new.view["rotated_at"].clone();
    assert!(new.view["rotated_at"].is_string());
    assert_eq!(new.view, expected);
    assert_eq!(old.status(&stack), 401, "without an overlap the old secret ends at once");
    assert_eq!(new.status(&stack), 200);
    assert_eq!(
        stack.get(&new.path()).bearer(&stack.admin).send().expect(200).json()["rotated_at"],
        new.view["rotated_at"]
    );
}

#[test]
fn during_an_overlap_both_secrets_work_and_the_old_one_is_marked() {
    let log = AuditLog::default();
    let writer = log.clone();
    let stack = isolated_stack(|options| options.audit_log = Box::new(writer));
    let old = stack.token(["apps:read"]);
    let new = rotated(&stack, &old, &json!({"overlap": "1h"}));
    assert!(new.view["previous_secret_until"].is_string());
    log.take();
    for (token, superseded) in [(&old, true), (&new, false)] {
        assert_eq!(token.status(&stack), 200);
        let line = &log.take()[0];
        assert_eq!((&line["superseded"], &line["api_token_id"]), (&json!(superseded), &json!(old.id)));
    }
    stack.advance_clock(3600);
    assert_eq!((old.status(&stack), new.status(&stack)), (401, 200));
    let line = &log.take()[0];
    assert_eq!((&line["reason"], &line["superseded"]), (&json!("secret_reuse"), &json!(true)));
    let view = stack.get(&old.path()).bearer(&stack.admin).send().expect(200).json();
    assert_eq!((&view["previous_secret_until"], &view["status"]), (&Value::Null, &json!("active")));
}

#[test]
fn rotating_during_an_overlap_retires_the_oldest_secret() {
    let stack = stack();
    let first = stack.token(["apps:read"]);
    let second = rotated(&stack, &first, &json!({"overlap": "7d"}));
    let third = rotated(&stack, &second, &json!({"overlap": "7d"}));
    assert_eq!([&first, &second, &third].map(|token| token.status(&stack)), [401, 200, 200]);
    let fourth = rotated(&stack, &third, &json!({}));
    assert_eq!([&second, &third, &fourth].map(|token| token.status(&stack)), [401, 401, 200]);
}

#[test]
fn a_reuse_is_recorded_and_disables_the_token_if_configured() {
    for quarantine in [false, true] {
        let stack = isolated_stack(move |options| options.settings.token.quarantine_on_reuse = quarantine);
        let old = stack.token(["apps:read"]);
        let new = rotated(&stack, &old, &json!({}));
        for _ in 0..3 {
            assert_eq!(old.status(&stack), 401);
        }
        assert_eq!(new.status(&stack), if quarantine { 401 } else { 200 });
        let kinds: Vec<_> = new.kinds(&stack).into_iter().filter(|kind| kind != "first_used").collect();
        assert_eq!(kinds, ["secret_reuse", "rotated", "created"]);
        if quarantine {
            let view = stack.get(&new.path()).bearer(&stack.admin).send().expect(200).json();
            assert_eq!((&view["status"], &view["disabled_reason"]), (&json!("disabled"), &json!("secret_reuse")));
            let keeper = stack.create(json!({"permissions": ["tokens:write"], "owner": new.owner}));
            stack.post(&format!("{}/enable", new.path())).bearer(&keeper).send().expect(200);
            assert_eq!(new.status(&stack), 200);
        }
    }
}

#[test]
fn a_retry_with_the_same_key_does_not_rotate_twice() {
    let stack = isolated_stack(|_| {});
    let token = stack.token(["apps:read"]);
    let send = |key: &str| {
        let request = stack.post(&format!("{}/rotate", token.path())).bearer(&stack.admin);
        request.header("Idempotency-Key", key).send()
    };
    let new = Token::shown_in(&send("run-1").expect(200));
    let again = send("run-1");
    let document = again.problem(409, "already_rotated");
    assert!(document["detail"].as_str().unwrap().contains(new.view["rotated_at"].as_str().unwrap()));
    assert_eq!(again.header("etag"), Some("\"2\""));
    assert_eq!(new.status(&stack), 200);
    stack.advance_clock(540);
    send("run-1").problem(409, "already_rotated");
    stack.advance_clock(60);
    Token::shown_in(&send("run-1").expect(200));
    let newest = Token::shown_in(&send("run-2").expect(200));
    // Still so after another rotation.
    send("run-1").problem(409, "already_rotated");
    assert_eq!(newest.status(&stack), 200);
    assert_eq!(send(&"x".repeat(256)).offending_fields(), ["Idempotency-Key"]);
}

#[test]
fn an_identical_retry_is_409_already_rotated() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let request = stack.post(&format!("{}/rotate", token.path())).bearer(&stack.admin);
    let request = request.header("Idempotency-Key", "run-1").header("If-Match", "\"1\"");
    Token::shown_in(&request.clone().send().expect(200));
    request.send().problem(409, "already_rotated");
}

#[test]
fn an_overlap_ends_with_its_token() {
    let stack = stack();
    let token = stack.create(json!({"permissions": ["a:b"], "expires_in": "1h"}));
    let new = rotated(&stack, &token, &json!({"overlap": "7d"}));
    assert_eq!(new.view["previous_secret_until"], new.view["expires_at"]);
}

#[test]
fn an_overlap_is_shown_until_the_token_is_revoked_or_expires() {
    let stack = isolated_stack(|_| {});
    let shown = |token: &Token| {
        stack.get(&token.path()).bearer(&stack.admin).send().expect(200).json()["previous_secret_until"].clone()
    };
    let during_overlap = || rotated(&stack, &stack.token(["a:b"]), &json!({"overlap": "7d"}));
    let call = |token: &Token, action: &str| {
        stack.post(&format!("{}/{action}", token.path())).bearer(&stack.admin).send().expect(200).json()
    };
    let revoked = during_overlap();
    // A disabled token can be enabled again, and its old secret with it.
    call(&revoked, "disable");
    assert!(shown(&revoked).is_string());
    assert_eq!((&call(&revoked, "revoke")["previous_secret_until"], shown(&revoked)), (&Value::Null, Value::Null));
    let expired = during_overlap();
    let soon = Timestamp::parse(expired.view["rotated_at"].as_str().unwrap()).unwrap().plus_seconds(3600);
    let patch = stack.request("PATCH", &expired.path()).bearer(&stack.admin).header("If-Match", "*");
    patch.json(&json!({ "expires_at": soon })).send().expect(200);
    assert!(shown(&expired).is_string());
    stack.advance_clock(7200);
    assert_eq!(shown(&expired), Value::Null);
}

#[test]
fn a_rotation_can_set_a_new_expiry() {
    let stack = stack();
    let token = stack.create(json!({"permissions": ["a:b"], "expires_in": "1d"}));
    let longer = rotated(&stack, &token, &json!({"expires_at": "2099-01-01T00:00:00Z"}));
    assert_eq!(longer.view["expires_at"], "2099-01-01T00:00:00Z");
    let never = rotated(&stack, &longer, &json!({"expires_at": null}));
    assert_eq!(never.view["expires_at"], Value::Null);
    let mut wrong =
        rotate(&stack, &stack.admin, &never, &json!({"overlap": "8d", "expires_in": "x", "id": 1})).offending_fields();
    wrong.sort();
    assert_eq!(wrong, ["expires_in", "id", "overlap"]);
}

#[test]
fn an_expired_token_is_renewed_only_by_a_rotation_with_a_new_expiry() {
    let stack = isolated_stack(|options| options.settings.limits.live_tokens = 1);
    let old = stack.create(json!({"permissions": ["a:b"], "expires_in": "1h"}));
    stack.advance_clock(3600);
    rotate(&stack, &stack.admin, &old, &json!({})).problem(409, "token_ended");
    let overlapping = rotate(&stack, &stack.admin, &old, &json!({"expires_in": "1h", "overlap": "1h"}));
    assert_eq!(overlapping.offending_fields(), ["overlap"]);
    let other = stack.create(json!({"permissions": ["a:b"], "owner": old.owner}));
    rotate(&stack, &stack.admin, &old, &json!({"expires_in": "1h"})).problem(409, "token_limit_reached");
    stack.delete(&other.path()).bearer(&stack.admin).send().expect(204);
    let new = rotated(&stack, &old, &json!({"expires_in": "1h"}));
    assert_eq!((old.status(&stack), new.status(&stack)), (401, 200));
}

#[test]
fn a_revoked_token_is_not_rotated() {
    let stack = stack();
    let token = stack.token(["a:b"]);
    stack.post(&format!("{}/revoke", token.path())).bearer(&stack.admin).send().expect(200);
    rotate(&stack, &stack.admin, &token, &json!({"expires_in": "1h"})).problem(409, "token_ended");
}

#[test]
fn rotating_needs_the_grants_of_the_token() {
    let stack = stack();
    let strong = stack.token(["apps:*", "jobs:read"]);
    let by =
        stack.create(json!({"permissions": ["tokens:write", "apps:*"], "owner": strong.owner, "expires_in": "1d"}));
    let document = rotate(&stack, &by, &strong, &json!({})).problem(403, "exceeds_grants");
    let fields: Vec<_> = document["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
    assert_eq!(fields, ["grants[0].permissions", "expires_at"]);
    assert_eq!(strong.status(&stack), 200);
    // A token cannot extend its own life.
    rotate(&stack, &by, &by, &json!({"expires_in": "2d"})).problem(403, "exceeds_grants");
    Token::shown_in(&rotate(&stack, &by, &by, &json!({})).expect(200));
}

#[test]
fn if_match_is_honoured_where_it_is_sent() {
    let stack = stack();
    let token = stack.token(["a:b"]);
    let send =
        |tag: &str| stack.post(&format!("{}/rotate", token.path())).bearer(&stack.admin).header("If-Match", tag).send();
    assert_eq!(
        {
            let response = send("\"2\"");
            response.problem(412, "precondition_failed");
            response.header("etag").map(str::to_owned)
        },
        Some("\"1\"".to_owned())
    );
    send("W/\"1\"").problem(412, "precondition_failed");
    assert_eq!(token.status(&stack), 200);
    Token::shown_in(&send("\"9\", \"1\"").expect(200));
    Token::shown_in(&send("*").expect(200));
}
