//! `POST /owners/{owner}/revoke-tokens`

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;

use crate::support::{AuditLog, Stack, isolated_stack, owner, stack};

fn made(stack: &Stack, owner: &str, count: usize) -> Vec<crate::support::Token> {
    (0..count).map(|_| stack.create(json!({"permissions": ["tokens:write"], "owner": owner}))).collect()
}

#[test]
fn one_call_revokes_all_tokens_of_one_owner_only() {
    let stack = stack();
    let (theirs, others) = (owner(), stack.token(["a:b"]));
    let tokens = made(&stack, &theirs, 5);
    let path = format!("/owners/{theirs}/revoke-tokens");
    let body = json!({"reason": "owner_left", "comment": "gone"});
    let response = stack.post(&path).bearer(&stack.admin).json(&body).send().expect(200).json();
    assert_eq!(
        (&response["revoked"], &response["done"], &response["owner"]),
        (&json!(5), &json!(true), &json!(theirs))
    );
    assert!(response["effective_by"].is_string());
    for token in &tokens {
        assert_eq!(token.status(&stack), 401);
    }
    let view = stack.get(&tokens[0].path()).bearer(&stack.admin).send().expect(200).json();
    assert_eq!((&view["revoked_reason"], &view["revoked_comment"]), (&json!("owner_left"), &json!("gone")));
    assert_eq!(others.status(&stack), 200);
    let again = stack.post(&path).bearer(&stack.admin).send().expect(200).json();
    assert_eq!((&again["revoked"], &again["done"]), (&json!(0), &json!(true)));
}

#[test]
fn more_tokens_than_a_page_are_revoked_in_one_call() {
    let stack = isolated_stack(|options| options.settings.limits.live_tokens = 0);
    let theirs = owner();
    made(&stack, &theirs, 105);
    let response =
        stack.post(&format!("/owners/{theirs}/revoke-tokens")).bearer(&stack.admin).send().expect(200).json();
    assert_eq!(response["revoked"], 105);
    let left = stack.get(&format!("/tokens?status=active&owner={theirs}")).bearer(&stack.admin).send().expect(200);
    assert_eq!(left.json()["tokens"], json!([]));
}

#[test]
fn an_owner_that_does_not_fit_into_a_path_goes_into_the_query() {
    let stack = stack();
    let theirs = format!("repo:org/{}", owner());
    let [token] = &made(&stack, &theirs, 1)[..] else { unreachable!() };
    let encoded = theirs.replace(':', "%3A").replace('/', "%2F");
    let response =
        stack.post(&format!("/owners/-/revoke-tokens?owner={encoded}")).bearer(&stack.admin).send().expect(200);
    assert_eq!(response.json()["revoked"], 1);
    assert_eq!(token.status(&stack), 401);
    let missing = stack.post("/owners/-/revoke-tokens").bearer(&stack.admin).send();
    assert_eq!(missing.offending_fields(), ["owner"]);
}

#[test]
fn revoking_all_of_an_owner_needs_tokens_admin() {
    let stack = stack();
    let token = stack.token(["tokens:write", "tokens:read"]);
    let path = format!("/owners/{}/revoke-tokens", token.owner);
    stack.post(&path).bearer(&token).send().problem(403, "insufficient_scope");
    assert_eq!(token.status(&stack), 200);
    let wrong = stack.post(&path).bearer(&stack.admin).json(&json!({"reason": "bored", "x": 1})).send();
    let mut fields = wrong.offending_fields();
    fields.sort();
    assert_eq!(fields, ["reason", "x"]);
    assert_eq!(token.status(&stack), 200);
}

#[test]
fn the_callers_own_token_is_revoked_last() {
    let stack = stack();
    let theirs = owner();
    made(&stack, &theirs, 3);
    let admin = stack.create(json!({"permissions": ["tokens:admin"], "owner": theirs}));
    let response = stack.post(&format!("/owners/{theirs}/revoke-tokens")).bearer(&admin).send().expect(200).json();
    assert_eq!((&response["revoked"], &response["done"]), (&json!(4), &json!(true)));
    assert_eq!(admin.status(&stack), 401);
}

#[test]
fn the_logs_show_a_random_owner_in_the_path_but_no_token() {
    let audit_log = AuditLog::default();
    let writer = audit_log.clone();
    let stack = isolated_stack(move |options| options.audit_log = Box::new(writer));
    let theirs = "Ux_9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00";
    let path = format!("/owners/{theirs}/revoke-tokens");
    stack.post(&path).bearer(&stack.admin).send().expect(200);
    let logged = [audit_log.take(), stack.access_log()].concat();
    let paths: Vec<_> = logged.iter().filter(|line| line["path"] == *path).collect();
    assert_eq!(paths.len(), 2, "{logged:?}");
    // The same path of another API, and a token instead of the owner.
    let secret = stack.token(["a:b"]);
    stack.post(&format!("/demo{path}")).bearer(&stack.admin).send();
    stack.post(&format!("/owners/{}/revoke-tokens", secret.secret)).bearer(&stack.admin).send();
    let logged = format!("{:?}\n{:?}", audit_log.take(), stack.access_log());
    assert!(!logged.contains(&secret.secret[..30]) && logged.contains("[redacted]/revoke-tokens"), "{logged}");
    assert_eq!(logged.matches("Ux_9f86d081884c7d65[redacted]/revoke-tokens").count(), 2, "{logged}");
}

/// Stolen credentials of the authorizer could put such an item.
#[test]
fn a_usage_item_in_the_index_stops_neither_lists_nor_revocations() {
    let stack = isolated_stack(|_| {});
    let theirs = owner();
    let [token] = made(&stack, &theirs, 1).try_into().ok().unwrap();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let created_at = AttributeValue::N("1".to_owned());
    let usage = [("pk", text("USAGE#0123456789abcdef")), ("sk", text("TOKEN")), ("owner", text(&theirs))];
    let item = usage.into_iter().chain([("created_at", created_at)]);
    stack.put_item(item.map(|(name, value)| (name.to_owned(), value)).collect());
    let listed = stack.get(&format!("/tokens?owner={theirs}")).bearer(&stack.admin).send().expect(200).json();
    assert_eq!(listed["tokens"].as_array().map(Vec::len), Some(1));
    let path = format!("/owners/{theirs}/revoke-tokens");
    let revoked = stack.post(&path).bearer(&stack.admin).send().expect(200).json();
    assert_eq!((&revoked["revoked"], &revoked["done"]), (&json!(1), &json!(true)));
    assert_eq!(token.status(&stack), 401);
}
