//! "Personal Access Tokens" of Cryptlex, a service for software licences, with
//! `examples/catalogs/cryptlex.toml`. People make their own tokens.
//!
//! Its page in the console is followed in `tests/browser/seeds.test.mjs`.
//!
//! Out of scope: the protected API has to limit password reset tokens to "users with USER role".
//! The authorizer sees the user's ID, not the user's role.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    DAY, allowed, ask, assert_rejected, catalog, create, deployment, each_permission_allows_only_its_routes, listed,
    on_everything, revoke, routes, seconds,
};
use crate::support::Stack;

/// The page's table of scopes, row by row.
const SCOPES: [(&str, &str); 29] = [
    ("account:read", "Read-only access to the account details."),
    ("account:write", "Update and delete account."),
    ("activation:read", "Read-only access to all the license activations."),
    ("analytics:read", "Read-only access to analytics."),
    ("eventLog:read", "Read-only access to event logs."),
    ("invoice:read", "Read-only access to all the invoices."),
    ("license:read", "Read-only access to all the licenses."),
    ("license:write", "Create, update and delete licenses."),
    ("licenseTemplate:read", "Read-only access to all the license templates."),
    // The page has another `a` before the `p`.
    ("licenseTemplate:write", "Create, update and delete license templates."),
    ("paymentMethod:read", "Read-only access to all the credit cards."),
    ("paymentMethod:write", "Create, update and delete credit cards."),
    ("personalAccessToken:write", "Create, revoke and delete personal access tokens."),
    ("product:read", "Read-only access to all the products and related policies."),
    ("product:write", "Create, update and delete products."),
    ("release:read", "Read-only access to all the releases."),
    ("release:write", "Create, update, publish and delete releases."),
    ("role:read", "Read-only access to all the roles."),
    ("role:write", "Create, update and delete roles."),
    ("tag:read", "Read-only access to all the tags."),
    ("tag:write", "Create, update and delete tags."),
    ("trialActivation:read", "Read-only access to all the trial activations."),
    ("trialActivation:write", "Extend and delete trial activations."),
    ("trialPolicy:read", "Read-only access to all the trial policies."),
    ("trialPolicy:write", "Create, update and delete trial policies."),
    ("user:read", "Read-only access to all the users."),
    ("user:write", "Create, update and delete users. Generate password reset tokens for users with USER role."),
    ("webhook:read", "Read-only access to all the webhooks."),
    ("webhook:write", "Create, update and delete webhooks."),
];

fn cryptlex() -> Stack {
    deployment("cryptlex", |_| {})
}

fn admin(stack: &Stack) -> String {
    stack.sign_in("ada", &["cryptlex-admins"])
}

fn with_scopes<const N: usize>(scopes: [&str; N]) -> Value {
    json!({ "name": "script", "permissions": scopes.as_slice(), "resources": ["*"] })
}

/// "authenticate your API requests by passing it in the "Authorization" header":
/// "Authorization: Bearer {ACCESS_TOKEN}"
#[test]
fn the_token_is_passed_in_the_authorization_header() {
    let stack = cryptlex();
    let token = create(&stack, admin(&stack), &with_scopes(["license:read"]));
    let header = format!("Bearer {}", token.secret);
    let response = stack.get("/demo/v3/licenses").header("Authorization", header).send().expect(200).json();
    assert_eq!(
        (&response["principal"]["token_id"], &response["principal"]["owner"]),
        (&json!(token.id), &json!("ada"))
    );
    stack.get("/demo/v3/licenses").send().problem(401, "invalid_token");
}

/// "Name: Name for the access token."
#[test]
fn a_token_has_a_name() {
    let stack = cryptlex();
    let ada = admin(&stack);
    let mut body = with_scopes(["license:read"]);
    body["name"] = json!("Zapier");
    let token = create(&stack, &ada, &body);
    assert_eq!(listed(&stack, &ada, &token)["name"], "Zapier");
    body["name"] = Value::Null;
    assert_eq!(stack.post("/tokens").bearer(&ada).json(&body).send().offending_fields(), ["name"]);
}

/// "The expiration date for the token. Leave empty for no expiry."
#[test]
fn the_expiration_date_may_be_left_empty_for_no_expiry() {
    let stack = cryptlex();
    let mut body = with_scopes(["license:read"]);
    body["expires_at"] = Value::Null;
    let empty = create(&stack, admin(&stack), &body);
    body["expires_at"] = json!("2090-01-01T00:00:00Z");
    let dated = create(&stack, admin(&stack), &body);
    assert_eq!(dated.view["expires_at"], body["expires_at"]);

    stack.advance_clock(seconds(&dated.view["expires_at"]) - seconds(&dated.view["created_at"]) - DAY);
    let licenses = |token| stack.get("/demo/v3/licenses").bearer(token).send().status;
    assert_eq!([&empty, &dated].map(licenses), [200, 200]);
    stack.advance_clock(DAY);
    assert_eq!([&empty, &dated].map(licenses), [200, 401]);
    assert_eq!(listed(&stack, admin(&stack), &dated)["status"], "expired");
}

/// "The permissions to restrict the actions the token can be used to perform."
#[test]
fn scopes_restrict_the_token_and_not_its_owner() {
    let stack = cryptlex();
    let ada = admin(&stack);
    let token = create(&stack, &ada, &with_scopes(["license:read"]));
    let refused = stack.post("/demo/v3/licenses").bearer(&token).send().problem(403, "insufficient_scope");
    assert_eq!(refused["permission"], "license:write");
    stack.post("/demo/v3/licenses").bearer(&ada).send().expect(200);
    // A token cannot have more than the person who creates it.
    let support = stack.sign_in("sam", &["cryptlex-support"]);
    create(&stack, &support, &with_scopes(["license:read", "trialActivation:write"]));
    let too_much = with_scopes(["license:read", "license:write"]);
    stack.post("/tokens").bearer(&support).json(&too_much).send().problem(403, "exceeds_grants");
}

/// "At any time, you can revoke any personal access token"
#[test]
fn any_token_can_be_revoked_at_any_time() {
    let stack = cryptlex();
    let (ada, sam) = (admin(&stack), stack.sign_in("sam", &["cryptlex-support"]));
    let (mine, used, anyones) = (
        create(&stack, &sam, &with_scopes(["license:read"])),
        create(&stack, &sam, &with_scopes(["license:read"])),
        create(&stack, &sam, &with_scopes(["license:read"])),
    );
    stack.get("/demo/v3/licenses").bearer(&used).send().expect(200);
    for (token, by) in [(&mine, &sam), (&used, &sam), (&anyones, &ada)] {
        revoke(&stack, by, token);
        assert_rejected(&stack, token, "/demo/v3/licenses");
        assert_eq!(listed(&stack, &sam, token)["status"], "revoked");
    }
}

/// "Personal access tokens can be created with one or more scopes that allow various actions"
#[test]
fn a_token_is_created_with_one_or_more_scopes() {
    let stack = cryptlex();
    let ada = admin(&stack);
    let none = stack.post("/tokens").bearer(&ada).json(&with_scopes([])).send();
    assert_eq!(none.offending_fields(), ["permissions"]);
    let unknown = stack.post("/tokens").bearer(&ada).json(&with_scopes(["licenseTemaplate:write"])).send();
    assert_eq!(unknown.offending_fields(), ["permissions"]);

    create(&stack, &ada, &with_scopes(["tag:read"]));
    let all = SCOPES.map(|(scope, _)| scope);
    let token = create(&stack, &ada, &with_scopes(all));
    assert_eq!(token.view["grants"], on_everything(&json!(all.as_slice())));
    let routes = routes("cryptlex");
    assert_eq!(allowed(&stack, &routes, "our", &token).len(), routes.len());
    // It has all scopes of the table, none of which allows creating tokens.
    stack.post("/tokens").bearer(&token).json(&with_scopes(["tag:read"])).send().problem(403, "insufficient_scope");
}

/// "The available scopes (permissions) are depicted in the following table."
#[test]
fn the_available_scopes_are_those_of_the_table() {
    let stack = cryptlex();
    let shown = stack.catalog().0["permissions"].clone();
    let own = ["tokens:", "catalog:", "approvals:"];
    let shown = shown.as_object().unwrap().iter().filter(|(scope, _)| !own.iter().any(|own| scope.starts_with(own)));
    let shown: BTreeMap<_, _> = shown.map(|(scope, text)| (scope.as_str(), text.as_str().unwrap())).collect();
    assert_eq!(shown, SCOPES.into_iter().collect());
    assert_eq!(catalog("cryptlex")["permissions"].as_object().map(serde_json::Map::len), Some(29));
}

/// "You should always scope the token access to the minimum required resources, by adding the
/// minimum number of permissions."
#[test]
fn each_scope_allows_only_its_own_routes() {
    each_permission_allows_only_its_routes(&cryptlex(), "cryptlex");
}

/// "Read-only access to …", "Create, update, publish and delete …", "Extend and delete …": the
/// table's words, scope by scope.
#[test]
fn each_scope_does_what_its_description_says() {
    let stack = cryptlex();
    let routes = routes("cryptlex");
    // A word of the table, and how a request for it begins and ends.
    let words = [
        ("create", "POST", "s"),
        ("update", "PATCH", "/{id}"),
        ("delete", "DELETE", "/{id}"),
        ("revoke", "POST", "/revoke"),
        ("publish", "POST", "/publish"),
        ("extend", "POST", "/extend"),
        ("password reset tokens", "POST", "/reset-password-token"),
    ];
    for (scope, description) in SCOPES {
        let token = stack.token([scope]);
        let its: Vec<_> = routes.iter().filter(|route| route.permission == scope).collect();
        let its: Vec<_> = its.iter().map(|route| route.pattern.as_str()).collect();
        assert!(its.iter().all(|pattern| ask(&stack, pattern, "our", &token).status == 200), "{scope}");
        let can = |(_, method, end): (&str, &str, &str)| {
            its.iter().any(|pattern| pattern.starts_with(method) && pattern.ends_with(end))
        };
        if scope.ends_with(":read") {
            assert!(description.starts_with("Read-only access"));
            assert!(!its.is_empty() && its.iter().all(|pattern| pattern.starts_with("GET ")), "{scope}: {its:?}");
            let head = its[0].replacen("GET", "HEAD", 1);
            assert_eq!(ask(&stack, &head, "our", &token).status, 200);
            continue;
        }
        let description = description.to_lowercase();
        for word in words {
            // A licence can be extended: that is an update of it.
            if !(scope == "license:write" && word.0 == "extend") {
                assert_eq!(can(word), description.contains(word.0), "{scope}: {} in {its:?}", word.0);
            }
        }
    }
}
