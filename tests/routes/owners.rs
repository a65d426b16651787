//! Owner names of every valid kind (1 to 255 printable ASCII characters), everywhere they occur.

use serde_json::{Value, json};

use crate::support::{AuditLog, Stack, Token, eventually, isolated_stack, owner, stack};

/// One new owner of each kind.
fn odd_owners() -> Vec<String> {
    let name = owner();
    vec![
        format!(r#"a "b" \ c {name}"#),
        format!("a%20b+c&d=e#f;g?{name}"),
        format!(r"..\{name}/../%2F*"),
        format!(r#""{name}""#),
        format!(r"{name}\n\"),
        format!("${{context.owner}} $context.path {{id}} {name}"),
    ]
}

/// Each byte percent-encoded.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn revoke_all(stack: &Stack, owner: &str) -> Value {
    let path = format!("/owners/-/revoke-tokens?owner={}", encoded(owner));
    stack.post(&path).bearer(&stack.admin).send().expect(200).json()
}

#[test]
fn tokens_of_any_owner_are_created_listed_used_introspected_and_revoked() {
    let stack = stack();
    for name in odd_owners() {
        let token = stack.create(json!({"permissions": ["apps:read", "tokens:read"], "owner": name}));
        assert_eq!(token.owner, name);
        let principal = stack.get("/demo/apps").bearer(&token).send().expect(200).json()["principal"].clone();
        assert_eq!(principal["owner"], json!(name));
        let lists =
            [("tokens", "id", &stack.admin), ("tokens", "id", &token.secret), ("events", "token_id", &stack.admin)];
        for (list, id, caller) in lists {
            let path = if list == "tokens" { "/tokens?" } else { "/activity?kind=created&" };
            let path = format!("{path}owner={}", encoded(&name));
            eventually(&path, || {
                let page = stack.get(&path).bearer(caller).send().expect(200).json();
                let found: Vec<_> = page[list].as_array().unwrap().iter().map(|entry| entry[id].clone()).collect();
                (found == [json!(token.id)]).then_some(())
            });
        }
        let found = stack.post("/introspect").bearer(&stack.admin).form(format!("token={}", token.secret)).send();
        assert_eq!(found.expect(200).json()["sub"], json!(name));
        let response = revoke_all(&stack, &name);
        assert_eq!(
            (&response["owner"], &response["revoked"], &response["done"]),
            (&json!(name), &json!(1), &json!(true))
        );
        assert_eq!(token.status(&stack), 401);
    }
}

#[test]
fn an_owner_with_spaces_and_quotes_may_be_in_a_path() {
    let stack = stack();
    let name = format!(r#"a "b" c+d {}"#, owner());
    let token = stack.create(json!({"permissions": ["apps:read"], "owner": name}));
    let path = format!("/owners/{}/revoke-tokens", encoded(&name));
    assert_eq!(stack.post(&path).bearer(&stack.admin).send().expect(200).json()["revoked"], 1);
    assert_eq!(token.status(&stack), 401);
}

#[test]
fn a_session_of_any_owner_name_is_found_as_the_actor() {
    let stack = isolated_stack(|_| {});
    for name in odd_owners() {
        let session = stack.sign_in(&encoded(&name), &["portcullis-viewer"]);
        let me = stack.get("/me").bearer(&session).send().expect(200).json();
        assert_eq!(me["owner"], json!(name));
        let body = json!({"name": "mine", "permissions": ["apps:read"], "resources": ["*"]});
        let token = Token::shown_in(&stack.post("/tokens").bearer(&session).json(&body).send().expect(201));
        let actor = format!("session:{name}");
        assert_eq!((&token.owner, &token.view["created_by"]), (&name, &json!(actor)));
        let path = format!("/activity?kind=created&actor={}", encoded(&actor));
        let events = stack.get(&path).bearer(&session).send().expect(200).json();
        assert_eq!(events["events"].as_array().unwrap().len(), 1, "{events}");
        assert_eq!(events["events"][0]["by"], json!(actor));
    }
}

#[test]
fn no_owner_name_breaks_out_of_its_log_field() {
    let audit_log = AuditLog::default();
    let writer = audit_log.clone();
    let stack = isolated_stack(move |options| options.audit_log = Box::new(writer));
    for name in odd_owners() {
        let token = stack.create(json!({"permissions": ["apps:read"], "owner": name}));
        let session = stack.sign_in(&encoded(&name), &["portcullis-viewer"]);
        audit_log.take();
        for credential in [&token.secret, &session] {
            stack.get("/demo/apps").bearer(credential).send().expect(200);
            stack.post("/demo/apps").bearer(credential).send().problem(403, "insufficient_scope");
            stack.get("/me").bearer(credential).send().expect(200);
        }
        let audited: Vec<_> = audit_log.take().iter().map(|line| line["owner"].clone()).collect();
        assert_eq!(audited, vec![json!(name); 6]);
        // The gateway copies values unescaped, so its value has no quotes and backslashes.
        let shown = name.replace('"', "'").replace('\\', "/");
        let access_log = stack.access_log();
        let lines = access_log.iter().rev().take(6);
        assert_eq!(lines.map(|line| line["owner"].clone()).collect::<Vec<_>>(), vec![json!(shown); 6]);
    }
}

#[test]
fn a_confusable_owner_name_is_refused_in_every_field() {
    let stack = stack();
    for bad in [" ", " a", "a ", "\u{a0}a", "ä", "a\tb", "a\u{7f}"] {
        let body = json!({"name": "x", "permissions": ["a:b"], "resources": ["*"], "owner": bad});
        assert_eq!(
            stack.post("/tokens").bearer(&stack.admin).json(&body).send().offending_fields(),
            ["owner"],
            "{bad:?}"
        );
        for path in ["/tokens", "/activity"] {
            let response = stack.get(&format!("{path}?owner={}", encoded(bad))).bearer(&stack.admin).send();
            assert_eq!(response.offending_fields(), ["owner"], "{path} {bad:?}");
        }
        let path = format!("/owners/-/revoke-tokens?owner={}", encoded(bad));
        assert_eq!(stack.post(&path).bearer(&stack.admin).send().offending_fields(), ["owner"], "{bad:?}");
    }
}
