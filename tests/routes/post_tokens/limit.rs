//! The limit of live tokens per owner; default: ten.

use std::thread;

use serde_json::{Value, json};

use crate::support::{Stack, Token, merge_json, owner, stack, until_expired};

const LIMIT: usize = 10;

fn fill(stack: &Stack, owner: &str) -> Vec<Token> {
    (0..LIMIT).map(|_| stack.create(json!({ "owner": owner, "permissions": ["x:y"] }))).collect()
}

fn status_of_one_more(stack: &Stack, owner: &str) -> u16 {
    let body = json!({ "name": "one more", "permissions": ["x:y"], "resources": ["*"], "owner": owner });
    stack.post("/tokens").bearer(&stack.admin).json(&body).send().status
}

#[test]
fn the_eleventh_token_is_refused_with_advice() {
    let stack = stack();
    let owner = owner();
    fill(&stack, &owner);
    let body = json!({ "name": "one more", "permissions": ["x:y"], "resources": ["*"], "owner": owner });
    let response = stack.post("/tokens").bearer(&stack.admin).json(&body).send();
    assert_eq!(
        response.problem(409, "token_limit_reached"),
        json!({
            "type": "urn:portcullis:problem:token_limit_reached",
            "title": "Token limit reached",
            "status": 409,
            "detail": "The owner has reached the limit of 10 tokens, not counting revoked and expired ones. Revoke a token that is no longer needed.",
        })
    );
    // Owners do not share slots.
    stack.token(["x:y"]);
}

#[test]
fn when_50_creates_race_for_one_owner_exactly_10_succeed() {
    let stack = stack();
    let body = json!({ "name": "racer", "permissions": ["x:y"], "resources": ["*"], "owner": owner() });
    let answers: Vec<_> = thread::scope(|scope| {
        let racers: Vec<_> =
            (0..50).map(|_| scope.spawn(|| stack.post("/tokens").bearer(&stack.admin).json(&body).send())).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect()
    });
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|response| response.status == 201);
    for response in &refused {
        response.problem(409, "token_limit_reached");
    }
    assert_eq!((made.len(), refused.len()), (LIMIT, 40));
    // Each of the ten works.
    for token in made.iter().map(Token::shown_in) {
        stack.get("/me").bearer(&token).send().expect(200);
    }
}

#[test]
fn a_revocation_frees_the_slot() {
    let stack = stack();
    let owner = owner();
    let tokens = fill(&stack, &owner);
    assert_eq!(status_of_one_more(&stack, &owner), 409);
    let path = format!("{}/revoke", tokens[3].path());
    for _ in 0..3 {
        // Revoking again frees no further slot.
        stack.post(&path).bearer(&stack.admin).send().expect(200);
    }
    assert_eq!(status_of_one_more(&stack, &owner), 201);
    assert_eq!(status_of_one_more(&stack, &owner), 409);
}

#[test]
fn a_deletion_frees_the_slot_once_even_after_a_revocation() {
    let stack = stack();
    let owner = owner();
    let tokens = fill(&stack, &owner);
    stack.delete(&tokens[0].path()).bearer(&stack.admin).send().expect(204);
    assert_eq!(status_of_one_more(&stack, &owner), 201);
    assert_eq!(status_of_one_more(&stack, &owner), 409);
    stack.post(&format!("{}/revoke", tokens[1].path())).bearer(&stack.admin).send().expect(200);
    stack.delete(&tokens[1].path()).bearer(&stack.admin).send().expect(204);
    assert_eq!(status_of_one_more(&stack, &owner), 201);
    assert_eq!(status_of_one_more(&stack, &owner), 409);
}

#[test]
fn expiry_frees_the_slot() {
    let stack = stack();
    let owner = owner();
    let with = |more: Value| stack.create(merge_json(json!({ "owner": owner, "permissions": ["x:y"] }), more));
    for _ in 0..LIMIT - 1 {
        with(json!({}));
    }
    let short = with(json!({ "expires_in": "10s" }));
    assert_eq!(status_of_one_more(&stack, &owner), 409);
    until_expired(&stack, &short);
    assert_eq!(status_of_one_more(&stack, &owner), 201);
    assert_eq!(status_of_one_more(&stack, &owner), 409);
}

#[test]
fn a_refused_create_takes_no_slot() {
    let stack = stack();
    let owner = owner();
    let bad = json!({ "name": "", "permissions": ["x:y"], "resources": ["*"], "owner": owner });
    for _ in 0..LIMIT + 1 {
        stack.post("/tokens").bearer(&stack.admin).json(&bad).send().expect(400);
    }
    fill(&stack, &owner);
}
