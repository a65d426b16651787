//! Several grants, roles, and grants under a strict catalog.

use serde_json::{Value, json};

use crate::support::{Stack, Token, isolated_stack, stack, with_resources};

fn create(stack: &Stack, mut body: Value) -> crate::support::Response {
    body["name"] = json!("ci");
    stack.post("/tokens").bearer(&stack.admin).json(&with_resources(body)).send()
}

#[test]
fn one_token_may_deploy_one_app_and_only_read_the_others() {
    let stack = stack();
    let token = stack.create(json!({"grants": [
        {"permissions": ["apps:write"], "resources": ["apps/billing"]},
        {"permissions": ["apps:read"], "resources": ["apps/*"]},
    ]}));
    stack.post("/demo/apps/billing").bearer(&token).send().expect(200);
    stack.get("/demo/apps/payroll").bearer(&token).send().expect(200);
    let document = stack.post("/demo/apps/payroll").bearer(&token).send().problem(403, "insufficient_scope");
    assert_eq!(
        document["detail"],
        "You need the permission apps:write on apps/payroll. You have it on other resources only."
    );
    stack.get("/demo/apps").bearer(&token).send().expect(403);
}

#[test]
fn grants_come_back_as_they_were_given() {
    let stack = stack();
    let grants = json!([
        {"permissions": ["app:deploy"], "resources": ["app/billing"]},
        {"permissions": ["app:read", "*:list"], "resources": ["app/*", "docs"]},
    ]);
    let token = stack.create(json!({ "grants": grants }));
    assert_eq!(token.view["grants"], grants);
    assert_eq!(stack.get(&token.path()).bearer(&stack.admin).send().json()["grants"], grants);
    assert_eq!(stack.get("/me").bearer(&token).send().json()["grants"], grants);
}

#[test]
fn a_role_is_expanded_and_its_name_shown() {
    let stack = stack();
    let (catalog, _) = stack.catalog();
    let token = stack.create(json!({ "role": "cicd", "resources": ["apps/billing"] }));
    assert_eq!(token.view["role"], "cicd");
    let grants = json!([{ "permissions": catalog["roles"]["cicd"]["permissions"], "resources": ["apps/billing"] }]);
    assert_eq!(token.view["grants"], grants);
    assert_eq!(stack.get("/me").bearer(&token).send().json()["role"], "cicd");
    let refused = create(&stack, json!({ "role": "nobody" })).problem(400, "invalid_request");
    let message = "\"nobody\" is not a role of the catalog; use one of admin, cicd, deployer, ops, viewer";
    assert_eq!(refused["errors"], json!([{ "field": "role", "message": message }]));
}

#[test]
fn a_token_keeps_the_permissions_of_its_role_at_creation() {
    let stack = isolated_stack(|_| {});
    let with = |permissions: &[&str]| json!({"roles": {"dev": {"permissions": permissions}}});
    stack.put_catalog(&with(&["apps:read"]));
    let before = stack.create(json!({ "role": "dev" }));
    stack.put_catalog(&with(&["apps:write"]));
    let after = stack.create(json!({ "role": "dev" }));
    let read = |token: &Token| stack.get("/demo/apps").bearer(token).send().status;
    let write = |token: &Token| stack.post("/demo/apps").bearer(token).send().status;
    assert_eq!((read(&before), write(&before)), (200, 403));
    assert_eq!((read(&after), write(&after)), (403, 200));
    stack.put_catalog(&json!({}));
    assert_eq!(read(&before), 200);
    assert_eq!(stack.get(&before.path()).bearer(&stack.admin).send().json()["role"], "dev");
}

#[test]
fn a_strict_catalog_allows_grants_only_of_listed_permissions() {
    let stack = isolated_stack(|_| {});
    stack.put_catalog(&json!({"strict": true, "permissions": {"app:read": "See", "app:go": "Go"}}));
    create(&stack, json!({ "permissions": ["app:read", "app:*", "tokens:read"] })).expect(201);
    create(&stack, json!({ "permissions": ["*"] })).expect(201);
    let refused = create(&stack, json!({ "permissions": ["app:read", "app:reed", "ap:*"] }));
    assert_eq!(refused.offending_fields(), ["permissions"]);
    assert_eq!(refused.json()["errors"].as_array().map(Vec::len), Some(2));
    let refused = create(
        &stack,
        json!({ "grants": [
        {"permissions": ["app:go"], "resources": ["*"]}, {"permissions": ["job:go"], "resources": ["*"]},
    ] }),
    );
    assert_eq!(refused.offending_fields(), ["grants[1].permissions"]);
}

#[test]
fn a_strict_catalog_denies_unlisted_routes_to_every_caller() {
    let stack = isolated_stack(|_| {});
    stack.put_catalog(&json!({"strict": true, "permissions": {"app:read": "See"}, "routes": [
        {"match": "GET /apps/{app}", "permission": "app:read", "resource": "app/{app}"}]}));
    stack.get("/demo/apps/billing").bearer(&stack.admin).send().expect(200);
    for (method, path) in [("GET", "/apps"), ("POST", "/apps/billing"), ("GET", "/apps/billing/x"), ("GET", "/")] {
        let response = stack.request(method, &format!("/demo{path}")).bearer(&stack.admin).send();
        let document = response.problem(403, "insufficient_scope");
        let detail = "This route is not in the catalog, which is strict.";
        assert_eq!(document["detail"], detail, "{method} {path}");
    }
    stack.get("/tokens").bearer(&stack.admin).send().expect(200);
}

#[test]
fn excess_grants_are_named_as_they_were_requested() {
    let stack = stack();
    let creator = stack.create(json!({"grants": [
        {"permissions": ["tokens:write"], "resources": ["*"]},
        {"permissions": ["apps:read", "builds:read"], "resources": ["apps/*"]},
    ]}));
    let errors = |body: Value| {
        let mut body = body;
        body["name"] = json!("child");
        let response = creator.create(&stack, &body).send();
        let errors = response.problem(403, "exceeds_grants")["errors"].clone();
        let shown =
            |error: &Value| format!("{}: {}", error["field"].as_str().unwrap(), error["message"].as_str().unwrap());
        errors.as_array().unwrap().iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(
        errors(json!({"grants": [
            {"permissions": ["apps:read"], "resources": ["apps/billing"]},
            {"permissions": ["apps:write", "apps:read"], "resources": ["apps/billing", "apps"]},
        ]})),
        ["grants[1].permissions: you do not have apps:write", "grants[1].resources: you do not have apps:read on apps"]
    );
    assert_eq!(errors(json!({"role": "viewer", "resources": ["apps/billing"]})), ["role: you do not have *:read"]);
    assert_eq!(
        errors(json!({"permissions": ["apps:read", "builds:read"], "resources": ["jobs"]})),
        ["resources: you do not have apps:read, builds:read on jobs"]
    );
    // The permission of one grant does not apply to the resource of the other.
    assert_eq!(
        errors(json!({"permissions": ["apps:read"], "resources": ["*"]})),
        ["resources: you do not have apps:read on *"]
    );
}

#[test]
fn a_token_without_grants_is_refused() {
    let stack = stack();
    assert_eq!(create(&stack, json!({})).offending_fields(), ["permissions"]);
    assert_eq!(create(&stack, json!({"resources": ["x"]})).offending_fields(), ["permissions"]);
    assert_eq!(create(&stack, json!({"grants": []})).offending_fields(), ["grants"]);
    assert_eq!(create(&stack, json!({"role": 7})).offending_fields(), ["role"]);
    assert_eq!(
        create(&stack, json!({"role": "cicd", "grants": [{"permissions": ["a:b"], "resources": ["*"]}]}))
            .offending_fields(),
        ["grants"]
    );
}
