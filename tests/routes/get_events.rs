//! `GET /tokens/{id}/events`

use serde_json::{Value, json};

use crate::support::{Token, stack};

#[test]
fn events_show_the_actor_the_kind_the_time_and_the_source() {
    let stack = stack();
    let token = stack.create(json!({"permissions": ["tokens:read"]}));
    let keeper = stack.create(json!({"permissions": ["tokens:write", "tokens:read"], "owner": token.owner}));
    let patch = stack.request("PATCH", &token.path()).bearer(&keeper).header("If-Match", "\"1\"");
    patch.json(&json!({"name": "new"})).send().expect(200);
    let token = Token::shown_in(
        &stack
            .post(&format!("{}/rotate", token.path()))
            .bearer(&keeper)
            .json(&json!({"overlap": "1h"}))
            .send()
            .expect(200),
    );
    let body = json!({"reason": "leaked", "comment": "in a log"});
    stack.post(&format!("{}/revoke", token.path())).bearer(&keeper).json(&body).send().expect(200);
    let response = stack.get(&format!("{}/events", token.path())).bearer(&keeper).send().expect(200).json();
    assert_eq!(response["next_cursor"], Value::Null);
    let events = response["events"].as_array().unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["revoked", "rotated", "updated", "created"]);
    let by = format!("token:{}", keeper.id);
    for event in &events[..3] {
        assert_eq!((&event["by"], &event["user_agent"]), (&json!(by), &json!("portcullis-e2e")));
        assert!(event["source_ip"].is_string() && event["at"].is_string());
    }
    assert_eq!(events[0]["detail"], body);
    assert_eq!(events[1]["detail"]["changes"], json!([]));
    assert!(events[1]["detail"]["previous_secret_until"].is_string());
    assert_eq!(events[2]["detail"], json!({"changes": [{"field": "name", "from": "e2e", "to": "new"}]}));
}

#[test]
fn events_are_paged() {
    let stack = stack();
    let token = stack.token(["a:b"]);
    for at in 1..=4 {
        let patch = stack.request("PATCH", &token.path()).bearer(&stack.admin).header("If-Match", format!("\"{at}\""));
        patch.json(&json!({"name": format!("name {at}")})).send().expect(200);
    }
    let path = format!("{}/events", token.path());
    let (mut ids, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = stack.get(&format!("{path}{query}")).bearer(&stack.admin).send().expect(200).json();
        ids.extend(page["events"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=2&cursor={cursor}");
    }
    assert_eq!(ids.len(), 5);
    assert!(ids.is_sorted_by(|a, b| a > b), "newest first, each once");
    let mut wrong = stack.get(&format!("{path}?limit=0&cursor=x")).bearer(&stack.admin).send().offending_fields();
    wrong.sort();
    assert_eq!(wrong, ["cursor", "limit"]);
}

#[test]
fn events_need_access_to_the_token_and_are_gone_with_it() {
    let stack = stack();
    let (token, stranger) = (stack.token(["a:b"]), stack.token(["tokens:read"]));
    let path = format!("{}/events", token.path());
    stack.get(&path).bearer(&stranger).send().problem(404, "not_found");
    stack.get(&path).bearer(&token).send().problem(403, "insufficient_scope");
    stack.delete(&token.path()).bearer(&stack.admin).send().expect(204);
    stack.get(&path).bearer(&stack.admin).send().problem(404, "not_found");
}
