//! Tests of the gateway with an authorizer cache.

use super::fixture::{Behavior, Fixture, get, response};
use super::*;
use http::header::AUTHORIZATION;
use std::sync::atomic::{AtomicI64, Ordering};

const TTL: u32 = 60;

/// A fixture with a cache for `/demo`, and its clock in seconds.
fn cached(authorizer: Behavior) -> (Fixture, Arc<AtomicI64>) {
    let mut fixture = Fixture::new(authorizer);
    let now = Arc::new(AtomicI64::new(1_800_000_000));
    let seconds = Arc::clone(&now);
    fixture.gateway.clock = Clock::from_fn(move || Timestamp::from_seconds(seconds.load(Ordering::SeqCst)));
    fixture.gateway.apis[0].authorizer_cache = Some(AuthorizerCache::new(TTL));
    (fixture, now)
}

fn with_token(target: &str, token: &str) -> IncomingRequest {
    let mut incoming = get(target);
    incoming.headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
    incoming
}

async fn status(fixture: &Fixture, incoming: IncomingRequest) -> u16 {
    fixture.send(incoming).await.0.as_u16()
}

fn times_asked(fixture: &Fixture) -> usize {
    fixture.asked().iter().filter(|who| *who == "authorizer").count()
}

#[tokio::test]
async fn one_answer_is_good_for_every_method_and_path_until_its_time_is_over() {
    let (fixture, now) = cached(response("Allow"));
    let mut post = with_token("/demo/apps/billing", "one");
    post.method = Method::POST;
    for incoming in [with_token("/demo/apps/billing", "one"), with_token("/demo/other?x=1", "one"), post] {
        assert_eq!(status(&fixture, incoming).await, 200);
    }
    assert_eq!(fixture.asked(), ["authorizer", "echo", "echo", "echo"]);
    for (_, event) in &fixture.events()[1..] {
        assert_eq!(event["requestContext"]["authorizer"]["owner"], "team");
    }
    now.fetch_add(i64::from(TTL), Ordering::SeqCst);
    assert_eq!(status(&fixture, with_token("/demo/other", "one")).await, 200);
    assert_eq!(times_asked(&fixture), 2);
}

#[tokio::test]
async fn each_token_and_each_address_has_an_answer_of_its_own() {
    let (fixture, _) = cached(response("Allow"));
    let mut elsewhere = with_token("/demo/x", "one");
    elsewhere.source_ip = [192, 0, 2, 8].into();
    for (asked, incoming) in [
        (1, with_token("/demo/x", "one")),
        (2, with_token("/demo/x", "two")),
        (3, elsewhere),
        (3, with_token("/demo/x", "one")),
    ] {
        assert_eq!(status(&fixture, incoming).await, 200);
        assert_eq!(times_asked(&fixture), asked);
    }
}

#[tokio::test]
async fn without_the_header_it_is_401_and_the_authorizer_is_not_asked() {
    let (fixture, _) = cached(response("Allow"));
    let mut other_header = get("/demo/x");
    other_header.headers.insert("x-api-token", "one".parse().unwrap());
    let mut empty = get("/demo/x");
    empty.headers.insert(AUTHORIZATION, "".parse().unwrap());
    for incoming in [get("/demo/x"), other_header, empty] {
        let (status, response) = fixture.send(incoming).await;
        assert_eq!(status, 401);
        assert_eq!(body(&response)["type"], "urn:portcullis:problem:invalid_token");
    }
    assert_eq!(fixture.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn the_kept_policy_is_evaluated_for_each_request() {
    let arn = method_arn("demo", "demo", "GET", "/apps/*");
    let (fixture, _) = cached(Behavior::Answer(json!({
        "principalId": "0123456789abcdef",
        "policyDocument": {"Statement": {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": arn}},
    })));
    let mut post = with_token("/demo/apps/billing", "one");
    post.method = Method::POST;
    for (expected, incoming) in [
        (403, with_token("/demo/other", "one")),
        (200, with_token("/demo/apps/billing", "one")),
        (200, with_token("/demo/apps/shop", "one")),
        (403, post),
    ] {
        assert_eq!(status(&fixture, incoming).await, expected);
    }
    assert_eq!(times_asked(&fixture), 1, "a policy that denies is cached too");
}

#[tokio::test]
async fn an_unauthorized_a_failure_and_a_malformed_answer_are_not_kept() {
    let refusals = [
        (Behavior::Fail("Unauthorized"), 401),
        (Behavior::Fail("the store failed"), 500),
        (Behavior::Answer(json!({})), 500),
    ];
    for (authorizer, expected) in refusals {
        let (mut fixture, _) = cached(authorizer);
        assert_eq!(status(&fixture, with_token("/demo/x", "one")).await, expected);
        Arc::get_mut(&mut fixture.gateway.backend).unwrap().authorizer = response("Allow");
        assert_eq!(status(&fixture, with_token("/demo/x", "one")).await, 200);
        assert_eq!(times_asked(&fixture), 2);
    }
}

#[tokio::test]
async fn an_api_without_a_cache_asks_each_time_and_uses_no_other_apis_answers() {
    let (fixture, _) = cached(response("Allow"));
    for asked in 1..=2 {
        assert_eq!(status(&fixture, with_token("/me", "one")).await, 200);
        assert_eq!(times_asked(&fixture), asked);
    }
    assert_eq!(status(&fixture, with_token("/demo/x", "one")).await, 200);
    assert_eq!(times_asked(&fixture), 3);
    assert_eq!(status(&fixture, with_token("/me", "one")).await, 200);
    assert_eq!(times_asked(&fixture), 4);
}

#[tokio::test]
async fn a_kept_answer_has_its_line_of_the_access_log_too() {
    let (fixture, _) = cached(response("Allow"));
    for path in ["/demo/x", "/demo/y"] {
        assert_eq!(status(&fixture, with_token(path, "one")).await, 200);
    }
    let lines = fixture.log_lines();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["api_token_id"], "0123456789abcdef");
    assert_ne!(lines[0]["request_id"], lines[1]["request_id"]);
}
