//! `GET /me`: the caller's identity, grants and expiry.

use serde_json::json;

use crate::support::stack;

#[test]
fn any_active_token_may_read_me() {
    let stack = stack();
    let token = stack.create(json!({
        "name": "nightly",
        "permissions": ["x:y", "apps:*"],
        "resources": ["z"],
        "expires_at": "2099-12-31T23:59:59Z",
    }));
    let response = stack.get("/me").bearer(&token).send().expect(200);
    assert_eq!(
        response.json(),
        json!({
            "principal_type": "token",
            "token_id": token.id,
            "token_name": "nightly",
            "owner": token.owner,
            "role": null,
            "grants": [{ "permissions": ["x:y", "apps:*"], "resources": ["z"] }],
            "created_at": token.view["created_at"],
            "expires_at": "2099-12-31T23:59:59Z",
        })
    );
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
}

#[test]
fn a_token_without_expiry_shows_expires_at_null() {
    let stack = stack();
    let token = stack.token(["x:y"]);
    let me = stack.get("/me").bearer(&token).send().expect(200).json();
    assert_eq!(me["expires_at"], json!(null));
    assert_eq!(me["grants"][0]["resources"], json!(["*"]));
}

#[test]
fn me_needs_a_token() {
    let stack = stack();
    stack.get("/me").send().problem(401, "invalid_token");
}

#[test]
fn only_the_products_own_me_needs_no_permission() {
    let stack = stack();
    let token = stack.token(["x:y"]);
    let document = stack.get("/demo/me").bearer(&token).send().problem(403, "insufficient_scope");
    assert_eq!(document["permission"], "me:read");
}

#[test]
fn an_unknown_parameter_is_named() {
    let stack = stack();
    let response = stack.get("/me?verbose=1").bearer(&stack.admin).send();
    assert_eq!(response.offending_fields(), ["verbose"]);
}
