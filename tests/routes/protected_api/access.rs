//! Authorization: permissions by convention, resources by path.

use serde_json::{Value, json};

use crate::support::stack;

const READS: [&str; 3] = ["GET", "HEAD", "OPTIONS"];
const WRITES: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

#[test]
fn reading_needs_read_and_every_other_method_needs_write() {
    let stack = stack();
    let (reader, writer) = (stack.token(["apps:read"]), stack.token(["apps:write"]));
    let path = "/demo/apps/billing/builds";
    for (methods, may, may_not, needed) in
        [(&READS[..], &reader, &writer, "apps:read"), (&WRITES[..], &writer, &reader, "apps:write")]
    {
        for method in methods {
            let response = stack.request(method, path).bearer(may).send().expect(200);
            if *method != "HEAD" {
                assert_eq!(response.json()["method"], *method);
                let refused = stack.request(method, path).bearer(may_not).send();
                let document = refused.problem(403, "insufficient_scope");
                assert_eq!(document["permission"], needed, "{method}");
            }
        }
    }
    stack.request("HEAD", path).bearer(&writer).send().expect(403);
}

#[test]
fn a_403_names_the_missing_permission_and_resource() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let response = stack.post("/demo/apps/billing").bearer(&token).send();
    assert_eq!(
        response.problem(403, "insufficient_scope"),
        json!({
            "type": "urn:portcullis:problem:insufficient_scope",
            "title": "Insufficient permission",
            "status": 403,
            "detail": "You need the permission apps:write on apps/billing.",
            "permission": "apps:write",
            "resource": "apps/billing",
            "roles": "",
            "request_id": "[request id]",
        })
    );
    assert_eq!(response.header("www-authenticate"), Some(r#"Bearer realm="portcullis", error="insufficient_scope""#));
}

#[test]
fn a_403_distinguishes_a_missing_resource_from_a_missing_permission() {
    let stack = stack();
    let token = stack.token_on(["apps:read"], ["apps/billing"]);
    let document = stack.get("/demo/apps/payroll").bearer(&token).send().problem(403, "insufficient_scope");
    assert_eq!(
        document["detail"],
        "You need the permission apps:read on apps/payroll. You have it on other resources only."
    );
    assert_eq!((&document["permission"], &document["resource"]), (&json!("apps:read"), &json!("apps/payroll")));
}

#[test]
fn a_grant_covers_its_resource_and_all_below_it_only() {
    let stack = stack();
    let token = stack.token_on(["*"], ["apps/billing"]);
    for path in ["/apps/billing", "/apps/billing/", "/apps/billing/builds", "/apps/billing/builds/7/log"] {
        stack.get(&format!("/demo{path}")).bearer(&token).send().expect(200);
    }
    for path in
        ["/", "/apps", "/apps/", "/apps/payroll", "/apps/billing2", "/apps/billin", "/billing", "/x/apps/billing"]
    {
        stack.get(&format!("/demo{path}")).bearer(&token).send().problem(403, "insufficient_scope");
    }
}

#[test]
fn a_grant_below_a_resource_does_not_cover_the_resource() {
    let stack = stack();
    let token = stack.token_on(["*"], ["apps/*"]);
    for path in ["/demo/apps/billing", "/demo/apps/billing/builds"] {
        stack.get(path).bearer(&token).send().expect(200);
    }
    for path in ["/demo/apps", "/demo/apps/", "/demo/apps2/billing", "/demo"] {
        stack.get(path).bearer(&token).send().problem(403, "insufficient_scope");
    }
}

#[test]
fn each_resource_of_a_grant_is_covered() {
    let stack = stack();
    let token = stack.token_on(["apps:read", "jobs:*"], ["apps/billing", "jobs/*"]);
    for (method, path) in [("GET", "/demo/apps/billing"), ("POST", "/demo/jobs/7")] {
        stack.request(method, path).bearer(&token).send().expect(200);
    }
    for (method, path) in [("POST", "/demo/apps/billing"), ("GET", "/demo/jobs"), ("GET", "/demo/apps")] {
        stack.request(method, path).bearer(&token).send().problem(403, "insufficient_scope");
    }
}

#[test]
fn a_wildcard_matches_either_half_of_a_permission() {
    let stack = stack();
    for (granted, allowed, refused) in [
        ("*", &[("GET", "/apps/a"), ("DELETE", "/jobs/b"), ("GET", "/"), ("POST", "")][..], &[][..]),
        ("*:*", &[("PUT", "/apps/a")], &[]),
        ("apps:*", &[("GET", "/apps/a"), ("PATCH", "/apps")], &[("GET", "/jobs"), ("GET", "/")]),
        (
            "*:read",
            &[("GET", "/apps/a"), ("GET", "/jobs"), ("GET", "/"), ("GET", "")],
            &[("POST", "/apps/a"), ("POST", "/")],
        ),
    ] {
        let token = stack.token([granted]);
        for (method, path) in allowed {
            stack.request(method, &format!("/demo{path}")).bearer(&token).send().expect(200);
        }
        for (method, path) in refused {
            let response = stack.request(method, &format!("/demo{path}")).bearer(&token).send();
            response.problem(403, "insufficient_scope");
        }
    }
}

#[test]
fn resources_and_permissions_are_case_sensitive() {
    let stack = stack();
    let token = stack.token_on(["apps:read"], ["apps/Billing"]);
    stack.get("/demo/apps/Billing").bearer(&token).send().expect(200);
    for path in ["/demo/apps/billing", "/demo/apps/BILLING", "/demo/Apps/Billing", "/demo/APPS/Billing"] {
        stack.get(path).bearer(&token).send().problem(403, "insufficient_scope");
    }
    let shouting = stack.token(["APPS:read"]);
    let document = stack.get("/demo/apps/Billing").bearer(&shouting).send().problem(403, "insufficient_scope");
    assert_eq!(document["permission"], "apps:read");
}

#[test]
fn the_backend_receives_the_authorizers_context() {
    let stack = stack();
    let token = stack.create(json!({
        "name": "nightly \"build\" \\ ünïcode",
        "permissions": ["apps:read", "jobs:*"], "resources": ["*"],
    }));
    let response = stack.get("/demo/apps/billing").bearer(&token).send().expect(200).json();
    assert_eq!((&response["method"], &response["path"]), (&json!("GET"), &json!("/apps/billing")));
    let principal = &response["principal"];
    for (name, value) in [
        ("principalId", token.id.as_str()),
        ("principal_type", "token"),
        ("token_id", &token.id),
        ("token_name", "nightly \"build\" \\ ünïcode"),
        ("owner", &token.owner),
        ("grants", r#"[{"permissions":["apps:read","jobs:*"],"resources":["*"]}]"#),
    ] {
        assert_eq!(principal[name], value, "{name}");
    }
}

#[test]
fn the_largest_context_reaches_the_backend_whole() {
    let stack = stack();
    let mut permissions: Vec<_> = (1..50).map(|at| format!("{at:0>50}:{}", "x".repeat(49))).collect();
    permissions.push("apps:read".to_owned());
    let token = stack.create(json!({ "name": "n".repeat(100), "permissions": permissions, "resources": ["*"] }));
    let response = stack.get("/demo/apps/billing").bearer(&token).send().expect(200).json();
    let grants: Value = serde_json::from_str(response["principal"]["grants"].as_str().unwrap()).unwrap();
    assert_eq!(grants, json!([{ "permissions": permissions, "resources": ["*"] }]));
}

#[test]
fn a_caller_cannot_forge_the_principal_of_the_backend() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let request = stack.get("/demo/apps/billing?owner=root&token_id=root").bearer(&token);
    let request = ["owner", "principalId", "principal_type", "token_id", "x-amzn-authorizer"]
        .into_iter()
        .fold(request, |request, name| request.header(name, "root"));
    let principal = request.send().expect(200).json()["principal"].clone();
    assert_eq!(principal["owner"], token.owner);
    assert!(!principal.to_string().contains("root"), "{principal}");
}

#[test]
fn method_and_path_override_headers_are_ignored() {
    let stack = stack();
    let token = stack.token_on(["apps:read"], ["apps/billing"]);
    for (name, value) in [
        ("X-HTTP-Method-Override", "GET"),
        ("X-Method-Override", "GET"),
        ("X-Original-URL", "/apps/billing"),
        ("X-Rewrite-URL", "/demo/apps/billing"),
        ("X-Forwarded-Prefix", "/apps/billing"),
    ] {
        stack.post("/demo/apps/billing").bearer(&token).header(name, value).send().expect(403);
        stack.get("/demo/apps/payroll").bearer(&token).header(name, value).send().expect(403);
    }
}
