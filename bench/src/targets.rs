//! The programs that are compared, each with the event that it gets and the answer that it must give.

use std::path::PathBuf;

use crate::Error;
use crate::events::{self, ApiRequest};
use crate::seed::Tokens;

/// A program and its event.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name in the results.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// The program with its arguments.
    pub program: Vec<String>,
    /// The file whose sizes are reported.
    pub binary: Option<PathBuf>,
    /// The event.
    pub event: Vec<u8>,
    /// The text that each answer must contain.
    pub expected: &'static str,
    /// Whether to measure more than the first request.
    pub is_warm: bool,
}

impl Target {
    /// Checks an answer.
    ///
    /// # Errors
    /// When it is not the expected one.
    pub fn check(&self, answer: &[u8]) -> Result<(), Error> {
        let answer = String::from_utf8_lossy(answer);
        if answer.contains(self.expected) {
            return Ok(());
        }
        Err(format!("expected an answer with {}; got: {answer}", self.expected).into())
    }
}

/// All targets, for these stored tokens. The programs are in the folder `build`.
///
/// # Errors
/// Never.
pub fn all(tokens: &Tokens, build: &std::path::Path) -> Result<Vec<Target>, Error> {
    let program = |name: &str| vec![build.join(name).to_string_lossy().into_owned()];
    let warm = |name, about, binary: &str, event, expected| Target {
        name,
        about,
        program: program(binary),
        binary: Some(build.join(binary)),
        event,
        expected,
        is_warm: true,
    };
    let recent = events::request(&tokens.recent.plaintext)?;
    let malformed = events::request(&events::malformed(&tokens.recent.plaintext))?;
    let due = events::request(&tokens.due.plaintext)?;
    let mut targets = vec![
        warm("noop", "lambda_runtime alone", "noop", recent.clone(), "noop"),
        warm("floor", "the least over aws-sdk-dynamodb", "floor", recent.clone(), "\"Effect\":\"Allow\""),
        warm("ours", "the authorizer", "portcullis-authorizer", recent, "\"Effect\":\"Allow\""),
        warm("ours-write-due", "with the last use to record", "portcullis-authorizer", due, "\"Effect\":\"Allow\""),
        warm("ours-malformed", "a token with a typo", "portcullis-authorizer", malformed, "\"Unauthorized\""),
    ];
    for (name, request, expected) in functions(tokens) {
        let binary = format!("portcullis-{name}");
        targets.push(Target { is_warm: false, ..warm(name, "a function", &binary, request.to_event(), expected) });
    }
    Ok(targets)
}

/// A request for each function of the management API.
fn functions(tokens: &Tokens) -> Vec<(&'static str, ApiRequest<'_>, &'static str)> {
    let caller = tokens.admin.id.as_str();
    let id = Some(tokens.recent.id.as_str());
    let request = |method, route| ApiRequest { method, route, id: None, caller, headers: &[], body: None };
    let json: &[(&str, &str)] = &[("content-type", "application/json"), ("if-match", "*")];
    vec![
        ("read", request("GET", "/tokens"), "\"statusCode\":200"),
        (
            "create",
            ApiRequest {
                headers: json,
                body: Some(r#"{"name":"bench","permissions":["apps:read"],"resources":["*"]}"#),
                ..request("POST", "/tokens")
            },
            "\"statusCode\":201",
        ),
        (
            "update",
            ApiRequest {
                headers: json,
                id,
                body: Some(r#"{"description":"bench"}"#),
                ..request("PATCH", "/tokens/{id}")
            },
            "\"statusCode\":200",
        ),
        (
            "rotate",
            ApiRequest { headers: json, id, body: Some("{}"), ..request("POST", "/tokens/{id}/rotate") },
            "\"statusCode\":200",
        ),
        (
            "revoke",
            ApiRequest { headers: json, id, body: Some("{}"), ..request("POST", "/tokens/{id}/revoke") },
            "\"statusCode\":200",
        ),
        ("catalog", request("GET", "/catalog"), "\"statusCode\":200"),
    ]
}
