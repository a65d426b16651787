//! "API Token" of Cresc, a service for over-the-air updates of React Native apps:
//! <https://cresc.dev/docs/api-token.html>, with `examples/catalogs/cresc.toml`.
//!
//! People sign in and make their own tokens, ten at most.
//!
//! Its page in the console is followed in `tests/browser/seeds.test.mjs`; the command in
//! `cli/tests`, and the workflow in `examples/ci`, whose steps are run there.

use serde_json::{Value, json};

use super::{
    DAY, assert_rejected, create, deployment, each_permission_allows_only_its_routes, listed, on_everything, revoke,
    seconds, with_lifetime,
};
use crate::support::{Stack, Token};

fn cresc() -> Stack {
    deployment("cresc", |_| {})
}

fn user(stack: &Stack, name: &str) -> String {
    stack.sign_in(name, &["cresc-developers"])
}

fn reader(name: &str) -> Value {
    json!({ "name": name, "permissions": ["app:read"], "resources": ["*"], "expires_at": null })
}

/// "Automate OTA update publishing via GitHub Actions, GitLab CI, Jenkins, etc."
#[test]
fn a_pipeline_publishes_updates() {
    let stack = cresc();
    let mei = user(&stack, "mei");
    let body = json!({ "name": "CI/CD Pipeline", "role": "publisher", "resources": ["app/shop-ios"] });
    let token = create(&stack, &mei, &body);
    let send = |method: &str, path: &str| stack.request(method, path).header("x-api-token", &token.secret).send();
    for step in ["bundles", "versions", "bindings"] {
        send("POST", &format!("/demo/apps/shop-ios/{step}")).expect(200);
    }
    send("GET", "/demo/apps/shop-ios/packages").expect(200);
    send("DELETE", "/demo/apps/shop-ios/versions/7").problem(403, "insufficient_scope");
    send("POST", "/demo/apps/shop-android/bundles").problem(403, "insufficient_scope");
    stack.post("/tokens").bearer(&token).json(&reader("x")).send().problem(403, "insufficient_scope");
}

/// "Write scripts to manage apps, versions, or native packages in bulk."
#[test]
fn a_script_manages_apps_versions_and_native_packages_in_bulk() {
    let stack = cresc();
    let token =
        create(&stack, user(&stack, "mei"), &json!({ "name": "script", "role": "developer", "resources": ["*"] }));
    stack.post("/demo/apps").bearer(&token).send().expect(200);
    for app in ["shop-ios", "shop-android"] {
        for thing in ["", "/versions/1", "/packages/2"] {
            for method in ["GET", "PUT", "DELETE"] {
                let path = format!("/demo/apps/{app}{thing}");
                stack.request(method, &path).bearer(&token).send().expect(200);
            }
        }
    }
}

/// "Log into the Cresc Dashboard", "Enter a name for the Token", "Select the required
/// permissions", "(Optional) Set an expiration date", "copy the secret Token immediately".
#[test]
fn a_user_creates_a_token_with_a_name_permissions_and_an_expiration() {
    let stack = cresc();
    let mei = user(&stack, "mei");
    let body = json!({ "name": "CI/CD Pipeline", "permissions": ["app:read", "bundle:upload"], "resources": ["*"], "expires_at": null });
    let token = create(&stack, &mei, &body);
    assert_eq!((&token.view["name"], &*token.owner), (&body["name"], "mei"));
    assert_eq!(token.view["grants"], on_everything(&body["permissions"]));
    assert_eq!(token.view["expires_at"], Value::Null);

    let mut body = reader("until the launch");
    body["expires_at"] = json!("2099-12-31T23:59:59Z");
    assert_eq!(create(&stack, &mei, &body).view["expires_at"], body["expires_at"]);
    let mut nameless = reader("");
    assert_eq!(stack.post("/tokens").bearer(&mei).json(&nameless).send().offending_fields(), ["name"]);
    nameless.as_object_mut().unwrap().remove("name");
    assert_eq!(stack.post("/tokens").bearer(&mei).json(&nameless).send().offending_fields(), ["name"]);
}

/// "The token string is only displayed once upon creation. You will not be able to view it
/// again."
#[test]
fn the_token_string_is_only_displayed_once_upon_creation() {
    let stack = cresc();
    let mei = user(&stack, "mei");
    let token = create(&stack, &mei, &reader("ci"));
    // `Request::send` searches every later response for it.
    for by in [&mei, &stack.admin, &token.secret] {
        for path in ["/me", "/tokens", &token.path(), "/catalog", "/demo/apps"] {
            let response = stack.get(path).bearer(by).send();
            assert!(!String::from_utf8_lossy(&response.body).contains("\"token\":"), "{path}");
        }
    }
    revoke(&stack, &mei, &token);
    assert_eq!(listed(&stack, &mei, &token).get("token"), None);
}

/// "You must select at least one permission when creating a Token."
#[test]
fn at_least_one_permission_must_be_selected() {
    let stack = cresc();
    let mei = user(&stack, "mei");
    let refused = |body: Value| stack.post("/tokens").bearer(&mei).json(&body).send().offending_fields();
    assert_eq!(refused(json!({ "name": "ci" })), ["permissions"]);
    assert_eq!(refused(json!({ "name": "ci", "permissions": [], "resources": ["*"] })), ["permissions"]);
    assert_eq!(
        refused(json!({ "name": "ci", "grants": [{ "permissions": [], "resources": ["*"] }] })),
        ["grants[0].permissions"]
    );
    // A valid permission.
    assert_eq!(
        refused(json!({ "name": "ci", "permissions": ["app:unheard-of"], "resources": ["*"] })),
        ["permissions"]
    );
    create(&stack, &mei, &reader("ci"));
}

/// "Only grant the exact permissions required."
#[test]
fn a_token_does_exactly_what_its_permissions_say() {
    each_permission_allows_only_its_routes(&cresc(), "cresc");
}

/// "supply the token via the x-api-token HTTP header"
#[test]
fn the_token_is_supplied_via_the_x_api_token_header() {
    let stack = cresc();
    let token = create(&stack, user(&stack, "mei"), &reader("ci"));
    let response = stack.get("/demo/apps").header("x-api-token", &token.secret).send().expect(200).json();
    assert_eq!(response["principal"]["token_id"], token.id);
    stack.get("/demo/apps").send().problem(401, "invalid_token");
    stack.get("/demo/apps").header("x-api-token", &token.id).send().problem(401, "invalid_token");
}

/// "you can view all created tokens, including: Token Name, Permissions, Expiration Time,
/// Last Used Time, Status (Active/Expired/Revoked)"
#[test]
fn the_list_has_name_permissions_expiration_last_use_and_status() {
    let stack = cresc();
    let mei = user(&stack, "mei");
    let permissions = json!(["app:read", "version:publish"]);
    let with = |name: &str, expires_in: Value| {
        let body = json!({ "name": name, "permissions": permissions, "resources": ["*"], "expires_in": expires_in });
        create(&stack, &mei, &body)
    };
    let (active, short, leaked) =
        (with("active", json!("30d")), with("short", json!("1h")), with("leaked", json!(null)));
    stack.get("/demo/apps").bearer(&active).send().expect(200);
    revoke(&stack, &mei, &leaked);
    stack.advance_clock(3600);

    for (token, name, status) in
        [(&active, "active", "active"), (&short, "short", "expired"), (&leaked, "leaked", "revoked")]
    {
        let shown = listed(&stack, &mei, token);
        assert_eq!((&shown["name"], &shown["status"]), (&json!(name), &json!(status)));
        assert_eq!(shown["grants"], on_everything(&permissions), "{name}");
        assert_eq!(shown["expires_at"], token.view["expires_at"], "{name}");
        assert_eq!(shown["last_used_at"].is_string(), name == "active", "{name}");
    }
    assert_eq!(seconds(&active.view["expires_at"]), seconds(&active.view["created_at"]) + 30 * DAY);
    // Only the caller's own tokens.
    let others = stack.get("/tokens").bearer(user(&stack, "tom")).send().expect(200).json();
    assert_eq!(others["tokens"], json!([]));
}

/// "If a token is leaked or no longer needed, you can revoke it at any time", "Revocations
/// take effect immediately. Any API requests made using a revoked token will be instantly
/// rejected."
#[test]
fn revocations_take_effect_immediately() {
    let stack = cresc();
    let mei = user(&stack, "mei");
    let (leaked, other) = (create(&stack, &mei, &reader("leaked")), create(&stack, &mei, &reader("other")));
    stack.get("/demo/apps").bearer(&leaked).send().expect(200);
    revoke(&stack, &mei, &leaked);
    assert_rejected(&stack, &leaked, "/demo/apps");
    stack.get("/demo/apps").bearer(&other).send().expect(200);
    // Also a token that was never used, and an expired one.
    let body = with_lifetime(reader("short"), "1h");
    let (unused, short) = (create(&stack, &mei, &reader("unused")), create(&stack, &mei, &body));
    revoke(&stack, &mei, &unused);
    assert_rejected(&stack, &unused, "/demo/apps");
    stack.advance_clock(3600);
    revoke(&stack, &mei, &short);
    assert_eq!(listed(&stack, &mei, &short)["status"], "revoked");
}

/// "Try to use short-lived tokens or configure expirations for temporary integration
/// projects."
#[test]
fn a_short_lived_token_expires() {
    let stack = cresc();
    let body = with_lifetime(reader("project"), "7d");
    let token = create(&stack, user(&stack, "mei"), &body);
    stack.advance_clock(7 * DAY - 60);
    stack.get("/demo/apps").bearer(&token).send().expect(200);
    stack.advance_clock(60);
    assert_rejected(&stack, &token, "/demo/apps");
}

/// "Check the 'Last Used Time' and delete idle tokens routinely."
#[test]
fn an_idle_token_is_found_by_its_last_used_time_and_deleted() {
    let stack = cresc();
    let (idle, busy) = {
        let mei = user(&stack, "mei");
        (create(&stack, &mei, &reader("idle")), create(&stack, &mei, &reader("busy")))
    };
    let usage = |token: &Token| stack.get("/demo/apps").bearer(token).send().expect(200);
    usage(&idle);
    usage(&busy);
    stack.advance_clock(90 * DAY);
    usage(&busy);
    let mei = user(&stack, "mei");
    let last_used = |token| seconds(&listed(&stack, &mei, token)["last_used_at"]);
    assert!(last_used(&busy) - last_used(&idle) >= 90 * DAY);
    stack.delete(&idle.path()).bearer(&mei).send().expect(204);
    assert_rejected(&stack, &idle, "/demo/apps");
    stack.get(&idle.path()).bearer(&mei).send().problem(404, "not_found");
    usage(&busy);
}

/// "Each user can create a maximum of 10 API Tokens."
#[test]
fn each_user_can_create_a_maximum_of_10_tokens() {
    let stack = cresc();
    for name in ["mei", "tom"] {
        let session = user(&stack, name);
        for at in 1..=10 {
            create(&stack, &session, &reader(&format!("token {at}")));
        }
        let eleventh = stack.post("/tokens").bearer(&session).json(&reader("token 11")).send();
        let document = eleventh.problem(409, "token_limit_reached");
        let detail = "The owner has reached the limit of 10 tokens, not counting revoked and expired ones. Revoke a token that is no longer needed.";
        assert_eq!(document["detail"], detail);
    }
}

/// "To create additional tokens, you must first revoke existing unused tokens."
#[test]
fn revoking_an_unused_token_makes_room_for_one_more() {
    let stack = cresc();
    let mei = user(&stack, "mei");
    let tokens: Vec<_> = (1..=10).map(|at| create(&stack, &mei, &reader(&format!("token {at}")))).collect();
    let one_more = || stack.post("/tokens").bearer(&mei).json(&reader("one more")).send().status;
    assert_eq!(one_more(), 409);
    revoke(&stack, &mei, &tokens[4]);
    assert_eq!((one_more(), one_more()), (201, 409));
    // Deleting also frees a slot; the remaining tokens work.
    stack.delete(&tokens[5].path()).bearer(&mei).send().expect(204);
    assert_eq!((one_more(), one_more()), (201, 409));
    stack.get("/demo/apps").bearer(&tokens[0]).send().expect(200);
}

/// "Cycle in new tokens for long-running workflows": in place, under the same id.
#[test]
fn a_token_of_a_long_running_workflow_is_replaced_in_place() {
    let stack = cresc();
    let old = create(&stack, user(&stack, "mei"), &reader("Nightly"));
    let rotate = stack.post(&format!("{}/rotate", old.path())).bearer(user(&stack, "mei"));
    let new = Token::shown_in(&rotate.json(&json!({ "expires_in": "90d" })).send().expect(200));
    assert_eq!((&new.id, &new.view["name"], &new.view["grants"]), (&old.id, &json!("Nightly"), &old.view["grants"]));
    assert_eq!((old.status(&stack), new.status(&stack)), (401, 200));
}
