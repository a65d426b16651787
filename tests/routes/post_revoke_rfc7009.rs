//! `POST /revoke` (RFC 7009): the secret alone revokes its token.

use serde_json::json;

use crate::support::{Response, Stack, Token, isolated_stack, stack, unknown_token};

fn form(stack: &Stack, body: String) -> Response {
    stack.post("/revoke").form(body).send()
}

fn revoke(stack: &Stack, secret: &str) -> Response {
    form(stack, format!("token={secret}&token_type_hint=access_token"))
}

#[test]
fn the_secret_revokes_its_token_without_any_permission() {
    let stack = stack();
    let token = stack.token(["nothing:much"]);
    let response = revoke(&stack, &token.secret).expect(200);
    assert!(response.body.is_empty());
    assert_eq!(token.status(&stack), 401);
    let view = stack.get(&token.path()).bearer(&stack.admin).send().expect(200).json();
    assert_eq!((&view["status"], &view["revoked_by"]), (&json!("revoked"), &json!(format!("token:{}", token.id))));
    revoke(&stack, &token.secret).expect(200);
}

#[test]
fn white_space_around_a_token_is_ignored() {
    let stack = stack();
    let token = stack.token(["a:b"]);
    form(&stack, format!("token=%09{}%0D%0A&token_type_hint=&token=", token.secret)).expect(200);
    assert_eq!(token.status(&stack), 401);
}

#[test]
fn an_unknown_token_gets_the_same_response_and_revokes_nothing() {
    let stack = stack();
    let token = stack.token(["a:b"]);
    let nobodys = unknown_token(&stack.prefix());
    for other in ["x", &nobodys, &token.id, &token.secret[..token.secret.len() - 1]] {
        let response = revoke(&stack, other).expect(200);
        assert!(response.body.is_empty());
        assert_eq!(response.header("cache-control"), Some("no-store"));
    }
    assert_eq!(token.status(&stack), 200);
}

#[test]
fn a_superseded_secret_revokes_only_during_its_overlap() {
    let stack = stack();
    let rotate = |token: &Token, overlap: serde_json::Value| {
        let request = stack.post(&format!("{}/rotate", token.path())).bearer(&stack.admin);
        Token::shown_in(&request.json(&overlap).send().expect(200))
    };
    let old = stack.token(["a:b"]);
    let new = rotate(&old, json!({}));
    revoke(&stack, &old.secret).expect(200);
    assert_eq!(new.status(&stack), 200, "what has ended proves nothing");
    let newest = rotate(&new, json!({"overlap": "1h"}));
    revoke(&stack, &new.secret).expect(200);
    assert_eq!(newest.status(&stack), 401);
}

#[test]
fn a_form_without_exactly_one_token_is_refused_as_rfc_6749_says() {
    let stack = stack();
    let token = stack.token(["a:b"]);
    let secret = &token.secret;
    for body in [
        String::new(),
        "token_type_hint=x".to_owned(),
        "token=".to_owned(),
        "token=%20%0A&token_type_hint=x".to_owned(),
        format!("token={secret}&token={secret}"),
        format!("{{\"token\":\"{secret}\"}}"),
    ] {
        let response = form(&stack, body).expect(400);
        let document = response.json();
        assert_eq!(document["error"], "invalid_request");
        assert!(document["error_description"].is_string());
    }
    assert_eq!(token.status(&stack), 200);
}

#[test]
fn the_secret_of_an_expired_token_revokes_nothing() {
    let stack = isolated_stack(|_| {});
    let token = stack.create(json!({"permissions": ["a:b"], "expires_in": "1h"}));
    stack.advance_clock(3600);
    revoke(&stack, &token.secret).expect(200);
    let view = stack.get(&token.path()).bearer(&stack.admin).send().expect(200).json();
    assert_eq!(view["status"], "expired");
}

#[test]
fn presenting_a_retired_secret_counts_as_reuse() {
    let stack = isolated_stack(|options| options.settings.token.quarantine_on_reuse = true);
    let old = stack.token(["a:b"]);
    let rotate = stack.post(&format!("{}/rotate", old.path())).bearer(&stack.admin);
    let new = Token::shown_in(&rotate.send().expect(200));
    revoke(&stack, &old.secret).expect(200);
    assert_eq!(new.kinds(&stack), ["secret_reuse", "rotated", "created"]);
    let view = stack.get(&new.path()).bearer(&stack.admin).send().expect(200).json();
    assert_eq!((&view["status"], &view["disabled_reason"]), (&json!("disabled"), &json!("secret_reuse")));
}
