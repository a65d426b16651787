//! The response to a create.

use portcullis::secret::PlaintextToken;
use serde_json::{Value, json};

use crate::support::{Token, owner, stack, with_good_checksum};

#[test]
fn a_name_one_permission_and_its_resources_are_enough() {
    let stack = stack();
    let creator = stack.token(["*"]);
    let body = json!({ "name": "ci", "permissions": ["apps:read"], "resources": ["*"] });
    let token = Token::shown_in(&creator.create(&stack, &body).send().expect(201));
    let [created_at, expires_at] = ["created_at", "expires_at"].map(|field| token.view[field].clone());
    for at in [&created_at, &expires_at] {
        assert!(at.as_str().is_some_and(|at| at.ends_with('Z')), "{at}");
    }
    assert_eq!(
        token.view,
        json!({
            "id": token.id,
            "name": "ci",
            "description": null,
            "owner": creator.owner,
            "role": null,
            "grants": [{ "permissions": ["apps:read"], "resources": ["*"] }],
            "allowed_ips": [],
            "status": "active",
            "created_by": format!("token:{}", creator.id),
            "via": null,
            "created_at": created_at,
            "expires_at": expires_at,
            "rotated_at": null,
            "previous_secret_until": null,
            "last_used_at": null,
            "last_used_ip": null,
            "last_used_user_agent": null,
            "disabled_at": null,
            "disabled_by": null,
            "disabled_reason": null,
            "revoked_at": null,
            "revoked_by": null,
            "revoked_reason": null,
            "revoked_comment": null,
        })
    );
}

#[test]
fn every_field_of_the_request_is_in_the_response() {
    let stack = stack();
    let owner = format!("{}@example.com", owner());
    let given = json!({
        "name": "Nächtlicher Bau 🌙",
        "description": "line one\nline two\t\"quoted\" \\ and {{templated}}",
        "permissions": ["apps:read", "apps:*", "*:read", "a.b_c-d:e.f_g-h"],
        "resources": ["apps/billing", "apps/*", "Ünï/cøde with spaces", "a/b/c/d"],
        "expires_at": "2099-12-31T23:59:59Z",
        "owner": owner,
    });
    let response = stack.post("/tokens").bearer(&stack.admin).json(&given).send().expect(201);
    let token = Token::shown_in(&response);
    for (field, value) in given.as_object().unwrap() {
        let shown =
            if matches!(&**field, "permissions" | "resources") { &token.view["grants"][0] } else { &token.view };
        assert_eq!(&shown[field], value, "{field}");
    }
}

#[test]
fn null_equals_an_omitted_optional_field() {
    let stack = stack();
    let creator = stack.token(["*"]);
    let body = json!({
        "name": "ci", "permissions": ["x:y"], "resources": ["*"],
        "description": null, "expires_in": null, "owner": null,
    });
    let token = Token::shown_in(&creator.create(&stack, &body).send().expect(201));
    assert_eq!(token.owner, creator.owner);
    assert_eq!(token.view["description"], Value::Null);
    assert!(token.view["expires_at"].is_string());
}

#[test]
fn duplicate_permissions_and_resources_are_merged() {
    let stack = stack();
    let token = stack.token_on(["x:y", "*", "*:*", "x:y"], ["apps", "apps", "*"]);
    assert_eq!(token.view["grants"][0]["permissions"], json!(["x:y", "*"]));
    assert_eq!(token.view["grants"][0]["resources"], json!(["apps", "*"]));
}

#[test]
fn the_response_has_a_location_and_no_store() {
    let stack = stack();
    let body = json!({ "name": "ci", "permissions": ["x:y"], "resources": ["*"], "owner": owner() });
    let response = stack.post("/tokens").bearer(&stack.admin).json(&body).send().expect(201);
    let token = Token::shown_in(&response);
    // Relative to /tokens, for any stage and base path.
    assert_eq!(response.header("location"), token.path().strip_prefix('/'));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(response.header("content-type"), Some("application/json"));
    let shown = stack.get(&token.path()).bearer(&stack.admin).send().expect(200);
    assert_eq!(shown.header("etag"), response.header("etag"));
    assert!(shown.header("etag").is_some());
}

#[test]
fn a_token_has_the_form_that_secret_scanners_look_for() {
    let stack = stack();
    let token = stack.token(["x:y"]);
    let prefix = stack.prefix();
    let body = token.secret.strip_prefix(&format!("{prefix}_")).expect("the prefix comes first");
    assert_eq!(body.len(), 65);
    assert!(body.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(body[..16], token.id);
    let (unsigned, _) = token.secret.split_at(token.secret.len() - 6);
    assert!(with_good_checksum(unsigned) == token.secret, "its checksum is the CRC-32 of all before it");
    assert!(PlaintextToken::parse(&prefix, &token.secret).is_ok());
}

#[test]
fn a_secret_is_shown_only_by_the_create() {
    let stack = stack();
    // `Request::send` searches every response after the 201 for it. These could contain it.
    let token = stack.token(["*"]);
    let path = token.path();
    let me = stack.get("/me").bearer(&token).send().expect(200);
    let one = stack.get(&path).bearer(&token).send().expect(200);
    let many = stack.get("/tokens").bearer(&token).send().expect(200);
    let echo = stack.get("/demo/apps").bearer(&token).send().expect(200);
    let revoked = stack.post(&format!("{path}/revoke")).bearer(&stack.admin).send().expect(200);
    let refused = stack.get("/me").bearer(&token).send().expect(401);
    let deleted = stack.delete(&path).bearer(&stack.admin).send().expect(204);
    for response in [me, one, many, echo, revoked, refused, deleted] {
        let text = String::from_utf8_lossy(&response.body);
        assert!(!text.contains(&token.secret) && !text.contains("digest") && !text.contains("\"token\":"));
    }
}

#[test]
fn creating_needs_tokens_write_on_the_list() {
    let stack = stack();
    let body = json!({ "name": "ci", "permissions": ["tokens:read"], "resources": ["*"] });
    let reader = stack.token(["tokens:read"]);
    let document = reader.create(&stack, &body).send().problem(403, "insufficient_scope");
    assert_eq!((&document["permission"], &document["resource"]), (&json!("tokens:write"), &json!("tokens")));
    let elsewhere = stack.token_on(["tokens:*"], ["tokens/*"]);
    elsewhere.create(&stack, &body).send().problem(403, "insufficient_scope");
    stack.post("/tokens").json(&body).send().problem(401, "invalid_token");
}
