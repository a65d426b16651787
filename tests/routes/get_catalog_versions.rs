//! `GET /catalog/versions` and `GET /catalog/versions/{version}`, and how to publish an old version again.

use serde_json::{Value, json};

use crate::support::{Stack, isolated_stack};

fn catalog(routes: &Value) -> Value {
    json!({
        "permissions": {"build:create": "Start a build"},
        "roles": {"writer": {"permissions": ["catalog:read", "catalog:write"]}, "everything": {"permissions": ["*"]}},
        "routes": routes,
        "sessions": {"groups": {"team": "writer", "admins": "everything"}},
    })
}

fn listed(stack: &Stack) -> Vec<Value> {
    let page = stack.get("/catalog/versions").bearer(&stack.admin).send().expect(200).json();
    assert_eq!(page["next_cursor"], Value::Null);
    page["versions"].as_array().unwrap().clone()
}

fn shown(stack: &Stack, version: u64) -> Value {
    let response = stack.get(&format!("/catalog/versions/{version}")).bearer(&stack.admin).send().expect(200);
    assert_eq!(response.header("etag"), None);
    response.json()
}

#[test]
fn a_deployment_with_the_default_catalog_has_no_versions() {
    let stack = isolated_stack(|_| {});
    assert!(listed(&stack).is_empty());
    stack.get("/catalog/versions/0").bearer(&stack.admin).send().problem(404, "not_found");
}

#[test]
fn each_version_names_who_published_it_and_when() {
    let stack = isolated_stack(|_| {});
    stack.put_catalog(&catalog(&json!([])));
    let session = stack.sign_in("alice", &["admins"]);
    let (current, tag) = stack.catalog();
    stack.request("PUT", "/catalog").bearer(session).header("If-Match", &*tag).json(&current).send().expect(200);
    let versions = listed(&stack);
    let by: Vec<_> = versions.iter().map(|version| (&version["version"], &version["created_by"])).collect();
    let admin = json!(format!("token:{}", stack.admin.split_once('_').unwrap().1.get(..16).unwrap()));
    assert_eq!(by, [(&json!(2), &json!("session:alice")), (&json!(1), &admin)]);
    let logged: Vec<_> = stack.change_log().into_iter().filter(|line| line["change"] == "catalog_replaced").collect();
    for (version, line) in versions.iter().rev().zip(&logged) {
        assert_eq!(version["created_by"], line["by"]);
        let second = |time: &Value| time.as_str().unwrap()[..19].to_owned();
        assert_eq!(second(&version["created_at"]), second(&line["timestamp"]));
    }
}

#[test]
fn an_old_version_is_published_again_with_put() {
    let stack = isolated_stack(|_| {});
    stack.put_catalog(&catalog(&json!([])));
    let (first, _) = stack.catalog();
    let route = json!([{"match": "GET /apps/{app}", "permission": "build:create"}]);
    stack.put_catalog(&catalog(&route));
    let (second, tag) = stack.catalog();
    assert_eq!([shown(&stack, 1), shown(&stack, 2)], [first.clone(), second]);
    let put = stack.request("PUT", "/catalog").bearer(&stack.admin).header("If-Match", tag).json(&shown(&stack, 1));
    put.send().expect(200);
    assert_eq!(stack.catalog(), (first, "\"3\"".to_owned()));
    assert_eq!(listed(&stack).len(), 3);
}

#[test]
fn publishing_an_old_version_cannot_exceed_the_callers_grants() {
    let stack = isolated_stack(|_| {});
    let mut wide = catalog(&json!([]));
    wide["sessions"]["groups"]["team"] = json!("everything");
    stack.put_catalog(&wide);
    stack.put_catalog(&catalog(&json!([])));
    stack.advance_clock(60);
    let mallory = stack.sign_in("mallory", &["team"]);
    let old = stack.get("/catalog/versions/1").bearer(&mallory).send().expect(200).json();
    let (_, tag) = stack.catalog();
    let put = stack.request("PUT", "/catalog").bearer(&mallory).header("If-Match", tag).json(&old);
    put.send().problem(403, "exceeds_grants");
    assert_eq!(listed(&stack).len(), 2);
}

#[test]
fn versions_need_the_permission_to_read_the_catalog() {
    let stack = isolated_stack(|_| {});
    stack.put_catalog(&catalog(&json!([])));
    let (reader, other) = (stack.token(["catalog:read"]), stack.token(["tokens:admin", "catalog:write"]));
    for path in ["/catalog/versions", "/catalog/versions/1"] {
        stack.get(path).bearer(&reader).send().expect(200);
        let refused = stack.get(path).bearer(&other).send().problem(403, "insufficient_scope");
        assert_eq!(refused["permission"], "catalog:read");
    }
}

#[test]
fn an_unknown_version_is_not_found() {
    let stack = isolated_stack(|_| {});
    stack.put_catalog(&catalog(&json!([])));
    for version in ["0", "2", "01", "+1", "-1", "x", "1.0", "99999999999999999999"] {
        stack.get(&format!("/catalog/versions/{version}")).bearer(&stack.admin).send().problem(404, "not_found");
    }
}

#[test]
fn versions_are_listed_in_pages() {
    let stack = isolated_stack(|_| {});
    for _ in 0..3 {
        stack.put_catalog(&catalog(&json!([])));
    }
    let page = |query: &str| stack.get(&format!("/catalog/versions{query}")).bearer(&stack.admin).send();
    let numbers = |page: &Value| page["versions"].as_array().unwrap().iter().map(|it| it["version"].clone()).collect();
    let first = page("?limit=2").expect(200).json();
    let second = page(&format!("?limit=2&cursor={}", first["next_cursor"].as_str().unwrap())).expect(200).json();
    let found: [Vec<Value>; 2] = [numbers(&first), numbers(&second)];
    assert_eq!(found, [vec![json!(3), json!(2)], vec![json!(1)]]);
    assert_eq!(second["next_cursor"], Value::Null);
    let document = page("?limit=0&cursor=x").problem(400, "invalid_request");
    let fields: Vec<_> = document["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["limit", "cursor"]);
}
