//! "API Tokens" of Devtron, a platform for delivery to Kubernetes:
//! <https://docs.devtron.ai/v0.5/getting-started/global-configurations/authorization/api-tokens>,
//! with `examples/catalogs/devtron.toml`. Only admins manage tokens.
//!
//! Its page in the console is followed in `tests/browser/seeds.test.mjs`.

use portcullis::authz::TokenManagement;
use serde_json::{Value, json};

use super::{
    DAY, Route, allowed, assert_rejected, create, deployment, each_role_allows_its_routes, listed, routes, seconds,
};
use crate::support::Stack;

fn devtron() -> Stack {
    deployment("devtron", |options| options.settings.authz.token_management = TokenManagement::Admins)
}

fn super_admin(stack: &Stack) -> String {
    stack.sign_in("sita", &["devtron-super-admins"])
}

fn with_role(role: &str, resource: &str) -> Value {
    json!({ "name": role, "role": role, "resources": [resource] })
}

/// The routes below a path.
fn routes_of(kind: &str) -> Vec<Route> {
    let below = |route: &Route| route.pattern.split_once(" /").is_some_and(|(_, path)| path.starts_with(kind));
    routes("devtron").into_iter().filter(below).collect()
}

/// "They can be used instead of username and password for programmatic access to API."
#[test]
fn a_token_is_used_instead_of_signing_in() {
    let stack = devtron();
    let token = create(&stack, super_admin(&stack), &with_role("devtron-app-viewer", "devtron-app/payments"));
    let path = "/demo/devtron-apps/payments/production/api";
    assert_eq!(stack.get(path).bearer(&token).send().expect(200).json()["principal"]["principal_type"], "token");
    stack.get(path).header("Authorization", "Basic c2l0YTpzZWNyZXQ=").send().problem(401, "invalid_token");
}

/// "Only super admin users can generate tokens and see generated tokens."
#[test]
fn only_super_admins_generate_and_see_tokens() {
    let stack = devtron();
    let (sita, viewer) = (super_admin(&stack), stack.sign_in("vik", &["devtron-viewers"]));
    let (other, without_roles) = (stack.sign_in("omar", &["devtron-super-admins"]), stack.sign_in("nia", &[]));
    // Not even their own tokens, and not even with the highest role below.
    let mut body = with_role("devtron-app-manager", "devtron-app");
    body["owner"] = json!("vik");
    let token = create(&stack, &sita, &body);
    for by in [&viewer, &without_roles, &token.secret] {
        let refused = |method: &str, path: &str| {
            let response = stack.request(method, path).bearer(by).json(&with_role("devtron-app-viewer", "*")).send();
            assert_eq!(response.problem(403, "insufficient_scope")["permission"], "tokens:admin", "{method} {path}");
        };
        refused("POST", "/tokens");
        refused("GET", "/tokens");
        refused("GET", &token.path());
        refused("POST", &format!("{}/revoke", token.path()));
        refused("DELETE", &token.path());
    }
    // Super admins see each other's tokens.
    assert_eq!(listed(&stack, &other, &token)["created_by"], "session:sita");
    assert_eq!(listed(&stack, &sita, &token)["owner"], "vik");
}

/// "Enter a name for the token", "Add Description."
#[test]
fn a_token_has_a_name_and_a_description() {
    let stack = devtron();
    let sita = super_admin(&stack);
    let mut body = with_role("devtron-app-viewer", "devtron-app/payments");
    body["description"] = json!("Asked for by the payments team.\nOn call: Vik");
    let token = create(&stack, &sita, &body);
    let shown = listed(&stack, &sita, &token);
    assert_eq!((&shown["name"], &shown["description"]), (&body["name"], &body["description"]));
}

/// "Select an Expiration date for the token(7 days, 30 days, 60 days, 90 days, custom and no
/// expiration)"
#[test]
fn the_expiration_is_in_7_30_60_or_90_days_or_custom_or_never() {
    let stack = devtron();
    let with = |field: &str, value: Value| {
        let mut body = with_role("devtron-app-viewer", "devtron-app");
        body[field] = value;
        create(&stack, super_admin(&stack), &body)
    };
    let mut tokens: Vec<_> = [7, 30, 60, 90].map(|days| (days, with("expires_in", json!(format!("{days}d"))))).into();
    tokens.push((6935, with("expires_at", json!("2090-01-01T00:00:00Z"))));
    assert_eq!(tokens[4].1.view["expires_at"], "2090-01-01T00:00:00Z");
    let never = with("expires_at", Value::Null);
    for (days, token) in &tokens[..4] {
        assert_eq!(seconds(&token.view["expires_at"]) - seconds(&token.view["created_at"]), days * DAY);
    }
    // Each expires at its time, and none before.
    let path = "/demo/devtron-apps/payments";
    let mut passed = 0;
    for (at, (days, _)) in tokens[..4].iter().enumerate() {
        stack.advance_clock((days - passed) * DAY - 60);
        stack.get(path).bearer(&tokens[at].1).send().expect(200);
        stack.advance_clock(60);
        assert_rejected(&stack, &tokens[at].1, path);
        stack.get(path).bearer(&tokens[at + 1].1).send().expect(200);
        passed = *days;
    }
    stack.get(path).bearer(&never).send().expect(200);
}

/// "To generate a token with super admin permission, select super admin permission."
#[test]
fn a_super_admins_token_does_everything() {
    let stack = devtron();
    let token =
        create(&stack, super_admin(&stack), &json!({ "name": "root", "role": "super-admin", "resources": ["*"] }));
    let routes = routes("devtron");
    assert_eq!(allowed(&stack, &routes, "our", &token).len(), routes.len());
    let made = create(&stack, &token, &with_role("helm-app-viewer", "*"));
    listed(&stack, &token, &made);
    stack.get("/catalog").bearer(&token).send().expect(200);
}

/// "Or select specific permission if you want to generate a token with a specific role over a
/// particular Devtron app": the roles.
#[test]
fn a_role_over_devtron_apps_allows_the_routes_of_its_level() {
    let project = "devtron-app/our-project";
    let columns = [
        ("view", with_role("devtron-app-viewer", project)),
        ("deploy", with_role("devtron-app-deployer", project)),
        ("admin", with_role("devtron-app-admin", project)),
        ("manager", with_role("devtron-app-manager", project)),
        ("helm", with_role("helm-app-admin", "*")),
        ("charts", with_role("chart-group-creator", "*")),
    ];
    let rows = [
        ("GET /devtron-apps/{project}", "view deploy admin manager"),
        ("GET /devtron-apps/{project}/{environment}", "view deploy admin manager"),
        ("POST /devtron-apps/{project}/{environment}", "admin manager"),
        ("GET /devtron-apps/{project}/{environment}/{app}", "view deploy admin manager"),
        ("PATCH /devtron-apps/{project}/{environment}/{app}", "admin manager"),
        ("DELETE /devtron-apps/{project}/{environment}/{app}", "admin manager"),
        ("GET /devtron-apps/{project}/{environment}/{app}/configuration", "view deploy admin manager"),
        ("PUT /devtron-apps/{project}/{environment}/{app}/configuration", "admin manager"),
        ("GET /devtron-apps/{project}/{environment}/{app}/secrets", "admin manager"),
        ("PUT /devtron-apps/{project}/{environment}/{app}/secrets", "admin manager"),
        ("GET /devtron-apps/{project}/{environment}/{app}/builds", "view deploy admin manager"),
        ("POST /devtron-apps/{project}/{environment}/{app}/builds", "deploy admin manager"),
        ("GET /devtron-apps/{project}/{environment}/{app}/deployments", "view deploy admin manager"),
        ("POST /devtron-apps/{project}/{environment}/{app}/deployments", "deploy admin manager"),
        ("GET /devtron-apps/{project}/{environment}/{app}/access", "manager"),
        ("PUT /devtron-apps/{project}/{environment}/{app}/access", "manager"),
    ];
    each_role_allows_its_routes(&devtron(), &routes_of("devtron-apps"), &columns, &rows);
}

/// "… or Helm app …": the roles.
#[test]
fn a_role_over_helm_apps_allows_the_routes_of_its_level() {
    let project = "helm-app/our-project";
    let columns = [
        ("view", with_role("helm-app-viewer", project)),
        ("edit", with_role("helm-app-editor", project)),
        ("admin", with_role("helm-app-admin", project)),
        ("devtron", with_role("devtron-app-manager", "*")),
        ("charts", with_role("chart-group-creator", "*")),
    ];
    let rows = [
        ("GET /helm-apps/{project}", "view edit admin"),
        ("GET /helm-apps/{project}/{environment}", "view edit admin"),
        ("POST /helm-apps/{project}/{environment}", "admin"),
        ("GET /helm-apps/{project}/{environment}/{app}", "view edit admin"),
        ("PUT /helm-apps/{project}/{environment}/{app}", "admin"),
        ("DELETE /helm-apps/{project}/{environment}/{app}", "admin"),
        ("GET /helm-apps/{project}/{environment}/{app}/manifests", "view edit admin"),
        ("PUT /helm-apps/{project}/{environment}/{app}/manifests/{kind}/{name}", "edit admin"),
    ];
    each_role_allows_its_routes(&devtron(), &routes_of("helm-apps"), &columns, &rows);
}

/// "… or chart group": the roles, and that none of them opens what is the super admins'.
#[test]
fn a_role_over_chart_groups_allows_the_routes_of_its_level() {
    let columns = [
        ("view", with_role("chart-group-viewer", "chart-group")),
        ("create", with_role("chart-group-creator", "chart-group")),
        ("edit", with_role("chart-group-editor", "chart-group/our-group")),
        ("devtron", with_role("devtron-app-manager", "*")),
        ("helm", with_role("helm-app-admin", "*")),
    ];
    let rows = [
        ("GET /chart-groups", "view create"),
        ("POST /chart-groups", "create"),
        ("GET /chart-groups/{group}", "view create edit"),
        ("PUT /chart-groups/{group}", "create edit"),
        ("DELETE /chart-groups/{group}", "create"),
    ];
    let stack = devtron();
    each_role_allows_its_routes(&stack, &routes_of("chart-groups"), &columns, &rows);
    let global = [("ANY /global-configurations/{setting+}", "")];
    each_role_allows_its_routes(&stack, &routes_of("global-configurations"), &columns, &global);
}

/// "… with a specific role over a particular Devtron app or Helm app or chart group."
#[test]
fn a_role_over_a_particular_app_or_group_allows_no_other() {
    let stack = devtron();
    let sita = super_admin(&stack);
    let routes = routes("devtron");
    for (role, resource, path) in [
        (
            "devtron-app-manager",
            "devtron-app/our-project/our-environment/our-app",
            "/devtron-apps/{project}/{environment}/{app}",
        ),
        ("helm-app-admin", "helm-app/our-project/our-environment/our-app", "/helm-apps/{project}/{environment}/{app}"),
        ("chart-group-editor", "chart-group/our-group", "/chart-groups/{group}"),
    ] {
        let token = create(&stack, &sita, &with_role(role, resource));
        let its = allowed(&stack, &routes, "our", &token);
        assert!(its.len() >= 2 && its.iter().all(|pattern| pattern.contains(path)), "{its:?}");
        assert_eq!(allowed(&stack, &routes, "their", &token), [""; 0]);
    }
    // Several rows of the form are several grants, each for its own apps.
    let token = create(
        &stack,
        &sita,
        &json!({ "name": "two rows", "grants": [
            { "permissions": ["devtron-app:view", "devtron-app:build-and-deploy"], "resources": ["devtron-app/payments/staging"] },
            { "permissions": ["devtron-app:view"], "resources": ["devtron-app/payments/production/api"] },
        ]}),
    );
    let build =
        |app: &str| stack.post(&format!("/demo/devtron-apps/payments/{app}/builds")).bearer(&token).send().status;
    let view = |app: &str| stack.get(&format!("/demo/devtron-apps/payments/{app}/builds")).bearer(&token).send().status;
    let apps = ["staging/api", "staging/web", "production/api", "production/web"];
    assert_eq!((apps.map(build), apps.map(view)), ([200, 200, 403, 403], [200, 200, 200, 403]));
}

/// "As soon as you click on send, the create application api will be triggered and a new
/// devtron app will be created as you mentioned in the payload."
#[test]
fn a_token_in_the_headers_creates_an_application() {
    let stack = devtron();
    let token = create(&stack, super_admin(&stack), &with_role("devtron-app-admin", "devtron-app/payments"));
    let path = "/demo/devtron-apps/payments/production";
    let payload = json!({ "appName": "api", "teamId": 1, "templateId": 0 });
    let bearer = stack.post(path).bearer(&token).json(&payload).send().expect(200).json();
    assert_eq!((&bearer["method"], &bearer["principal"]["token_id"]), (&json!("POST"), &json!(token.id)));
    stack.post(path).header("x-api-token", &token.secret).json(&payload).send().expect(200);
    stack.post(path).json(&payload).send().problem(401, "invalid_token");
}

/// "Any applications or scripts using this token will no longer be able to access the Devtron
/// API."
#[test]
fn a_deleted_token_is_no_longer_able_to_access_the_api() {
    let stack = devtron();
    let sita = super_admin(&stack);
    let token = create(&stack, &sita, &json!({ "name": "root", "role": "super-admin", "resources": ["*"] }));
    stack.get("/demo/devtron-apps/payments").bearer(&token).send().expect(200);
    stack.delete(&token.path()).bearer(&sita).send().expect(204);
    assert_rejected(&stack, &token, "/demo/devtron-apps/payments");
    stack.get(&token.path()).bearer(&sita).send().problem(404, "not_found");
}

/// "Give the permissions as you want to and click on update token."
#[test]
fn a_token_is_given_other_permissions() {
    let stack = devtron();
    let sita = super_admin(&stack);
    let token = create(&stack, &sita, &with_role("devtron-app-viewer", "devtron-app/payments"));
    let send = |path: &str| stack.get(path).bearer(&token).send().status;
    assert_eq!(send("/demo/devtron-apps/payments"), 200);
    let grants = json!([{ "permissions": ["helm-app:view"], "resources": ["helm-app"] }]);
    let update = stack.request("PATCH", &token.path()).bearer(&sita).header("If-Match", token.tag(&stack));
    update.json(&json!({ "description": "Helm only", "grants": grants })).send().expect(200);
    let shown = listed(&stack, &sita, &token);
    assert_eq!((&shown["description"], &shown["grants"]), (&json!("Helm only"), &grants));
    assert_eq!(send("/demo/devtron-apps/payments"), 403);
}

/// "To set a new expiration date, you can regenerate the API token. Any scripts or
/// applications using this token must be updated."
#[test]
fn a_token_is_regenerated_with_a_new_expiration() {
    let stack = devtron();
    let sita = super_admin(&stack);
    let mut body = with_role("devtron-app-viewer", "devtron-app/payments");
    body["expires_in"] = json!("7d");
    let old = create(&stack, &sita, &body);
    let path = "/demo/devtron-apps/payments";
    for expired in [false, true] {
        // A session does not live as long.
        let rotate = stack.post(&format!("{}/rotate", old.path())).bearer(super_admin(&stack));
        let new = crate::support::Token::shown_in(&rotate.json(&json!({ "expires_in": "30d" })).send().expect(200));
        assert_rejected(&stack, &old, path);
        stack.get(path).bearer(&new).send().expect(200);
        let lives = seconds(&new.view["expires_at"]) - seconds(&new.view["rotated_at"]);
        assert_eq!((lives, &new.id), (30 * DAY, &old.id), "expired before: {expired}");
        stack.advance_clock(30 * DAY);
        assert_rejected(&stack, &new, path);
    }
}
