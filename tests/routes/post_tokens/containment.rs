//! A principal can delegate only what it has.

use serde_json::{Value, json};

use crate::support::{Response, Stack, Token, merge_json, owner, stack};

/// The response to a creator, and the excess that it names.
fn ask(stack: &Stack, creator: &Token, mut body: Value) -> Response {
    body["name"] = json!("child");
    creator.create(stack, &body).send()
}

#[track_caller]
fn too_much(response: &Response) -> Value {
    response.problem(403, "exceeds_grants")["errors"].clone()
}

#[test]
fn a_token_delegates_only_permissions_that_it_has() {
    let stack = stack();
    let creator = stack.token(["tokens:write", "apps:*", "*:list"]);
    for within in [json!(["apps:read"]), json!(["apps:*"]), json!(["jobs:list", "*:list"]), json!(["tokens:write"])] {
        ask(&stack, &creator, json!({ "permissions": within })).expect(201);
    }
    for beyond in ["jobs:read", "*:read", "apps2:read", "*", "*:*", "jobs:*", "tokens:*", "tokens:admin", "Apps:read"] {
        let errors = too_much(&ask(&stack, &creator, json!({ "permissions": ["apps:read", beyond] })));
        assert_eq!(errors.as_array().map(Vec::len), Some(1), "{beyond}: {errors}");
        assert_eq!(errors[0]["field"], "permissions");
    }
}

#[test]
fn a_token_delegates_only_resources_that_it_covers() {
    let stack = stack();
    let creator = stack.token_on(["tokens:write", "x:y"], ["tokens", "apps/billing", "jobs/*"]);
    let with = |resource: &str| ask(&stack, &creator, json!({ "permissions": ["x:y"], "resources": [resource] }));
    for within in ["apps/billing", "apps/billing/builds", "apps/billing/*", "jobs/*", "jobs/7", "jobs/7/*", "tokens/*"]
    {
        with(within).expect(201);
    }
    for beyond in ["apps", "apps/*", "apps/payroll", "apps/billing2", "jobs", "*", "App/billing"] {
        assert_eq!(too_much(&with(beyond))[0]["field"], "resources", "{beyond}");
    }
}

#[test]
fn a_token_does_not_outlive_its_creator() {
    let stack = stack();
    let end = "2090-01-01T00:00:00Z";
    let creator = stack.create(json!({ "permissions": ["*"], "expires_at": end }));
    let with = |more: Value| ask(&stack, &creator, merge_json(json!({ "permissions": ["x:y"] }), more));
    for within in [json!({ "expires_at": end }), json!({ "expires_in": "1h" })] {
        with(within).expect(201);
    }
    for beyond in [
        json!({ "expires_at": null }),
        json!({ "expires_at": "2090-01-01T00:00:01Z" }),
        json!({ "expires_in": "36500d" }),
    ] {
        let errors = too_much(&with(beyond.clone()));
        assert_eq!(errors.as_array().map(Vec::len), Some(1));
        assert_eq!(errors[0]["field"], "expires_at", "{beyond}");
        assert!(errors[0]["message"].as_str().unwrap().contains(end), "{errors}");
    }
}

#[test]
fn every_excess_is_named_in_one_response() {
    let stack = stack();
    let creator = stack.create(json!({
        "permissions": ["tokens:write"], "resources": ["tokens"], "expires_in": "1h",
    }));
    let response = ask(
        &stack,
        &creator,
        json!({ "permissions": ["a:b", "tokens:write", "*"], "resources": ["x", "tokens", "y"], "expires_at": null }),
    );
    let errors = too_much(&response);
    let fields: Vec<_> = errors.as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["permissions", "permissions", "resources", "resources", "expires_at"]);
}

#[test]
fn a_token_for_another_owner_needs_tokens_admin() {
    let stack = stack();
    let other = owner();
    let asked = json!({ "permissions": ["tokens:write"], "owner": other });
    let writer = stack.token(["tokens:write"]);
    let refused = ask(&stack, &writer, asked.clone());
    assert_eq!(
        refused.problem(403, "forbidden")["detail"],
        "You need the permission tokens:admin for tokens of another owner. Ask an administrator."
    );
    for admin in [["tokens:admin", "tokens:write"], ["tokens:*", "x:y"], ["*", "x:y"]] {
        let made = Token::shown_in(&ask(&stack, &stack.token(admin), asked.clone()).expect(201));
        assert_eq!(made.owner, other);
    }
    let own = ask(&stack, &writer, json!({ "permissions": ["tokens:write"], "owner": writer.owner }));
    assert_eq!(Token::shown_in(&own.expect(201)).owner, writer.owner);
}

#[test]
fn tokens_admin_delegates_only_permissions_that_it_has() {
    let stack = stack();
    let admin = stack.token(["tokens:admin"]);
    ask(&stack, &admin, json!({ "permissions": ["tokens:admin"], "owner": owner() })).expect(201);
    too_much(&ask(&stack, &admin, json!({ "permissions": ["apps:read"], "owner": owner() })));
}

#[test]
fn a_chain_of_tokens_never_gains_permissions() {
    let stack = stack();
    let first = stack.token_on(["tokens:*", "apps:read"], ["tokens", "apps/*"]);
    let response = ask(
        &stack,
        &first,
        json!({ "permissions": ["tokens:write", "apps:read"], "resources": ["tokens", "apps/billing"] }),
    );
    let second = Token::shown_in(&response.expect(201));
    too_much(&ask(&stack, &second, json!({ "permissions": ["apps:read"], "resources": ["apps/payroll"] })));
    too_much(&ask(&stack, &second, json!({ "permissions": ["tokens:read"], "resources": ["tokens"] })));
    let third = ask(&stack, &second, json!({ "permissions": ["apps:read"], "resources": ["apps/billing"] }));
    let third = Token::shown_in(&third.expect(201));
    stack.get("/demo/apps/billing").bearer(&third).send().expect(200);
    stack.get("/demo/apps/payroll").bearer(&third).send().problem(403, "insufficient_scope");
    third
        .create(&stack, &json!({ "name": "n", "permissions": ["apps:read"], "resources": ["*"] }))
        .send()
        .problem(403, "insufficient_scope");
}

#[test]
fn no_form_of_request_exceeds_the_creators_grants() {
    let stack = stack();
    let creator = stack.create(json!({"grants": [
        {"permissions": ["tokens:write"], "resources": ["tokens"]},
        {"permissions": ["apps:read"], "resources": ["apps/billing"]},
        {"permissions": ["apps:write"], "resources": ["apps/shop/*"]},
    ]}));
    for beyond in [
        json!({"role": "admin"}),
        json!({"role": "viewer", "resources": ["apps/billing"]}),
        json!({"permissions": ["*"], "resources": ["apps/billing"]}),
        json!({"permissions": ["*:*"], "resources": ["apps/billing"]}),
        json!({"permissions": ["apps:*"], "resources": ["apps/billing"]}),
        json!({"permissions": ["*:read"], "resources": ["apps/billing"]}),
        json!({"permissions": ["apps:read"]}),
        json!({"permissions": ["apps:read"], "resources": ["apps"]}),
        json!({"permissions": ["apps:read"], "resources": ["apps/*"]}),
        json!({"permissions": ["apps:read"], "resources": ["apps/billing", "*"]}),
        json!({"permissions": ["apps:write"], "resources": ["apps/billing"]}),
        json!({"permissions": ["apps:write"], "resources": ["apps/shop"]}),
        json!({"permissions": ["apps:read", "apps:write"], "resources": ["apps/shop/x"]}),
        json!({"permissions": ["tokens:write"], "resources": ["apps/billing"]}),
        json!({"permissions": ["tokens:admin"], "resources": ["tokens"]}),
        json!({"permissions": ["tokens:read"], "resources": ["tokens"]}),
        json!({"permissions": ["catalog:write"], "resources": ["tokens"]}),
        json!({"grants": [
            {"permissions": ["apps:read"], "resources": ["apps/billing"]},
            {"permissions": ["apps:read"], "resources": ["apps/payroll"]},
        ]}),
    ] {
        let response = ask(&stack, &creator, beyond.clone());
        assert_eq!(response.status, 403, "{beyond}");
        too_much(&response);
    }
    // Parts that a request does not have cannot be smuggled in.
    for (field, value) in [
        ("bootstrap", json!({"owner": "admin", "name": "x"})),
        ("created_by", json!("bootstrap")),
        ("id", json!("0123456789abcdef")),
        ("digest", json!("x")),
        ("status", json!("active")),
    ] {
        let mut body = json!({"permissions": ["apps:read"], "resources": ["apps/billing"]});
        body[field] = value;
        assert_eq!(ask(&stack, &creator, body).offending_fields(), [field]);
    }
    let within = json!({"grants": [
        {"permissions": ["tokens:write"], "resources": ["tokens/*"]},
        {"permissions": ["apps:write"], "resources": ["apps/shop/x", "apps/shop/y/*"]},
    ]});
    ask(&stack, &creator, within).expect(201);
}
