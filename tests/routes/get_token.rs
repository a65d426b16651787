//! `GET /tokens/{id}`: one token.

use serde_json::json;

use crate::support::{eventually, owner, stack, unknown_token};

#[test]
fn a_token_is_shown_as_at_its_creation_without_the_secret() {
    let stack = stack();
    let token = stack.create(json!({
        "name": "nightly",
        "description": "two\nlines",
        "permissions": ["tokens:read", "apps:*"],
        "resources": ["tokens", "apps/*"],
        "expires_at": "2099-12-31T23:59:59Z",
    }));
    let other = stack.create(json!({ "permissions": ["tokens:read"], "owner": token.owner }));
    let response = stack.get(&token.path()).bearer(&other).send().expect(200);
    assert_eq!(response.json(), token.view);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert!(response.header("etag").is_some_and(|tag| tag.starts_with('"') && tag.ends_with('"')));
}

#[test]
fn an_admin_reads_any_owners_token() {
    let stack = stack();
    let (token, admin) = (stack.token(["x:y"]), stack.token(["tokens:admin"]));
    let seen = stack.get(&token.path()).bearer(&admin).send().expect(200).json();
    assert_eq!(seen, token.view);
}

#[test]
fn another_owners_token_and_an_unknown_token_look_alike() {
    let stack = stack();
    let (mine, theirs) = (stack.token(["tokens:read", "tokens:write"]), stack.token(["x:y"]));
    let nobodys = unknown_token(&stack.prefix());
    let nowhere = format!("/tokens/{}", &nobodys.rsplit('_').next().unwrap()[..16]);
    for (method, suffix) in [("GET", ""), ("DELETE", ""), ("POST", "/revoke")] {
        let ask = |path: &str| stack.request(method, &format!("{path}{suffix}")).bearer(&mine).send().expect(404);
        let (not_mine, not_there) = (ask(&theirs.path()), ask(&nowhere));
        assert_eq!(not_mine.body, not_there.body);
        for header in ["content-type", "content-length", "cache-control", "etag", "www-authenticate"] {
            assert_eq!(not_mine.header(header), not_there.header(header), "{method} {header}");
        }
        assert_eq!(
            not_mine.problem(404, "not_found")["detail"],
            "There is no such token, or you do not have access to it."
        );
    }
    stack.get("/me").bearer(&theirs).send().expect(200);
}

#[test]
fn an_invalid_id_is_not_found() {
    let stack = stack();
    let token = stack.token(["x:y"]);
    let id = &token.id;
    for malformed in [
        id[..15].to_owned(),
        format!("{id}0"),
        format!("{id}{id}"),
        format!("{}-", &id[..15]),
        format!("{}_", &id[..15]),
        format!("{}%20", &id[..15]),
        format!("{}%C3%A9", &id[..14]),
        "0".repeat(300),
        "a%E2%80%AEb".to_owned(),
    ] {
        for (method, suffix) in [("GET", ""), ("DELETE", ""), ("POST", "/revoke")] {
            let path = format!("/tokens/{malformed}{suffix}");
            stack.request(method, &path).bearer(&stack.admin).send().problem(404, "not_found");
        }
    }
}

#[test]
fn reading_an_own_token_needs_tokens_read_on_it() {
    let stack = stack();
    let owner = owner();
    let with = |permissions: &[&str], resources: &[&str]| {
        stack.create(json!({ "owner": owner, "permissions": permissions, "resources": resources }))
    };
    let token = with(&["x:y"], &["*"]);
    let path = token.path();
    let get = |by: &crate::support::Token| stack.get(&path).bearer(by).send();

    get(&with(&["tokens:read"], &["*"])).expect(200);
    get(&with(&["tokens:read"], &[&format!("tokens/{}", token.id)])).expect(200);
    get(&with(&["tokens:admin"], &["tokens/*"])).expect(200);

    let document = get(&with(&["tokens:write"], &["*"])).problem(403, "insufficient_scope");
    assert_eq!(document["permission"], "tokens:read");
    assert_eq!(document["resource"], format!("tokens/{}", token.id));
    get(&with(&["tokens:read"], &["tokens/0123456789abcdef"])).problem(403, "insufficient_scope");
}

#[test]
fn tokens_admin_on_one_token_covers_no_other() {
    let stack = stack();
    let (one, other) = (stack.token(["x:y"]), stack.token(["x:y"]));
    let admin = stack.token_on(["tokens:admin"], [&format!("tokens/{}", one.id)]);
    stack.get(&one.path()).bearer(&admin).send().expect(200);
    stack.get(&other.path()).bearer(&admin).send().problem(403, "insufficient_scope");
    let reader = stack.create(json!({
        "permissions": ["tokens:admin", "tokens:read"],
        "resources": [format!("tokens/{}", one.id), "tokens/0123456789abcdef"],
    }));
    stack.get("/tokens/0123456789abcdef").bearer(&reader).send().problem(404, "not_found");
}

#[test]
fn the_last_use_is_shown_soon_after_the_request() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let last_use = || stack.get(&token.path()).bearer(&stack.admin).send().expect(200).json()["last_used_at"].clone();
    assert_eq!(last_use(), json!(null), "it was made, not used");
    stack.post("/demo/apps/billing").bearer(&token).send().expect(403);
    assert_eq!(last_use(), json!(null), "it was refused, not used");
    stack.get("/demo/apps/billing").bearer(&token).send().expect(200);
    let noted = eventually("last_used_at", || last_use().as_str().map(str::to_owned));
    assert!(noted.as_str() >= &token.view["created_at"].as_str().unwrap()[..19], "{noted}");
}

#[test]
fn a_use_does_not_change_the_etag() {
    let stack = stack();
    let token = stack.token(["x:y"]);
    let show = || stack.get(&token.path()).bearer(&stack.admin).send().expect(200);
    let before = show().header("etag").map(str::to_owned);
    stack.get("/me").bearer(&token).send().expect(200);
    eventually("last_used_at", || show().json()["last_used_at"].as_str().map(drop));
    assert_eq!(show().header("etag").map(str::to_owned), before);
}

#[test]
fn an_unknown_parameter_is_named() {
    let stack = stack();
    let token = stack.token(["x:y"]);
    let response = stack.get(&format!("{}?fields=name", token.path())).bearer(&stack.admin).send();
    assert_eq!(response.offending_fields(), ["fields"]);
}
