//! An authorizer's event, up to the read of the token's record. Oracles: a second reading of the credential, and the response
//! of each kind of API; no secret in the response or the audit log.
#![no_main]

use std::cell::LazyCell;
use std::time::Duration;

use arbitrary::Arbitrary;
use authorizer::{Authorizer, AuthorizerError, Event, HttpApiResponseFormat, Outcome};
use libfuzzer_sys::fuzz_target;
use portcullis::clock::{Clock, Timestamp};
use portcullis::store::{DynamoDbConfig, ItemStore, LeanClient};
use portcullis::{App, Settings};
use portcullis_fuzz::grants::pick;
use portcullis_fuzz::token::token;
use serde_json::{Value, json};

const NAMES: [&str; 7] =
    ["authorization", "Authorization", "x-api-token", "X-API-Token", "user-agent", "x-other", "AUTHORIZATION"];
/// Values of a header, in which `T` is a valid token.
const VALUES: [&str; 14] = [
    "Bearer T",
    "T",
    "bearer   T ",
    "BEARER T",
    "Basic T",
    "Bearer",
    "",
    " T",
    "Bearer T T",
    "Bearer T,Bearer T",
    "Bearer Tx",
    "Bearer eyJhbGciOiJub25lIn0.e30.",
    "Bearer\tT",
    "é T",
];
const KINDS: [&str; 5] = ["REST", "TOKEN", "WebSocket", "1.0", "2.0"];

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Json(&'a [u8]),
    Built(Built),
}

#[derive(Arbitrary, Debug)]
struct Built {
    kind: u8,
    is_simple: bool,
    has_arn: bool,
    seed: [u8; 4],
    /// Names and values; a name whose number is too large stands for nothing.
    headers: [(u8, u8); 3],
    /// Which of `headers` and `multiValueHeaders` the event has.
    form: u8,
    authorization_token: u8,
}

thread_local! {
    static RUNTIME: LazyCell<tokio::runtime::Runtime> =
        LazyCell::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap());
}

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::Json(bytes) => {
            let event = serde_json::from_slice::<Event>(bytes);
            assert!(event.is_ok() || serde_json::from_slice::<Value>(bytes).is_err());
            let Ok(event) = event else { return };
            let outcome = handled(event, HttpApiResponseFormat::Simple);
            assert_ne!(outcome.audit.rbac_decision, "allow");
            let response = outcome.response.map(|response| response.as_str().to_owned()).unwrap_or_default();
            assert!(!response.contains(r#""Effect":"Allow""#) && !response.contains(r#""isAuthorized":true"#));
        }
        Input::Built(built) => check(&built),
    }
});

fn check(built: &Built) {
    let secret = token("pcl", &built.seed);
    let kind = pick(&KINDS, built.kind);
    let value = |number: u8| pick(&VALUES, number).replace('T', &secret);
    let headers: Vec<(&str, String)> = built
        .headers
        .iter()
        .filter_map(|(name, number)| Some((*NAMES.get(usize::from(*name) % 9)?, value(*number))))
        .collect();
    let event = event(built, kind, &headers, &value(built.authorization_token));
    let format = if built.is_simple { HttpApiResponseFormat::Simple } else { HttpApiResponseFormat::Iam };
    let outcome = handled(serde_json::from_str(&event).unwrap(), format);

    let expected = if !built.has_arn {
        "no_arn"
    } else if kind == "TOKEN" {
        let value = value(built.authorization_token);
        if value.contains(' ') { bearer(&value, &secret) } else { api_token(&value, &secret) }
    } else {
        credential(&headers, &secret)
    };
    assert_eq!(outcome.audit.reason, Some(expected), "{event}");
    let shown = outcome.response.as_ref().map(|response| serde_json::from_str::<Value>(response.as_str()).unwrap());
    match (expected, kind) {
        ("no_arn" | "store_unavailable", _) => assert_eq!(shown, Err(&AuthorizerError::NoDecision)),
        (_, "REST" | "TOKEN" | "WebSocket") => assert_eq!(shown, Err(&AuthorizerError::Unauthorized)),
        (_, "2.0") if built.is_simple => assert_eq!(shown.unwrap()["isAuthorized"], false),
        _ => assert_eq!(shown.unwrap()["policyDocument"]["Statement"][0]["Effect"], "Deny"),
    }
    let mut line = Vec::new();
    outcome.audit.write_to(&mut line).unwrap();
    let said = format!("{}{:?}", String::from_utf8(line).unwrap(), outcome.response);
    assert!(!said.contains(&secret[secret.len() - 43 - 6..]), "{said}");
}

/// The reason for one credential in the headers: `Authorization: Bearer` or `x-api-token`, exactly one.
fn credential(headers: &[(&str, String)], secret: &str) -> &'static str {
    let values = |name: &str| {
        headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect::<Vec<_>>()
    };
    match (values("authorization").as_slice(), values("x-api-token").as_slice()) {
        ([value], []) => bearer(value, secret),
        ([], [value]) => api_token(value, secret),
        _ => "malformed",
    }
}

fn bearer(value: &str, secret: &str) -> &'static str {
    let scheme: String = value.chars().take(7).collect();
    if scheme.to_ascii_lowercase() == "bearer " { api_token(value[7..].trim_matches(' '), secret) } else { "malformed" }
}

/// A token leads to a read of the table, which fails here.
fn api_token(value: &str, secret: &str) -> &'static str {
    if value == secret { "store_unavailable" } else { "malformed" }
}

/// The event as text, because a header may occur twice.
fn event(built: &Built, kind: &str, headers: &[(&str, String)], authorization_token: &str) -> String {
    let arn = built.has_arn.then_some("arn:aws:execute-api:r:1:api/v1/GET/apps");
    let object = |value: fn(&str) -> Value| {
        let members: Vec<_> = headers.iter().map(|(name, text)| format!("{}:{}", json!(name), value(text))).collect();
        format!("{{{}}}", members.join(","))
    };
    let (single, several) = (object(|text| json!(text)), object(|text| json!([text])));
    let headers = match built.form % 4 {
        0 => format!(r#""headers":{single}"#),
        1 => format!(r#""multiValueHeaders":{several}"#),
        2 => format!(r#""headers":{{"authorization":"x"}},"multiValueHeaders":{several}"#),
        _ => format!(r#""multiValueHeaders":{{}},"headers":{single}"#),
    };
    let version = if kind.ends_with(".0") { json!(kind) } else { Value::Null };
    let arn = json!(arn);
    let token = json!(authorization_token);
    let kind = if kind == "TOKEN" { "TOKEN" } else { "REQUEST" };
    format!(r#"{{"type":"{kind}","version":{version},"methodArn":{arn},"authorizationToken":{token},{headers}}}"#)
}

/// Handles an event without a table, and without time to wait for one.
fn handled(event: Event, format: HttpApiResponseFormat) -> Outcome {
    let config = DynamoDbConfig {
        region: "r".to_owned(),
        endpoint: Some("http://127.0.0.1:1".to_owned()),
        static_credentials: Some(("id".to_owned(), "key".to_owned())),
        ..DynamoDbConfig::default()
    };
    let tokens = ItemStore::new(LeanClient::new(config).unwrap(), "tokens");
    let clock = Clock::from_fn(|| Timestamp::from_seconds(1));
    let app = App { tokens, settings: Settings::default(), clock };
    let authorizer = Authorizer::new(app, format).unwrap().with_deadlines(Duration::ZERO, Duration::ZERO);
    RUNTIME.with(|runtime| runtime.block_on(authorizer.handle(event)))
}
