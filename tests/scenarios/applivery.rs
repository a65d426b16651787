//! "App API Token" of Applivery, a service that distributes mobile apps, with
//! `examples/catalogs/applivery.toml` and without a limit of tokens per owner.
//!
//! Its page in the console is followed in `tests/browser/seeds.test.mjs`.
//!
//! Different on purpose: "Click the copy icon next to the newly created token" may be done at
//! any time there. Here a token is shown in the response that creates it and never again.

use serde_json::{Value, json};

use super::{DAY, allowed, assert_rejected, create, deployment, listed, routes};
use crate::support::{Stack, Token};

fn applivery() -> Stack {
    deployment("applivery", |options| options.settings.limits.live_tokens = 0)
}

fn admin(stack: &Stack) -> String {
    stack.sign_in("ana", &["applivery-admins"])
}

/// The body that creates a token for an app.
fn for_app(name: &str, app: &str) -> Value {
    json!({ "name": name, "role": "app-token", "resources": [format!("app/{app}")], "expires_at": null })
}

fn builds(stack: &Stack, app: &str, token: &Token) -> u16 {
    stack.get(&format!("/demo/v1/apps/{app}/builds")).bearer(token).send().status
}

/// "To interact with the API programmatically — whether to upload builds, query build details,
/// integrate with a CI/CD pipeline, or embed the Applivery SDK in your app — you need an App
/// API Token scoped to the specific app you want to work with."
#[test]
fn an_app_token_uploads_builds_queries_them_and_serves_the_sdk() {
    let stack = applivery();
    let token = create(&stack, admin(&stack), &for_app("Bitrise CI", "our-app"));
    let routes = routes("applivery");
    let all: Vec<_> = routes.iter().map(|route| route.pattern.as_str()).collect();
    assert_eq!(allowed(&stack, &routes, "our", &token), all);
    // A token inside an installed app can have fewer permissions.
    let body = json!({ "name": "in the app", "role": "sdk-token", "resources": ["app/our-app"] });
    let embedded = create(&stack, admin(&stack), &body);
    let sdk = ["GET /v1/apps/{app}/sdk/{call+}", "POST /v1/apps/{app}/sdk/{call+}"];
    assert_eq!(allowed(&stack, &routes, "our", &embedded), sdk);
}

/// "issue separate credentials for different integrations (e.g., one token for Bitrise,
/// another for Fastlane, another for a local script) and revoke them independently without
/// affecting other workflows"
#[test]
fn tokens_of_one_app_are_revoked_independently_of_each_other() {
    let stack = applivery();
    let ana = admin(&stack);
    let [bitrise, fastlane, script] = ["Bitrise CI", "Fastlane release", "Local upload script"]
        .map(|name| create(&stack, &ana, &for_app(name, "shop")));
    let statuses = || [&bitrise, &fastlane, &script].map(|token| builds(&stack, "shop", token));
    assert_eq!(statuses(), [200, 200, 200]);
    stack.delete(&fastlane.path()).bearer(&ana).send().expect(204);
    assert_eq!(statuses(), [200, 401, 200]);
    super::revoke(&stack, &ana, &script);
    assert_eq!(statuses(), [200, 401, 401]);
}

/// "Tokens are per-app — a token created for one app cannot be used to access a different
/// app."
#[test]
fn a_token_created_for_one_app_cannot_be_used_to_access_a_different_app() {
    let stack = applivery();
    let ana = admin(&stack);
    let (ours, theirs) =
        (create(&stack, &ana, &for_app("a", "our-app")), create(&stack, &ana, &for_app("b", "their-app")));
    let routes = routes("applivery");
    for (token, may, may_not) in [(&ours, "our", "their"), (&theirs, "their", "our")] {
        assert_eq!(allowed(&stack, &routes, may, token).len(), routes.len());
        assert_eq!(allowed(&stack, &routes, may_not, token), [""; 0]);
    }
    // Names with a common prefix or suffix are other apps, and case matters.
    for app in ["our-app2", "our-ap", "Our-App", "my-our-app"] {
        assert_eq!(builds(&stack, app, &ours), 403, "{app}");
    }
}

/// "Each app can have multiple tokens simultaneously, with no enforced limit."
#[test]
fn an_app_can_have_any_number_of_tokens_simultaneously() {
    let stack = applivery();
    let ana = admin(&stack);
    let tokens: Vec<_> = (1..=30).map(|at| create(&stack, &ana, &for_app(&format!("CI {at}"), "shop"))).collect();
    assert!(tokens.iter().all(|token| builds(&stack, "shop", token) == 200));
}

/// "Tokens are Bearer tokens — they must be included in the Authorization header of every API
/// request."
#[test]
fn the_token_must_be_in_the_authorization_header_of_every_request() {
    let stack = applivery();
    let token = create(&stack, admin(&stack), &for_app("CI", "shop"));
    let path = "/demo/v1/apps/shop/builds";
    let with = |value: String| stack.get(path).header("Authorization", value).send();
    with(format!("Bearer {}", token.secret)).expect(200);
    let refused = stack.get(path).send();
    refused.problem(401, "invalid_token");
    assert!(refused.header("www-authenticate").is_some_and(|scheme| scheme.starts_with("Bearer ")));
    with(token.secret.clone()).problem(401, "invalid_token");
    with(format!("Basic {}", token.secret)).problem(401, "invalid_token");
    for name in ["Cookie", "X-Authorization", "Proxy-Authorization", "X-Forwarded-Authorization"] {
        stack.get(path).header(name, format!("Bearer {}", token.secret)).send().problem(401, "invalid_token");
    }
    let in_query = format!("{path}?access_token={0}&token={0}", token.secret);
    stack.get(&in_query).send().problem(401, "invalid_token");
}

/// "Tokens do not expire automatically. They remain valid until explicitly deleted."
#[test]
fn tokens_remain_valid_until_they_are_deleted() {
    let stack = applivery();
    let (one, other) = (
        create(&stack, admin(&stack), &for_app("CI", "shop")),
        create(&stack, admin(&stack), &for_app("Bitrise", "shop")),
    );
    // Twenty years.
    stack.advance_clock(7300 * DAY);
    for token in [&one, &other] {
        assert_eq!(builds(&stack, "shop", token), 200);
        let ana = admin(&stack);
        let shown = listed(&stack, &ana, token);
        assert_eq!((&shown["status"], &shown["expires_at"]), (&json!("active"), &Value::Null));
        stack.delete(&token.path()).bearer(&ana).send().expect(204);
        assert_eq!(builds(&stack, "shop", token), 401);
    }
}

/// "Deleting a token immediately and permanently invalidates it. There is no way to restore a
/// deleted token."
#[test]
fn deleting_a_token_immediately_and_permanently_invalidates_it() {
    let stack = applivery();
    let ana = admin(&stack);
    let token = create(&stack, &ana, &for_app("CI", "shop"));
    assert_eq!(builds(&stack, "shop", &token), 200);
    stack.delete(&token.path()).bearer(&ana).send().expect(204);
    assert_rejected(&stack, &token, "/demo/v1/apps/shop/builds");
    for (method, path) in
        [("GET", token.path()), ("DELETE", token.path()), ("POST", format!("{}/revoke", token.path()))]
    {
        stack.request(method, &path).bearer(&ana).send().problem(404, "not_found");
    }
    // Another token of the same name is independent.
    create(&stack, &ana, &for_app("CI", "shop"));
    assert_rejected(&stack, &token, "/demo/v1/apps/shop/builds");
}

/// "Enter a descriptive name that clearly identifies the integration or system", "Click Save.
/// The token will appear in the list."
#[test]
fn a_new_token_appears_in_the_list_under_its_descriptive_name() {
    let stack = applivery();
    let ana = admin(&stack);
    for name in ["Bitrise CI", "Fastlane release", "Azure DevOps pipeline", "Local upload script"] {
        let token = create(&stack, &ana, &for_app(name, "shop"));
        let shown = listed(&stack, &ana, &token);
        assert_eq!((&shown["name"], &shown["role"]), (&json!(name), &json!("app-token")));
        assert_eq!(shown["grants"][0]["resources"], json!(["app/shop"]));
    }
}

/// "Example — uploading a build with curl", "Example — listing builds"
#[test]
fn the_examples_upload_a_build_and_list_builds() {
    let stack = applivery();
    let token = create(&stack, admin(&stack), &for_app("CI", "shop"));
    let file = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"app.ipa\"\r\n\r\nipa\r\n--b--\r\n";
    let upload = stack.post("/demo/v1/apps/shop/builds").bearer(&token);
    let uploaded = upload.form(file).send().expect(200).json();
    assert_eq!((&uploaded["method"], &uploaded["principal"]["token_name"]), (&json!("POST"), &json!("CI")));
    // With the trailing slash of the page.
    stack.get("/demo/v1/apps/shop/builds/").bearer(&token).send().expect(200);
}

/// "Create the new token, update your integrations, then delete the old one."
#[test]
fn a_token_is_replaced_without_a_gap() {
    let stack = applivery();
    let ana = admin(&stack);
    let old = create(&stack, &ana, &for_app("Fastlane release", "shop"));
    let new = create(&stack, &ana, &for_app("Fastlane release", "shop"));
    assert_eq!((builds(&stack, "shop", &old), builds(&stack, "shop", &new)), (200, 200));
    stack.delete(&old.path()).bearer(&ana).send().expect(204);
    assert_eq!((builds(&stack, "shop", &old), builds(&stack, "shop", &new)), (401, 200));
    assert_eq!(new.view["grants"], old.view["grants"]);
}

/// "Audit your token list regularly. Remove tokens that are no longer in use"
#[test]
fn the_list_tells_which_tokens_are_in_use() {
    let stack = applivery();
    let ana = admin(&stack);
    let (used, unused) =
        (create(&stack, &ana, &for_app("used", "shop")), create(&stack, &ana, &for_app("unused", "shop")));
    assert_eq!(builds(&stack, "shop", &used), 200);
    assert_eq!(builds(&stack, "other", &unused), 403);
    assert!(listed(&stack, &ana, &used)["last_used_at"].is_string());
    assert_eq!(listed(&stack, &ana, &unused)["last_used_at"], Value::Null);
}

/// "Rotate tokens periodically": in place, and no build waits for the new one.
#[test]
fn a_token_is_rotated_while_builds_go_on() {
    let stack = applivery();
    let old = create(&stack, admin(&stack), &for_app("Bitrise CI", "our-app"));
    let rotate = stack.post(&format!("{}/rotate", old.path())).bearer(&stack.admin);
    let new = Token::shown_in(&rotate.json(&json!({ "overlap": "1d" })).send().expect(200));
    assert_eq!((builds(&stack, "our-app", &old), builds(&stack, "our-app", &new)), (200, 200));
    stack.advance_clock(DAY);
    assert_eq!((builds(&stack, "our-app", &old), builds(&stack, "our-app", &new)), (401, 200));
}
