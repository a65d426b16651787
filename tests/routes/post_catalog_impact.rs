//! `POST /catalog/impact`: the routes that tokens would lose or gain.

use serde_json::{Value, json};

use crate::support::{Stack, isolated_stack, stack};

fn ask(stack: &Stack, query: &str, catalog: &Value) -> crate::support::Response {
    stack.post(&format!("/catalog/impact{query}")).bearer(&stack.admin).json(catalog).send()
}

/// The published catalog with other routes.
fn with_routes(stack: &Stack, routes: &Value) -> Value {
    let (mut catalog, _) = stack.catalog();
    catalog["routes"] = routes.clone();
    catalog
}

#[test]
fn a_new_requirement_names_the_tokens_that_lose_and_gain_the_route() {
    let stack = isolated_stack(|_| {});
    let reader = stack.token_on(["apps:read"], ["apps/billing"]);
    let restarter = stack.token_on(["apps:restart"], ["app/billing"]);
    let both = stack.token_on(["apps:read", "apps:restart"], ["*"]);
    let revoked = stack.token_on(["apps:read"], ["apps/billing"]);
    stack.post(&format!("{}/revoke", revoked.path())).bearer(&stack.admin).send().expect(200);
    let route = json!([{"match": "GET /apps/{app}", "permission": "apps:restart", "resource": "app/{app}"}]);
    let proposed = with_routes(&stack, &route);
    let impact = ask(&stack, "", &proposed).expect(200).json();
    let expected = json!({
        // With the admin's token.
        "tokens": 4,
        "routes": [{"route": "GET /apps/{app}", "loses": [reader.id], "gains": [restarter.id]}],
        "skipped_routes": 0,
        "next_cursor": null,
    });
    assert_eq!(impact, expected);
    // It is what the authorizer then decides.
    let status = |token| stack.get("/demo/apps/billing").bearer(token).send().status;
    assert_eq!([&reader, &restarter, &both].map(status), [200, 403, 200]);
    stack.put_catalog(&proposed);
    stack.advance_clock(60);
    assert_eq!([&reader, &restarter, &both].map(status), [403, 200, 200]);
}

#[test]
fn the_published_catalog_has_no_impact_and_nothing_is_stored() {
    let stack = isolated_stack(|_| {});
    stack.token(["apps:read"]);
    let (catalog, tag) = stack.catalog();
    assert_eq!(ask(&stack, "", &catalog).expect(200).json()["routes"], json!([]));
    let strict = json!({"strict": true, "permissions": catalog["permissions"]});
    assert_ne!(ask(&stack, "", &strict).expect(200).json()["routes"], json!([]));
    assert_eq!(stack.catalog(), (catalog, tag));
}

#[test]
fn the_pages_of_an_impact_cover_each_token_once() {
    let stack = isolated_stack(|_| {});
    let mut expected: Vec<_> = (0..51).map(|_| stack.token(["apps:read"]).id).collect();
    expected.push(stack.admin[4..20].to_owned());
    let proposed = json!({"strict": true, "permissions": stack.catalog().0["permissions"]});
    let first = ask(&stack, "", &proposed).expect(200).json();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = ask(&stack, &format!("?cursor={cursor}"), &proposed).expect(200).json();
    assert_eq!((&first["tokens"], &second["tokens"], &second["next_cursor"]), (&json!(50), &json!(2), &Value::Null));
    let ids = |page: &Value| page["routes"][0]["loses"].as_array().unwrap().clone();
    let mut lost = [ids(&first), ids(&second)].concat();
    lost.sort_by_key(Value::to_string);
    expected.sort();
    assert_eq!(json!(lost), json!(expected));
}

#[test]
fn the_impact_of_an_invalid_catalog_is_its_errors() {
    let stack = stack();
    let document = ask(&stack, "", &json!({"strict": 1, "roles": []})).problem(400, "invalid_request");
    let fields: Vec<_> = document["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["strict", "roles"]);
    ask(&stack, "?cursor=x", &json!({})).problem(400, "invalid_request");
    ask(&stack, "?limit=1", &json!({})).problem(400, "invalid_request");
}

#[test]
fn the_impact_needs_permission_for_the_catalog_and_for_all_tokens() {
    let stack = stack();
    for (permissions, status) in [
        (["catalog:write", "tokens:admin"], 200),
        (["catalog:write", "tokens:read"], 403),
        (["catalog:read", "tokens:admin"], 403),
    ] {
        let token = stack.token_on(permissions, ["*"]);
        let response = stack.post("/catalog/impact").bearer(&token).json(&json!({})).send();
        assert_eq!(response.status, status, "{permissions:?}");
    }
}
