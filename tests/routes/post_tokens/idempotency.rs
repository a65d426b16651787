//! `Idempotency-Key`: a lost response leaves no second token.

use serde_json::Value;

use crate::support::{Response, Stack, Token, isolated_stack, stack};

const BODY: &str = r#"{"name": "ci", "permissions": ["apps:read"], "resources": ["apps/billing"]}"#;

fn send(stack: &Stack, by: &Token, key: &str) -> Response {
    let body: Value = serde_json::from_str(BODY).unwrap();
    stack.post("/tokens").bearer(by).header("Idempotency-Key", key).json(&body).send()
}

/// A token that may create tokens with the permissions of [`BODY`].
fn creator(stack: &Stack) -> Token {
    stack.token(["tokens:read", "tokens:write", "apps:read"])
}

fn listed(stack: &Stack, by: &Token) -> usize {
    let list = stack.get("/tokens").bearer(by).send().expect(200).json();
    list["tokens"].as_array().unwrap().iter().filter(|token| token["name"] == "ci").count()
}

#[test]
fn a_repeated_create_names_the_token_and_shows_no_secret() {
    let stack = stack();
    let creator = creator(&stack);
    let made = Token::shown_in(&send(&stack, &creator, "run-1").expect(201));
    let again = send(&stack, &creator, "run-1");
    let document = again.problem(409, "already_created");
    assert_eq!(document["token_id"], made.id.as_str());
    let detail = document["detail"].as_str().unwrap();
    assert!(detail.contains(&format!("POST /tokens/{}/rotate", made.id)), "{detail}");
    assert!(!String::from_utf8_lossy(&again.body).contains(&made.secret));
    assert_eq!(listed(&stack, &creator), 1);
    assert_eq!(made.status(&stack), 200);
}

#[test]
fn another_key_creates_another_token() {
    let stack = stack();
    let creator = creator(&stack);
    let [one, other] = ["run-1", "run-2"].map(|key| Token::shown_in(&send(&stack, &creator, key).expect(201)));
    assert_ne!(one.id, other.id);
}

#[test]
fn the_same_key_of_another_caller_is_another_key() {
    let stack = stack();
    let [alice, bob] = [creator(&stack), creator(&stack)];
    let [one, other] = [&alice, &bob].map(|by| Token::shown_in(&send(&stack, by, "run-1").expect(201)));
    assert_ne!(one.id, other.id);
}

#[test]
fn a_repeated_create_is_recognized_at_the_token_limit() {
    let stack = isolated_stack(|options| options.settings.limits.live_tokens = 2);
    let creator = creator(&stack);
    let made = Token::shown_in(&send(&stack, &creator, "run-1").expect(201));
    assert_eq!(send(&stack, &creator, "run-1").problem(409, "already_created")["token_id"], made.id.as_str());
    send(&stack, &creator, "run-2").problem(409, "token_limit_reached");
}

#[test]
fn of_racing_creates_with_one_key_exactly_one_succeeds() {
    let stack = stack();
    let creator = creator(&stack);
    let statuses: Vec<_> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..8).map(|_| scope.spawn(|| send(&stack, &creator, "run-1").status)).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 7, "{statuses:?}");
    assert_eq!(listed(&stack, &creator), 1);
}

#[test]
fn an_invalid_key_is_refused() {
    let stack = stack();
    let creator = creator(&stack);
    for key in ["", "a\tb", &"x".repeat(256)] {
        assert_eq!(send(&stack, &creator, key).offending_fields(), ["Idempotency-Key"], "{key:?}");
    }
    assert_eq!(listed(&stack, &creator), 0);
}
