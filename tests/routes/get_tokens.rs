//! `GET /tokens`: the list, newest first.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Stack, Token, eventually, merge_json, owner, stack, until_expired};

/// `count` tokens of one owner, newest first.
fn several(stack: &Stack, owner: &str, count: usize) -> Vec<Token> {
    let mut made: Vec<_> =
        (0..count).map(|_| stack.create(json!({ "owner": owner, "permissions": ["tokens:read"] }))).collect();
    made.reverse();
    made
}

fn ids(page: &Value) -> Vec<&str> {
    page["tokens"].as_array().unwrap().iter().map(|token| token["id"].as_str().unwrap()).collect()
}

/// The first page, once the index has `count` tokens.
fn listed(stack: &Stack, path: &str, by: &str, count: usize) -> Value {
    eventually(&format!("{count} tokens in {path}"), || {
        let page = stack.get(path).bearer(by).send().expect(200).json();
        (page["tokens"].as_array().unwrap().len() >= count).then_some(page)
    })
}

/// In a form that can be compared: the second, and the milliseconds if there are any.
fn created_at(token: &Value) -> (String, String) {
    let text = token["created_at"].as_str().unwrap().trim_end_matches('Z');
    let (second, thousandths) = text.split_once('.').unwrap_or((text, ""));
    (second.to_owned(), format!("{thousandths:0<3}"))
}

#[test]
fn a_list_is_newest_first_and_agrees_with_each_token() {
    let stack = stack();
    let tokens = several(&stack, &owner(), 3);
    let page = listed(&stack, "/tokens", &tokens[0].secret, 3);
    // Listing used the caller's token; the others are unchanged.
    assert_eq!(ids(&page), tokens.iter().map(|token| token.id.as_str()).collect::<Vec<_>>());
    assert_eq!(page["tokens"][1], tokens[1].view);
    assert_eq!(page["tokens"][2], tokens[2].view);
    assert_eq!(page["next_cursor"], json!(null));
}

#[test]
fn paging_shows_every_token_once_for_any_page_size() {
    let stack = stack();
    let tokens = several(&stack, &owner(), 7);
    let by = &tokens[0].secret;
    listed(&stack, "/tokens", by, 7);
    for size in [1, 2, 3, 6, 7, 8, 100] {
        let mut seen = Vec::new();
        let mut path = format!("/tokens?limit={size}");
        loop {
            let page = stack.get(&path).bearer(by).send().expect(200).json();
            let shown = ids(&page);
            assert!(shown.len() <= size);
            seen.extend(shown.iter().map(ToString::to_string));
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            assert!(!shown.is_empty() && seen.len() <= 7, "a cursor leads on");
            path = format!("/tokens?limit={size}&cursor={cursor}");
        }
        assert_eq!(seen, tokens.iter().map(|token| token.id.clone()).collect::<Vec<_>>(), "pages of {size}");
    }
}

#[test]
fn a_list_has_only_the_callers_own_tokens() {
    let stack = stack();
    let (mine, theirs) = (stack.token(["tokens:read"]), stack.token(["tokens:read"]));
    let page = listed(&stack, "/tokens", &mine.secret, 1);
    assert_eq!(ids(&page), [&mine.id]);
    let page = listed(&stack, &format!("/tokens?owner={}", mine.owner), &mine.secret, 1);
    assert_eq!(ids(&page), [&mine.id]);
    let refused = stack.get(&format!("/tokens?owner={}", theirs.owner)).bearer(&mine).send();
    assert_eq!(
        refused.problem(403, "forbidden")["detail"],
        "You need the permission tokens:admin for tokens of another owner. Ask an administrator."
    );
}

#[test]
fn an_admin_lists_all_tokens_or_one_owners() {
    let stack = stack();
    let admin = stack.token(["tokens:admin"]);
    let made = [stack.token(["x:y"]), stack.token(["x:y"]), stack.token(["x:y"])];
    // Other tests create tokens at the same time; ours are among the newest hundred.
    let (all, ours) = eventually("three new tokens", || {
        let page = stack.get("/tokens?limit=100").bearer(&admin).send().expect(200).json();
        let all: Vec<_> = page["tokens"].as_array().unwrap().iter().map(created_at).collect();
        let ours: Vec<_> = ids(&page).into_iter().filter_map(|id| made.iter().position(|t| t.id == id)).collect();
        (ours.len() == 3).then_some((all, ours))
    });
    assert_eq!(ours, [2, 1, 0]);
    assert!(all.is_sorted_by(|newer, older| newer >= older), "{all:?}");

    let page = listed(&stack, &format!("/tokens?owner={}", made[1].owner), &admin.secret, 1);
    assert_eq!(ids(&page), [&made[1].id]);
}

#[test]
fn paging_through_all_tokens_shows_each_once() {
    let stack = stack();
    let made: BTreeSet<_> = several(&stack, &owner(), 5).into_iter().map(|token| token.id).collect();
    let mut seen = BTreeSet::new();
    let mut path = "/tokens?limit=2".to_owned();
    // New tokens appear at the front, so paging reaches every older one.
    while !made.is_subset(&seen) {
        let page = stack.get(&path).bearer(&stack.admin).send().expect(200).json();
        for id in ids(&page) {
            assert!(seen.insert(id.to_owned()), "{id} is shown twice");
        }
        let last = page["next_cursor"].is_null();
        assert!(!last || made.is_subset(&seen), "ours are on the way");
        path = format!("/tokens?limit=2&cursor={}", page["next_cursor"].as_str().unwrap_or_default());
    }
}

#[test]
fn a_list_can_be_filtered_by_status() {
    let stack = stack();
    let owner = owner();
    let permissions = ["tokens:read", "tokens:write"];
    let with = |more: Value| stack.create(merge_json(json!({ "owner": owner, "permissions": permissions }), more));
    let (active, revoked) = (with(json!({})), with(json!({ "expires_in": "1h" })));
    let expired = with(json!({ "expires_in": "1s" }));
    until_expired(&stack, &expired);
    stack.post(&format!("{}/revoke", revoked.path())).bearer(&active).send().expect(200);
    for (status, token) in [("active", &active), ("revoked", &revoked), ("expired", &expired)] {
        let page = eventually(&format!("the one {status} token"), || {
            let page = stack.get(&format!("/tokens?status={status}")).bearer(&active).send().expect(200).json();
            (ids(&page) == [&token.id]).then_some(page)
        });
        assert_eq!(page["tokens"][0]["status"], status);
    }
}

#[test]
fn a_page_has_50_tokens_by_default() {
    let stack = stack();
    for _ in 0..6 {
        several(&stack, &owner(), 9);
    }
    let page = listed(&stack, "/tokens", &stack.admin, 50);
    assert_eq!(page["tokens"].as_array().map(Vec::len), Some(50));
    assert!(page["next_cursor"].is_string());
}

#[test]
fn a_page_has_1_to_100_tokens() {
    let stack = stack();
    let by = stack.token(["tokens:read"]);
    for good in ["1", "100", "050"] {
        stack.get(&format!("/tokens?limit={good}")).bearer(&by).send().expect(200);
    }
    for bad in ["0", "101", "-1", "+5", "1.5", "1e1", "ten", "", "%20", "99999999999999999999", "%D9%A1"] {
        let response = stack.get(&format!("/tokens?limit={bad}")).bearer(&by).send();
        assert_eq!(response.offending_fields(), ["limit"], "limit={bad}");
        assert_eq!(response.json()["errors"][0]["message"], "must be a whole number from 1 to 100");
    }
}

#[test]
fn a_tampered_cursor_is_refused() {
    let stack = stack();
    let tokens = several(&stack, &owner(), 2);
    let by = &tokens[0];
    listed(&stack, "/tokens", &by.secret, 2);
    let page = stack.get("/tokens?limit=1").bearer(by).send().expect(200).json();
    let good = page["next_cursor"].as_str().unwrap();
    stack.get(&format!("/tokens?cursor={good}")).bearer(by).send().expect(200);

    let (head, tail) = good.split_at(good.len() / 2);
    let other = if tail.starts_with('A') { "B" } else { "A" };
    for bad in [
        format!("{head}{other}{}", &tail[1..]),
        head.to_owned(),
        tail.to_owned(),
        format!("{good}A"),
        format!("{good}{good}"),
        format!("{good}%3D"),
        "AAAA".to_owned(),
        "null".to_owned(),
        String::new(),
        "%00".to_owned(),
        "A".repeat(4000),
    ] {
        let response = stack.get(&format!("/tokens?cursor={bad}")).bearer(by).send();
        assert_eq!(response.offending_fields(), ["cursor"], "cursor={bad}");
    }
}

#[test]
fn a_cursor_of_another_list_is_refused() {
    let stack = stack();
    let tokens = several(&stack, &owner(), 2);
    let stranger = stack.token(["tokens:read"]);
    listed(&stack, "/tokens", &tokens[0].secret, 2);
    let page = stack.get("/tokens?limit=1").bearer(&tokens[0]).send().expect(200).json();
    let theirs = page["next_cursor"].as_str().unwrap();
    let page = stack.get("/tokens?limit=1").bearer(&stack.admin).send().expect(200).json();
    let everyones = page["next_cursor"].as_str().unwrap();
    for (cursor, by) in [(theirs, &stranger.secret), (theirs, &stack.admin), (everyones, &tokens[0].secret)] {
        let response = stack.get(&format!("/tokens?cursor={cursor}")).bearer(by).send();
        assert_eq!(response.offending_fields(), ["cursor"]);
    }
}

#[test]
fn every_unknown_repeated_or_invalid_parameter_is_named() {
    let stack = stack();
    let ask = |query: &str| stack.get(&format!("/tokens?{query}")).bearer(&stack.admin).send().offending_fields();
    let mut unknown = ask("colour=red&limit=1&id=7&Limit=2");
    unknown.sort();
    assert_eq!(unknown, ["Limit", "colour", "id"]);
    assert_eq!(ask("limit=1&limit=2"), ["limit"]);
    let mut wrong = ask("limit=0&status=gone&owner=%20none");
    wrong.sort();
    assert_eq!(wrong, ["limit", "owner", "status"]);
    for days in ["0", "3651", "-1", "1.5", "", "x"] {
        assert_eq!(ask(&format!("idle_days={days}")), ["idle_days"], "idle_days={days}");
    }
    for status in ["Active", "idle", "", "active,expired", "active%00"] {
        assert_eq!(ask(&format!("status={status}")), ["status"], "status={status}");
    }
}

#[test]
fn listing_needs_tokens_read_on_the_list() {
    let stack = stack();
    let without = stack.token(["tokens:write"]);
    let document = stack.get("/tokens").bearer(&without).send().problem(403, "insufficient_scope");
    assert_eq!((&document["permission"], &document["resource"]), (&json!("tokens:read"), &json!("tokens")));
    let elsewhere = stack.token_on(["tokens:read"], ["tokens/*"]);
    stack.get("/tokens").bearer(&elsewhere).send().problem(403, "insufficient_scope");
    stack.get("/tokens").send().problem(401, "invalid_token");
}
