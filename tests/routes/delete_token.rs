//! `DELETE /tokens/{id}`: the record is removed.

use serde_json::json;

use crate::support::{eventually, stack, until_expired};

#[test]
fn a_deleted_token_is_refused_at_once_and_its_record_is_gone() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    stack.get("/demo/apps/billing").bearer(&token).send().expect(200);
    let response = stack.delete(&token.path()).bearer(&stack.admin).send().expect(204);
    assert!(response.body.is_empty());
    assert_eq!(response.header("cache-control"), Some("no-store"));
    stack.get("/demo/apps/billing").bearer(&token).send().problem(401, "invalid_token");
    stack.get("/me").bearer(&token).send().problem(401, "invalid_token");
    for (method, path) in
        [("GET", token.path()), ("DELETE", token.path()), ("POST", format!("{}/revoke", token.path()))]
    {
        stack.request(method, &path).bearer(&stack.admin).send().problem(404, "not_found");
    }
}

#[test]
fn a_deleted_token_leaves_the_list() {
    let stack = stack();
    let token = stack.token(["x:y"]);
    let path = format!("/tokens?owner={}", token.owner);
    let listed = || stack.get(&path).bearer(&stack.admin).send().expect(200).json()["tokens"].clone();
    eventually("the token in the list", || (listed() == json!([token.view])).then_some(()));
    stack.delete(&token.path()).bearer(&stack.admin).send().expect(204);
    eventually("the token out of the list", || (listed() == json!([])).then_some(()));
}

#[test]
fn revoked_and_expired_tokens_can_be_deleted() {
    let stack = stack();
    let revoked = stack.token(["x:y"]);
    stack.post(&format!("{}/revoke", revoked.path())).bearer(&stack.admin).send().expect(200);
    let expired = stack.create(json!({ "permissions": ["x:y"], "expires_in": "1s" }));
    until_expired(&stack, &expired);
    for token in [revoked, expired] {
        stack.delete(&token.path()).bearer(&stack.admin).send().expect(204);
        stack.get(&token.path()).bearer(&stack.admin).send().problem(404, "not_found");
    }
}

#[test]
fn deleting_needs_tokens_write_and_for_other_owners_tokens_admin() {
    let stack = stack();
    let token = stack.token(["tokens:read"]);
    let path = token.path();
    let document = stack.delete(&path).bearer(&token).send().problem(403, "insufficient_scope");
    assert_eq!(document["permission"], "tokens:write");
    assert_eq!(document["resource"], format!("tokens/{}", token.id));
    let stranger = stack.token(["tokens:write"]);
    stack.delete(&path).bearer(&stranger).send().problem(404, "not_found");
    stack.delete(&path).send().problem(401, "invalid_token");
    stack.get("/me").bearer(&token).send().expect(200);
    let mate = stack.create(json!({ "owner": token.owner, "permissions": ["tokens:write"] }));
    stack.delete(&path).bearer(&mate).send().expect(204);
}

#[test]
fn an_unknown_parameter_is_named_and_nothing_is_deleted() {
    let stack = stack();
    let token = stack.token(["x:y"]);
    let response = stack.delete(&format!("{}?force=1", token.path())).bearer(&stack.admin).send();
    assert_eq!(response.offending_fields(), ["force"]);
    stack.get("/me").bearer(&token).send().expect(200);
}
