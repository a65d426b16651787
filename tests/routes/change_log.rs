//! The change log: a line for each change of a token and of the catalog.

use std::collections::BTreeSet;

use portcullis::token::EVENT_KINDS;
use serde_json::{Value, json};

use crate::support::{Stack, Token, eventually, isolated_stack};

/// Token, event and kind of each event in the table.
fn stored(stack: &Stack) -> BTreeSet<[String; 3]> {
    let text = |value: &aws_sdk_dynamodb::types::AttributeValue| value.as_s().unwrap().clone();
    let event = |item: &std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>| {
        let (pk, sk) = (text(&item["pk"]), text(&item["sk"]));
        let (token, event) = (pk.strip_prefix("TOKEN#")?.to_owned(), sk.strip_prefix("EVENT#")?.to_owned());
        Some([token, event, text(&item["kind"])])
    };
    stack.table().iter().filter_map(event).collect()
}

/// The same, from the lines of changes that were made.
fn logged(lines: &[Value]) -> BTreeSet<[String; 3]> {
    let made = lines.iter().filter(|line| line["outcome"] == "done" && line["token_id"].is_string());
    made.map(|line| ["token_id", "event_id", "change"].map(|field| line[field].as_str().unwrap().to_owned())).collect()
}

fn rotated(stack: &Stack, token: &Token) -> Token {
    let response = stack.post(&format!("{}/rotate", token.path())).bearer(&stack.admin).json(&json!({})).send();
    Token::shown_in(&response.expect(200))
}

#[test]
fn every_change_of_a_token_has_a_line_in_the_change_log() {
    let stack = isolated_stack(|options| options.settings.token.quarantine_on_reuse = true);
    let act = |token: &Token, action: &str| {
        stack.post(&format!("{}/{action}", token.path())).bearer(&stack.admin).send().expect(200);
    };
    let token = stack.token(["apps:read"]);
    stack.get("/demo/apps/billing").bearer(&token).send().expect(200);
    let patch = stack.request("PATCH", &token.path()).bearer(&stack.admin).header("If-Match", token.tag(&stack));
    patch.json(&json!({"name": "new"})).send().expect(200);
    act(&token, "disable");
    act(&token, "enable");
    let new = rotated(&stack, &token);
    stack.get("/me").bearer(&token).send().expect(401);
    eventually("the quarantine", || (new.status(&stack) == 401).then_some(()));
    act(&new, "revoke");
    let deleted = stack.token(["apps:read"]);
    stack.delete(&deleted.path()).bearer(&stack.admin).send().expect(204);
    let owned = stack.token(["apps:read"]);
    let owner = stack.post(&format!("/owners/{}/revoke-tokens", owned.owner)).bearer(&stack.admin);
    owner.send().expect(200);

    let asks = stack.token(["releases:write"]);
    let request = |resource: &str| {
        let body = json!({"permission": "releases:write", "resource": resource, "reason": "Deploy"});
        let approval = stack.post("/approvals").bearer(&asks).json(&body).send().expect(201).json();
        format!("/approvals/{}", approval["id"].as_str().unwrap())
    };
    let (ended, rejected, bob) =
        (request("releases/1"), request("releases/2"), stack.sign_in("bob", &["portcullis-admin"]));
    stack.post(&format!("{ended}/approve")).bearer(&bob).send().expect(200);
    stack.delete(&ended).bearer(&bob).send().expect(200);
    stack.post(&format!("{rejected}/reject")).bearer(&bob).send().expect(200);

    // Events of uses are written after the response.
    let lines = eventually("a line for each event", || {
        let lines = stack.change_log();
        (stored(&stack) == logged(&lines)).then_some(lines)
    });
    let kinds: BTreeSet<_> = lines.iter().map(|line| line["change"].as_str().unwrap()).collect();
    assert_eq!(kinds, BTreeSet::from(EVENT_KINDS));
    let revoked = lines.iter().find(|line| line["change"] == "revoked" && line["token_id"] == *new.id).unwrap();
    let admin = stack.admin.split_once('_').unwrap().1.get(..16).unwrap();
    assert_eq!((&revoked["owner"], &revoked["by"]), (&json!(new.owner), &json!(format!("token:{admin}"))));
    assert!(revoked["source_ip"].is_string() && revoked["timestamp"].is_string());
    let updated = lines.iter().find(|line| line["change"] == "updated").unwrap();
    assert_eq!(updated["detail"], json!({"changes": [{"field": "name", "from": "e2e", "to": "new"}]}));
    let text = format!("{lines:?}");
    assert!([&token, &new, &deleted].iter().all(|token| !text.contains(&token.secret)));
}

#[test]
fn a_repeated_decision_has_a_line_in_the_change_log() {
    let stack = isolated_stack(|_| {});
    let (token, bob) = (stack.token(["releases:write"]), stack.sign_in("bob", &["portcullis-admin"]));
    let body = json!({"permission": "releases:write", "resource": "releases/1", "reason": "Deploy"});
    let ask = || stack.post("/approvals").bearer(&token).json(&body).send().json();
    let path = format!("/approvals/{}", ask()["id"].as_str().unwrap());
    ask();
    for _ in 0..2 {
        stack.post(&format!("{path}/approve")).bearer(&bob).send().expect(200);
    }
    for _ in 0..2 {
        stack.delete(&path).bearer(&bob).send().expect(200);
    }
    let lines = stack.change_log();
    for kind in ["approval_requested", "approval_approved", "approval_ended"] {
        let outcomes: Vec<_> =
            lines.iter().filter(|line| line["change"] == kind).map(|line| &line["outcome"]).collect();
        assert_eq!(outcomes, ["done", "unchanged"], "{kind}");
    }
}

#[test]
fn an_acknowledgement_without_a_write_has_a_line_in_the_change_log() {
    let stack = isolated_stack(|_| {});
    for action in ["disable", "revoke"] {
        let token = stack.token(["apps:read"]);
        for _ in 0..2 {
            stack.post(&format!("{}/{action}", token.path())).bearer(&stack.admin).send().expect(200);
        }
        let lines = stack.change_log();
        let outcomes = lines.iter().filter(|line| line["token_id"] == *token.id).map(|line| line["outcome"].clone());
        assert_eq!(outcomes.collect::<Vec<_>>(), ["done", "done", "unchanged"], "{action}");
    }
}

#[test]
fn a_new_catalog_has_a_line_with_its_version_in_the_change_log() {
    let stack = isolated_stack(|_| {});
    let (catalog, _) = stack.catalog();
    stack.put_catalog(&catalog);
    let (_, tag) = stack.catalog();
    let line = stack.change_log().into_iter().find(|line| line["change"] == "catalog_replaced").unwrap();
    assert_eq!((&line["outcome"], &line["token_id"]), (&json!("done"), &Value::Null));
    assert_eq!(format!("\"{}\"", line["catalog_version"]), tag);
    assert!(line["by"].as_str().unwrap().starts_with("token:"));
}
