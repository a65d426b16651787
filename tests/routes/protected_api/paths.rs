//! Ambiguous paths.

use serde_json::json;

use crate::support::{Response, Stack, Token, stack};

/// A backend that reads such a path differently from the authorizer could serve a resource that
/// the token was not granted. So the path is refused, or the gateway normalized it before the
/// decision: then the backend must receive the normalized path, and the grant must cover it.
#[track_caller]
fn assert_never_led_astray(path: &str, response: &Response) {
    match response.status {
        400 | 403 | 404 => {}
        200 => {
            let seen = response.json()["path"].as_str().unwrap_or_default().to_owned();
            let odd = |c: char| c.is_control() || matches!(c, '\\' | ';' | '%' | '?' | '*');
            let dots = seen.split('/').any(|name| matches!(name, "." | ".."));
            let plain = !dots && !seen.contains("//") && !seen.contains(odd);
            let granted = seen == "/apps/billing" || seen.starts_with("/apps/billing/");
            assert!(plain && granted, "{path} reached the backend as {seen}");
        }
        status => panic!("{path} was answered {status}"),
    }
}

fn narrow(stack: &Stack) -> Token {
    stack.token_on(["*"], ["apps/billing"])
}

const AMBIGUOUS: [&str; 43] = [
    // Dots.
    "/apps/billing/../payroll",
    "/apps/billing/..",
    "/apps/billing/.",
    "/apps/./billing",
    "/apps/billing/x/../../payroll",
    "/../demo/apps/billing",
    // Dots, encoded once and twice.
    "/apps/billing/%2e%2e/payroll",
    "/apps/billing/%2E%2E/payroll",
    "/apps/billing/.%2e/payroll",
    "/apps/billing/%2e",
    "/apps/billing/%252e%252e/payroll",
    "/apps/billing/%c0%ae%c0%ae/payroll",
    "/apps/billing/%u002e%u002e/payroll",
    // Slashes, doubled, encoded and backward.
    "//apps/billing",
    "/apps//billing",
    "/apps/billing//",
    "/apps/billing//..//payroll",
    "/apps/billing%2F..%2Fpayroll",
    "/apps/billing%2fbuilds",
    "/apps%2Fbilling",
    "/%2Fapps/billing",
    "/apps/billing/%2F",
    "/apps/billing%252Fbuilds",
    "/apps/billing%5C..%5Cpayroll",
    "/apps/billing\\..\\payroll",
    "/apps\\billing",
    "/apps/billing/\\",
    // Segment parameters, wildcards, question marks.
    "/apps/billing;x=1",
    "/apps/billing;/../payroll",
    "/apps/billing/..;/payroll",
    "/apps/billing%3B",
    "/apps/billing/*",
    "/apps/*",
    "/apps/billing%2A",
    "/apps/billing%3Fx",
    "/apps/billing/%3F/..",
    // Control characters and broken escapes.
    "/apps/billing%00",
    "/apps/billing%00/../payroll",
    "/apps/billing%0A",
    "/apps/billing%0d%0aX-Evil:1",
    "/apps/billing%7F",
    "/apps/billing/%",
    "/apps/billing/%zz",
];

#[test]
fn an_ambiguous_path_never_reaches_an_ungranted_resource() {
    let stack = stack();
    let (narrow, wide) = (narrow(&stack), stack.token_on(["*"], ["apps/billing", "apps/billing/*"]));
    for path in AMBIGUOUS {
        for token in [&narrow, &wide] {
            let Some(response) = stack.get(&format!("/demo{path}")).bearer(token).send_malformed() else { continue };
            assert_never_led_astray(path, &response);
        }
    }
}

#[test]
fn an_ambiguous_path_is_refused_even_with_every_permission() {
    let stack = stack();
    if !stack.is_in_process() {
        // A real gateway may refuse or normalize some of them; the test above covers that.
        return;
    }
    let token = stack.token(["*"]);
    // HTTP does not allow a backslash in a path: the server refuses it.
    for path in AMBIGUOUS.iter().filter(|path| !path.contains('\\')) {
        let response = stack.get(&format!("/demo{path}")).bearer(&token).send();
        assert_eq!(
            response.problem(403, "insufficient_scope"),
            json!({
                "type": "urn:portcullis:problem:insufficient_scope",
                "title": "Insufficient permission",
                "status": 403,
                "detail": "The path can be read in more than one way. Send it without '.' and '..', doubled, \
                           encoded or backward slashes, ';', '*', '?' and control characters, and in at most \
                           400 characters.",
                "permission": "",
                "resource": "",
                "roles": "",
                "request_id": "[request id]",
            }),
            "{path}"
        );
    }
}

#[test]
fn the_query_does_not_affect_the_decision() {
    let stack = stack();
    let token = narrow(&stack);
    stack.get("/demo/apps/billing?/../payroll").bearer(&token).send().expect(200);
    stack.get("/demo/apps/payroll?/apps/billing").bearer(&token).send().problem(403, "insufficient_scope");
}

#[test]
fn a_plain_path_may_be_encoded_or_end_in_one_slash() {
    let stack = stack();
    let token = narrow(&stack);
    for path in
        ["/demo/apps/billing/", "/demo/apps/b%69lling", "/demo/apps/billing/caf%C3%A9", "/demo/apps/billing/a%20b"]
    {
        stack.get(path).bearer(&token).send().expect(200);
    }
}

#[test]
fn a_path_too_long_for_an_iam_policy_is_refused() {
    let stack = stack();
    let token = stack.token(["*"]);
    // A policy's resource has at most 512 characters.
    let room = 512 - "arn:aws:execute-api:us-east-1:000000000000:demo/demo/GET/apps/".len();
    let get = |length| stack.get(&format!("/demo/apps/{}", "x".repeat(length))).bearer(&token).send();
    get(room).expect(200);
    get(room + 1).problem(403, "insufficient_scope");
}

#[test]
fn routes_of_the_management_api_have_one_spelling() {
    let stack = stack();
    let token = stack.token(["tokens:read"]);
    for path in [
        "/ME",
        "/Me",
        "//me",
        "/me//",
        "/./me",
        "/tokens/../me",
        "/m%65",
        "/me;x",
        "/me%00",
        "/%6de",
        "/TOKENS",
        "/tokens//",
        "//tokens",
        "/tokens/.",
        "/tokens/..",
        "/tokens/%2e%2e/me",
        "/tokens%2F",
        "/tokens;limit=1",
    ] {
        let Some(response) = stack.get(path).bearer(&token).send_malformed() else { continue };
        if response.status == 200 && !stack.is_in_process() {
            // A real gateway may have normalized it; then it is decided as its normal spelling.
            continue;
        }
        assert!(matches!(response.status, 400 | 403 | 404), "{path} was answered {}", response.status);
    }
    for path in ["/me/", "/tokens/"] {
        stack.get(path).bearer(&token).send().expect(200);
    }
}

#[test]
fn a_token_in_a_path_is_not_repeated_in_the_response() {
    let stack = stack();
    let (token, pasted) = (narrow(&stack), stack.token(["x:y"]));
    // Every response is searched for secrets, so also this one.
    let path = format!("/demo/apps/{}", pasted.secret);
    let document = stack.get(&path).bearer(&token).send().problem(403, "insufficient_scope");
    let shown = format!("apps/{}_{}[redacted]", stack.prefix(), pasted.id);
    assert_eq!(document["resource"], shown);
}

#[test]
fn a_path_of_any_length_is_refused_with_a_reason_and_never_a_500() {
    let stack = stack();
    let (reader, other) = (stack.token(["apps:read"]), stack.token(["jobs:read"]));
    for length in [100, 600, 3000, 7500] {
        let path = format!("/demo/apps/{}", "x".repeat(length));
        let refused = stack.get(&path).bearer(&other).send().problem(403, "insufficient_scope");
        assert_eq!(refused["permission"], "apps:read", "{length}");
        // No policy can name it, so it cannot be allowed.
        let response = stack.get(&path).bearer(&reader).send();
        if length < 400 {
            response.expect(200);
        } else {
            let refused = response.problem(403, "insufficient_scope");
            assert!(refused["detail"].as_str().unwrap().contains("at most 400 characters"), "{refused}");
        }
    }
}
