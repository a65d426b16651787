//! `GET /me`: the caller's identity, grants and expiry.

use portcullis::authz::TokenManagement;
use portcullis::store::Limits;
use serde_json::json;

use crate::support::{isolated_stack, stack};

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
            "deployment": {
                "token_management": "owners",
                "default_token_lifetime_days": 30,
                "max_token_lifetime_days": null,
                "max_tokens_per_owner": 10,
                "max_idle_days": null,
                "retention_days": 30,
            },
        })
    );
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
}

#[test]
fn me_shows_the_limits_of_the_deployment() {
    let stack = isolated_stack(|options| {
        options.settings.authz.token_management = TokenManagement::Admins;
        options.settings.authz.max_idle_days = 90;
        options.settings.token.max_lifetime_days = 7;
        options.settings.limits = Limits { live_tokens: 0, ..Limits::default() };
    });
    let me = stack.get("/me").bearer(&stack.admin).send().expect(200).json();
    assert_eq!(
        me["deployment"],
        json!({
            "token_management": "admins",
            "default_token_lifetime_days": 7,
            "max_token_lifetime_days": 7,
            "max_tokens_per_owner": null,
            "max_idle_days": 90,
            "retention_days": 30,
        })
    );
}

#[test]
fn a_token_without_expiry_shows_expires_at_null() {
    let stack = stack();
    let token = stack.create(json!({ "permissions": ["x:y"], "expires_at": null }));
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
fn only_the_management_apis_me_needs_no_permission() {
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
