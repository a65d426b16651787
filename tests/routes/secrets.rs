//! Secrets in every place of a request, and a search of everything that is written: logs, panics and storage.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use portcullis::clock::Clock;
use portcullis::env::Env;
use portcullis::logging;
use serde_json::json;

use super::post_exchange::{exchange, trusting};
use crate::support::leak_check::{contains_secret, remember};
use crate::support::{Issuer, Stack, Token, alone, unknown_token};

/// More than the times that a request reads the clock.
const CLOCK_READS: i64 = 12;

#[test]
fn no_secret_is_in_a_log_at_trace_in_a_panic_or_in_storage() {
    alone("routes::secrets::no_secret_is_in_a_log_at_trace_in_a_panic_or_in_storage", |output| {
        logging::init(Env::from_fn(&|name| (name == "AWS_LAMBDA_LOG_LEVEL").then(|| "TRACE".to_owned())));
        let issuer = Issuer::start();
        let reads_left = Arc::new(AtomicI64::new(i64::MAX));
        let countdown = Arc::clone(&reads_left);
        let stack = trusting(&issuer, move |options| {
            options.audit_log = Box::new(io::stdout());
            let clock = options.clock.clone();
            options.clock = Clock::from_fn(move || {
                assert_ne!(countdown.fetch_sub(1, Ordering::SeqCst), 0, "the clock is broken");
                clock.now()
            });
        });
        let (token, retired) = live_and_retired(&stack);
        let identity = issuer.signs(&issuer.claims());
        let job = Token::exchanged_in(&exchange(&stack, &identity).expect(200));
        let session = stack.sign_in("alice", &["portcullis-admin"]);
        let unknown = unknown_token(&stack.prefix());
        remember(&unknown);
        remember(&identity);
        let secrets = [&token.secret, &retired, &job.secret, &session, &unknown, &identity].map(String::as_str);
        for secret in secrets {
            send_everywhere(&stack, secret);
        }
        for reads in 0..CLOCK_READS {
            for secret in secrets {
                reads_left.store(reads, Ordering::SeqCst);
                stack.get("/demo/apps/billing").bearer(secret).send();
                reads_left.store(reads, Ordering::SeqCst);
                stack.post("/introspect").bearer(&stack.admin).form(format!("token={secret}")).send();
                reads_left.store(i64::MAX, Ordering::SeqCst);
            }
        }
        make_unreadable(&stack, &token);
        stack.get("/demo/apps/billing").bearer(&token).send().expect(500);
        stack.post("/revoke").form(format!("token={}", job.secret)).send().expect(200);
        stack.get("/demo/apps/billing").bearer(&job).send().expect(401);

        for item in stack.table() {
            assert!(!contains_secret(format!("{item:?}").as_bytes()), "a secret is in {item:?}");
        }
        for file in fs::read_dir(stack.data_dir()).unwrap() {
            let file = file.unwrap().path();
            let holds_secret = contains_secret(&fs::read(&file).unwrap());
            assert_eq!(holds_secret, file.ends_with("admin-token"), "{}", file.display());
        }
        drop(stack);
        let text = fs::read_to_string(output).unwrap();
        for kind in [r#""rbac_decision":"allow""#, r#""level":"ERROR""#, "the clock is broken", "stack backtrace"] {
            assert!(text.contains(kind), "{kind} is missing");
        }
        assert!(!contains_secret(text.as_bytes()) && !text.contains("eyJ"), "a secret is in the output");
    });
}

/// A token after a rotation, and its previous secret.
fn live_and_retired(stack: &Stack) -> (Token, String) {
    let old = stack.token(["*"]);
    let path = format!("{}/rotate", old.path());
    let new = stack.post(&path).bearer(&stack.admin).json(&json!({})).send().expect(200);
    (Token::shown_in(&new), old.secret)
}

/// Sends a secret as each part of a request. Some of these requests are refused; each response is searched.
fn send_everywhere(stack: &Stack, secret: &str) {
    let reader = stack.token(["tokens:read"]);
    for path in ["/demo/apps", "/me", "/tokens"] {
        stack.get(path).bearer(secret).send();
        stack.get(path).header("x-api-token", secret).send();
        stack.get(path).bearer(secret).header("x-api-token", secret).send();
        stack.get(&format!("{path}/{secret}")).bearer(&reader).send();
    }
    stack.get(&format!("/tokens?{secret}={secret}")).bearer(&stack.admin).send();
    stack.get("/me").header("Authorization", format!("Basic {secret}")).send();
    stack.get("/me").bearer(format!("{secret}x")).send();
    for header in ["User-Agent", "Referer", "Idempotency-Key", "If-Match", "Content-Encoding"] {
        let body = json!({"name": "x", "permissions": ["apps:read"], "resources": ["*"]});
        stack.post("/tokens").bearer(&stack.admin).header(header, secret).json(&body).send();
    }
    for body in [json!({"name": secret}), json!({secret: secret}), json!(secret)] {
        stack.post("/tokens").bearer(&stack.admin).json(&body).send();
        stack.post("/explain").bearer(&stack.admin).json(&body).send();
    }
    stack.post("/tokens").bearer(&stack.admin).body(secret).send();
    for form in [format!("token={secret}&method={secret}&path=/{secret}"), format!("{secret}={secret}")] {
        stack.post("/introspect").bearer(&stack.admin).form(form.as_str()).send();
        stack.post("/exchange").form(form.replace("token=", "subject_token=")).send();
    }
    stack.post(&format!("/revoke?token={secret}")).form("").send();
    for field in ["permission", "resource", "reason", "link", "comment", "valid_for"] {
        let mut body = json!({"permission": "releases:write", "resource": "releases", "reason": "x"});
        body[field] = json!(secret);
        for path in
            ["/approvals", "/approvals/01KEZ4RNR0D4B8Q7V1W2X3Y4Z5/approve", &format!("/approvals/{secret}/reject")]
        {
            stack.post(path).bearer(&reader).json(&body).send();
        }
    }
    stack.get(&format!("/approvals?token={secret}&cursor={secret}")).bearer(&reader).send();
    let catalog =
        json!({"permissions": {"a:b": {"description": secret, "approval": {"valid_for": secret}}, secret: secret}});
    stack.post("/catalog/impact").bearer(&stack.admin).json(&catalog).send();
    stack.request("PUT", "/catalog").bearer(&stack.admin).header("If-Match", "*").json(&catalog).send();
}

/// Removes a part of the token's record.
fn make_unreadable(stack: &Stack, token: &Token) {
    let key = format!("TOKEN#{}", token.id);
    let is_record =
        |item: &HashMap<String, AttributeValue>| item["pk"].as_s() == Ok(&key) && item.contains_key("settings");
    let mut record = stack.table().into_iter().find(is_record).unwrap();
    record.remove("settings");
    stack.put_item(record);
}
