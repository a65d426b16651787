//! What `catalog:write` allows, and what not: the list in `docs/security.md`.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use crate::support::{Response, Stack, Token, isolated_stack};

/// A deployment in which the group `team` may write the catalog, and `admins` may do everything.
fn deployment() -> Stack {
    let stack = isolated_stack(|_| {});
    stack.put_catalog(&catalog(&json!(WRITER), "writer"));
    stack
}

const WRITER: [&str; 3] = ["catalog:read", "catalog:write", "apps:read"];

fn catalog(writer: &Value, role_of_team: &str) -> Value {
    json!({
        "roles": {
            "writer": {"permissions": writer},
            "copy": {"permissions": WRITER},
            "everything": {"permissions": ["*"]},
        },
        "sessions": {"groups": {"team": role_of_team, "admins": "everything"}},
    })
}

fn put(stack: &Stack, credential: &str, catalog: &Value) -> Response {
    let (_, tag) = stack.catalog();
    stack.request("PUT", "/catalog").bearer(credential).header("If-Match", tag).json(catalog).send()
}

fn create(stack: &Stack, credential: &str, permissions: &[&str]) -> Response {
    stack
        .post("/tokens")
        .bearer(credential)
        .json(&json!({"name": "x", "permissions": permissions, "resources": ["*"]}))
        .send()
}

#[test]
fn a_changed_role_gives_nothing_while_the_authorizer_caches_the_old_one() {
    let stack = deployment();
    let session = stack.sign_in("mallory", &["team"]);
    stack.get("/demo/apps").bearer(&session).send().expect(200);
    // No group gains anything: the team gets a copy of its role, and no group has the original.
    put(&stack, &session, &catalog(&json!(["*"]), "copy")).expect(200);
    create(&stack, &session, &["*"]).problem(403, "exceeds_grants");
    stack.advance_clock(59);
    create(&stack, &session, &["*"]).problem(403, "exceeds_grants");
    create(&stack, &session, &["apps:read"]).expect(201);
    // Nor can it write a catalog with grants that it never had.
    let mut wider = catalog(&json!(["*"]), "copy");
    wider["sessions"]["groups"]["others"] = json!("everything");
    put(&stack, &session, &wider).problem(403, "exceeds_grants");
}

#[test]
fn swapped_roles_never_give_the_grants_of_the_other() {
    let stack = isolated_stack(|_| {});
    let swapped = |low: &str, high: &str| {
        json!({
            "roles": {low: {"permissions": ["apps:read"]}, high: {"permissions": ["*"]}},
            "sessions": {"groups": {"team": low, "admins": high}},
        })
    };
    stack.put_catalog(&swapped("a", "b"));
    let (low, high) = (stack.sign_in("norman", &["team"]), stack.sign_in("alice", &["admins"]));
    for session in [&low, &high] {
        stack.get("/demo/apps").bearer(session).send().expect(200);
    }
    put(&stack, &stack.admin, &swapped("b", "a")).expect(200);
    create(&stack, &low, &["*"]).problem(403, "exceeds_grants");
    create(&stack, &high, &["*"]).expect(201);
}

#[test]
fn a_removed_role_gives_nothing_at_the_next_request() {
    let stack = deployment();
    let session = stack.sign_in("nina", &["admins"]);
    stack.get("/me").bearer(&session).send().expect(200);
    let mut without = catalog(&json!(WRITER), "writer");
    without["sessions"]["groups"] = json!({"team": "writer"});
    put(&stack, &stack.admin, &without).expect(200);
    create(&stack, &session, &["apps:read"]).problem(403, "exceeds_grants");
    // Not even where no grants are needed: the authorizer still allows these.
    let no_more = |response: Response| {
        let document = response.problem(403, "forbidden");
        assert!(document["detail"].as_str().unwrap().contains("no longer"), "{document}");
    };
    no_more(put(&stack, &session, &json!({})));
    no_more(stack.get("/catalog").bearer(&session).send());
    no_more(stack.post("/owners/someone/revoke-tokens").bearer(&session).send());
    let form = format!("token={}", stack.token(["apps:read"]).secret);
    no_more(stack.post("/introspect").bearer(&session).form(form).send());
    let mut back = without;
    back["sessions"]["groups"]["admins"] = json!("everything");
    no_more(put(&stack, &session, &back));
    stack.get("/tokens").bearer(&session).send().expect(200);
}

#[test]
fn too_many_groups_for_the_authorizer_context_are_refused_and_not_cut() {
    let stack = isolated_stack(|_| {});
    // As JSON text, 21 groups of 116 characters are as long as is allowed.
    let mut groups: Vec<String> = (0..22).map(|n| format!("{n:02}{}", "g".repeat(114))).collect();
    groups[21].push('g');
    let mapped: serde_json::Map<_, _> = groups.iter().map(|group| (group.clone(), json!("reader"))).collect();
    stack.put_catalog(&json!({"roles": {"reader": {"permissions": ["apps:read"]}}, "sessions": {"groups": mapped}}));
    let of = |range: RangeInclusive<usize>| {
        let groups: Vec<_> = groups[range].iter().map(String::as_str).collect();
        stack.sign_in("olga", &groups)
    };
    let too_many = of(1..=21);
    stack.get("/me").bearer(of(0..=20)).send().expect(200);
    stack.get("/me").bearer(&too_many).send().problem(401, "invalid_token");
    // A protected API receives the roles, which are few.
    stack.get("/demo/apps").bearer(&too_many).send().expect(200);
}

#[test]
fn catalog_write_can_allow_any_route_of_a_protected_api() {
    let stack = deployment();
    let reader = stack.token(["apps:read"]);
    let remove = || stack.delete("/demo/apps/billing").bearer(&reader).send();
    remove().problem(403, "insufficient_scope");
    let mut opened = catalog(&json!(WRITER), "writer");
    opened["routes"] = json!([{"match": "DELETE /apps/{app}", "permission": "apps:read"}]);
    put(&stack, &stack.sign_in("mallory", &["team"]), &opened).expect(200);
    stack.advance_clock(60);
    remove().expect(200);
}

#[test]
fn catalog_write_decides_what_roles_mean_for_new_tokens() {
    let stack = deployment();
    let mallory = stack.sign_in("mallory", &["team"]);
    let mut changed = catalog(&json!(WRITER), "writer");
    changed["roles"]["cicd"] = json!({"permissions": ["*"]});
    put(&stack, &mallory, &changed).expect(200);
    let body = json!({"name": "x", "role": "cicd", "resources": ["*"]});
    // Not for the writer ...
    stack.post("/tokens").bearer(&mallory).json(&body).send().problem(403, "exceeds_grants");
    // ... but a caller with these grants gets the role's new meaning, and sees it in the response.
    let created = Token::shown_in(&stack.post("/tokens").bearer(&stack.admin).json(&body).send().expect(201));
    assert_eq!(created.view["grants"], json!([{"permissions": ["*"], "resources": ["*"]}]));
}

#[test]
fn catalog_write_allows_no_route_of_the_management_api() {
    let stack = deployment();
    let reader = stack.token(["apps:read"]);
    let mut opened = catalog(&json!(WRITER), "writer");
    opened["routes"] = json!([
        {"match": "GET /tokens", "permission": "apps:read"},
        {"match": "POST /tokens", "permission": "apps:read"},
    ]);
    put(&stack, &stack.sign_in("mallory", &["team"]), &opened).expect(200);
    stack.advance_clock(60);
    stack.get("/tokens").bearer(&reader).send().problem(403, "insufficient_scope");
    create(&stack, &reader.secret, &["apps:read"]).problem(403, "insufficient_scope");
}

#[test]
fn catalog_write_changes_no_existing_token() {
    let stack = deployment();
    let before = stack.create(json!({"role": "writer"}));
    put(&stack, &stack.admin, &catalog(&json!(["*"]), "copy")).expect(200);
    stack.advance_clock(60);
    let after = stack.get(&before.path()).bearer(&stack.admin).send().expect(200).json();
    assert_eq!(after["grants"], before.view["grants"]);
    stack.get("/tokens").bearer(&before).send().problem(403, "insufficient_scope");
}
