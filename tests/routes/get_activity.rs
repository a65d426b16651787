//! `GET /activity`: the events of the deployment.

use serde_json::{Value, json};

use crate::support::{Stack, Token, eventually, owner, stack};

/// The events of a page without first uses, once there are `count`.
fn events(stack: &Stack, caller: &Token, query: &str, count: usize) -> Vec<Value> {
    eventually(&format!("{count} events"), || {
        let page = stack.get(&format!("/activity?{query}")).bearer(caller).send().expect(200).json();
        let mut events = page["events"].as_array().unwrap().clone();
        // A first use is written after the response, so anywhere between the others.
        events.retain(|event| event["kind"] != "first_used");
        (events.len() >= count).then_some(events)
    })
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["kind"].as_str().unwrap()).collect()
}

#[test]
fn owners_see_only_events_of_their_own_tokens() {
    let stack = stack();
    let alice = stack.token(["tokens:read", "tokens:write"]);
    let bob = stack.token(["tokens:read"]);
    stack.post(&format!("{}/disable", alice.path())).bearer(&stack.admin).send().expect(200);
    let enabled = stack.post(&format!("{}/enable", alice.path())).bearer(&stack.admin).send();
    enabled.expect(200);
    let hers = events(&stack, &alice, "", 3);
    assert_eq!(kinds(&hers), ["enabled", "disabled", "created"]);
    for event in &hers {
        assert_eq!((&event["token_id"], &event["owner"]), (&json!(alice.id), &json!(alice.owner)));
    }
    let his = events(&stack, &bob, "", 1);
    assert!(his.iter().all(|event| event["owner"] == json!(bob.owner)));
    let refused = stack.get(&format!("/activity?owner={}", alice.owner)).bearer(&bob).send();
    refused.problem(403, "forbidden");
}

#[test]
fn admins_see_the_events_of_any_owner_also_of_deleted_tokens() {
    let stack = stack();
    let token = stack.token(["x:y"]);
    let admin = stack.token(["tokens:admin"]);
    stack.delete(&token.path()).bearer(&admin).send().expect(204);
    let found = events(&stack, &admin, &format!("owner={}", token.owner), 2);
    assert_eq!(kinds(&found), ["deleted", "created"]);
    assert_eq!(found[0]["by"], format!("token:{}", admin.id));
    let by = events(&stack, &admin, &format!("actor=token:{}&kind=deleted", admin.id), 1);
    assert_eq!(by, found[..1]);
}

#[test]
fn paging_shows_every_event_once() {
    let stack = stack();
    let owner = owner();
    let permissions = ["tokens:read"];
    let token = stack.create(json!({ "owner": owner, "permissions": permissions }));
    for _ in 0..3 {
        stack.create(json!({ "owner": owner, "permissions": permissions }));
    }
    let whole = events(&stack, &token, "kind=created", 4);
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/activity?kind=created&limit=1{cursor}");
        let page = stack.get(&path).bearer(&token).send().expect(200).json();
        found.extend(page["events"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, whole);
}

#[test]
fn every_invalid_parameter_is_named_in_one_response() {
    let stack = stack();
    let wrong = "/activity?from=yesterday&to=x&kind=x&actor=x&limit=0&cursor=x&owner=%20";
    let response = stack.get(wrong).bearer(&stack.admin).send();
    assert_eq!(response.offending_fields(), ["from", "to", "kind", "actor", "owner", "limit", "cursor"]);
    // A reversed interval has no events.
    for turned in
        ["from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from=2026-01-01T02:00:00Z&to=2026-01-01T01:00:00Z"]
    {
        let page = stack.get(&format!("/activity?{turned}")).bearer(&stack.admin).send().expect(200).json();
        assert_eq!(page, json!({ "events": [], "next_cursor": null }));
    }
}

#[test]
fn a_time_bound_may_have_any_offset_and_fraction() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    for bounds in
        ["from=2000-01-01T00:00:00.041Z", "from=2000-01-01T00:00:00.041999%2B00:00&to=2099-01-01T00:00:00-08:00"]
    {
        let path = format!("/activity?owner={}&{bounds}", token.owner);
        let page = stack.get(&path).bearer(&stack.admin).send().expect(200).json();
        assert_eq!(page["events"][0]["kind"], "created");
    }
}

#[test]
fn the_activity_needs_tokens_read() {
    let stack = stack();
    let token = stack.token(["apps:read"]);
    let document = stack.get("/activity").bearer(&token).send().problem(403, "insufficient_scope");
    assert_eq!((&document["permission"], &document["resource"]), (&json!("tokens:read"), &json!("tokens")));
}
