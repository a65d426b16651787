//! `GET /catalog` and `PUT /catalog`.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{Stack, isolated_stack, stack};

fn put(stack: &Stack, tag: &str, catalog: &Value) -> crate::support::Response {
    stack.request("PUT", "/catalog").bearer(&stack.admin).header("If-Match", tag).json(catalog).send()
}

fn small() -> Value {
    json!({
        "permissions": {"build:create": "Start a build"},
        "roles": {"cicd": {"description": "CI", "permissions": ["build:create", "apps:read"]}},
        "routes": [{"match": "POST /apps/{app}/builds", "permission": "build:create", "resource": "app/{app}"}],
        "sessions": {"groups": {"developers": "cicd"}},
    })
}

#[test]
fn a_new_deployment_has_a_catalog_with_the_builtin_permissions() {
    let stack = stack();
    let (catalog, _) = stack.catalog();
    let roles: Vec<_> = catalog["roles"].as_object().unwrap().keys().collect();
    assert_eq!(roles, ["admin", "cicd", "deployer", "ops", "viewer"]);
    assert_eq!(catalog["strict"], false);
    for own in ["tokens:read", "tokens:write", "tokens:admin", "tokens:introspect", "catalog:read", "catalog:write"] {
        assert!(catalog["permissions"][own].is_string(), "{own}");
    }
}

#[test]
fn a_new_catalog_is_returned_and_decides() {
    let stack = isolated_stack(|_| {});
    let (_, before) = stack.catalog();
    let response = put(&stack, &before, &small()).expect(200);
    let (catalog, tag) = stack.catalog();
    assert_eq!(response.header("etag"), Some(&*tag));
    assert_eq!(response.json()["version"].to_string(), tag.trim_matches('"'));
    for part in ["roles", "routes", "sessions"] {
        assert_eq!(catalog[part], small()[part], "{part}");
    }
    // A catalog can be written back as it was read.
    put(&stack, &tag, &catalog).expect(200);
    stack.advance_clock(60);
    let token = stack.token_on(["build:create"], ["app/billing"]);
    stack.post("/demo/apps/billing/builds").bearer(&token).send().expect(200);
    let refused = stack.post("/demo/apps/payroll/builds").bearer(&token).send();
    let document = refused.problem(403, "insufficient_scope");
    assert_eq!((&document["permission"], &document["resource"]), (&json!("build:create"), &json!("app/payroll")));
}

#[test]
fn a_change_applies_within_a_minute_as_the_response_says() {
    let stack = isolated_stack(|_| {});
    let token = stack.token_on(["apps:write"], ["*"]);
    let build = || stack.post("/demo/apps/billing/builds").bearer(&token).send().status;
    assert_eq!(build(), 200);
    let (_, tag) = stack.catalog();
    let response = put(&stack, &tag, &small()).expect(200).json();
    assert!(response["effective_by"].as_str().unwrap() > response["version"].to_string().as_str());
    stack.advance_clock(60);
    assert_eq!(build(), 403);
}

#[test]
fn replacing_the_catalog_needs_its_current_etag() {
    let stack = isolated_stack(|_| {});
    let (_, first) = stack.catalog();
    let without = stack.request("PUT", "/catalog").bearer(&stack.admin).json(&small()).send();
    without.problem(428, "precondition_required");
    put(&stack, &first, &small()).expect(200);
    let (_, second) = stack.catalog();
    let stale = put(&stack, &first, &json!({}));
    stale.problem(412, "precondition_failed");
    assert_eq!(stale.header("etag"), Some(&*second));
    assert_eq!(put(&stack, "\"99\"", &json!({})).status, 412);
    for other in ["\"x\"", "W/\"1\"", "\"99\", \"98\""] {
        put(&stack, other, &json!({})).problem(412, "precondition_failed");
    }
    for malformed in ["7", "*, \"1\"", "\"1"] {
        assert_eq!(put(&stack, malformed, &json!({})).offending_fields(), ["If-Match"], "{malformed}");
    }
    assert_eq!(stack.catalog().1, second);
    put(&stack, &format!("\"99\", {second}"), &small()).expect(200);
}

#[test]
fn if_match_star_replaces_any_catalog_within_the_writers_own_grants() {
    let stack = isolated_stack(|_| {});
    let before = stack.catalog().1;
    put(&stack, "*", &small()).expect(200);
    let after = stack.catalog().1;
    assert_ne!(before, after);
    let writer = stack.token(["catalog:write"]);
    let groups = json!({"roles": {"all": {"permissions": ["*"]}}, "sessions": {"groups": {"new": "all"}}});
    let put = stack.request("PUT", "/catalog").bearer(&writer).header("If-Match", "*").json(&groups).send();
    put.problem(403, "exceeds_grants");
    assert_eq!(stack.catalog().1, after);
}

#[test]
fn every_error_is_named_with_its_place_and_nothing_changes() {
    let stack = isolated_stack(|_| {});
    let (before, tag) = stack.catalog();
    let document = json!({
        "permissions": {"a:b": "x"},
        "roles": {"cicd": {"permissions": ["a:b", "a:c"]}},
        "routes": [
            {"match": "GET /apps/{app}", "permission": "a:b"},
            {"match": "GET /apps/../x", "permission": "a:b"},
            {"match": "GET /apps/new", "permission": "x:y"},
        ],
        "sessions": {"groups": {"team": "nobody"}},
    });
    let mut fields = put(&stack, &tag, &document).offending_fields();
    fields.sort();
    assert_eq!(
        fields,
        [
            "roles.cicd.permissions[1]",
            "routes[1].match",
            "routes[2].match",
            "routes[2].permission",
            "sessions.groups.team"
        ]
    );
    assert_eq!(stack.catalog(), (before, tag));
}

#[test]
fn a_document_that_is_not_a_catalog_is_refused() {
    let stack = isolated_stack(|_| {});
    let (_, tag) = stack.catalog();
    let send =
        |body: &str| stack.request("PUT", "/catalog").bearer(&stack.admin).header("If-Match", &*tag).body(body).send();
    for body in ["", "{", "strict = true"] {
        send(body).problem(400, "invalid_request");
    }
    assert_eq!(send("[]").offending_fields(), ["*"]);
    let twice = r#"{"roles":{"a":{"permissions":["*"]},"a":{"permissions":["x:read"]}}}"#;
    assert_eq!(send(twice).offending_fields(), ["roles.a"]);
    let huge = format!("{{\"permissions\":{{\"a:b\":\"{}\"}}}}", "x".repeat(256 * 1024));
    send(&huge).problem(413, "body_too_large");
    // Incompressible names.
    let digest = |n: u32| Sha256::digest(n.to_be_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let routes: Vec<_> =
        (0..1000).map(|n| json!({"match": format!("GET /{}", digest(n)), "permission": "x:read"})).collect();
    let large = send(&json!({ "routes": routes }).to_string()).problem(400, "invalid_request");
    let message = large["errors"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("must take at most 27648 bytes compressed (zlib); it takes "), "{large}");
    assert_eq!(stack.catalog().1, tag);
}

#[test]
fn reading_and_writing_the_catalog_need_their_permissions() {
    let stack = stack();
    let (_, tag) = stack.catalog();
    let reader = stack.token(["catalog:read"]);
    stack.get("/catalog").bearer(&reader).send().expect(200);
    let put = |token| stack.request("PUT", "/catalog").bearer(token).header("If-Match", &*tag).json(&json!({})).send();
    assert_eq!(put(&reader).problem(403, "insufficient_scope")["permission"], "catalog:write");
    let other = stack.token(["tokens:admin"]);
    assert_eq!(
        stack.get("/catalog").bearer(&other).send().problem(403, "insufficient_scope")["permission"],
        "catalog:read"
    );
}

#[test]
fn a_writer_cannot_give_groups_more_than_its_own_grants() {
    let stack = isolated_stack(|_| {});
    stack.put_catalog(&small());
    let (_, tag) = stack.catalog();
    let writer = stack.token(["catalog:*", "apps:read", "build:create"]);
    let narrow = stack.create(json!({"grants": [
        {"permissions": ["catalog:*"], "resources": ["*"]},
        {"permissions": ["apps:read", "apps:write", "build:create"], "resources": ["apps"]},
    ]}));
    let with = |token, role: Value, groups: Value| {
        let mut catalog = small();
        catalog["roles"]["more"] = role;
        catalog["sessions"]["groups"] = groups;
        stack.request("PUT", "/catalog").bearer(token).header("If-Match", &*tag).json(&catalog).send()
    };
    let admin = || json!({"permissions": ["*"]});
    let document = with(&writer, admin(), json!({"developers": "more"})).problem(403, "exceeds_grants");
    assert_eq!(
        document["errors"],
        json!([{"field": "sessions.groups.developers", "message": "you do not have * on *"}])
    );
    with(&writer, admin(), json!({"developers": "cicd", "mine": "more"})).problem(403, "exceeds_grants");
    with(&narrow, json!({"permissions": ["apps:write"]}), json!({"mine": "more"})).problem(403, "exceeds_grants");
    assert_eq!(stack.catalog().1, tag);
    // Grants of no group yet, the writer's own, and fewer.
    with(&writer, admin(), json!({"developers": "cicd"})).expect(200);
}

#[test]
fn no_body_makes_the_response_grow_with_it() {
    let stack = isolated_stack(|_| {});
    let (_, tag) = stack.catalog();
    let object = |entry: &str, bytes: usize| format!("{{{}}}", vec![entry; bytes / (entry.len() + 1)].join(","));
    let long = format!("\"{}\"", "k".repeat(4000));
    for entry in [
        "\"a\":1".to_owned(),
        format!("{long}:1"),
        format!("{long}:{}", object("\"a\":1", 4000)),
        format!("\"roles\":{{{long}:{{\"permissions\":[{}]}}}}", vec!["\"a:b\""; 500].join(",")),
    ] {
        for (method, path, bytes) in
            [("POST", "/tokens", 15_000), ("PUT", "/catalog", 60_000), ("PUT", "/catalog", 250_000)]
        {
            let request = stack.request(method, path).bearer(&stack.admin).header("If-Match", &*tag);
            let response = request.body(object(&entry, bytes)).send();
            response.problem(400, "invalid_request");
            assert!(response.body.len() < 8 * 1024, "{} bytes for {path} {bytes}", response.body.len());
        }
    }
    assert_eq!(stack.catalog().1, tag);
}
