//! The programs that are compared, each with the event that it gets and the answer that it must give.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::Error;
use crate::events::{self, ApiRequest};
use crate::provider::AUDIENCE;
use crate::stack::Stack;

const FORM: &[(&str, &str)] = &[("content-type", "application/x-www-form-urlencoded")];
const ALLOWED: &str = "\"Allow\"";

/// A program and its event.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name in the results.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// The program with its arguments.
    pub program: Vec<String>,
    /// Further environment variables.
    pub environment: Vec<(&'static str, String)>,
    /// The file without which it cannot run. Its sizes are reported.
    pub file: PathBuf,
    /// The event.
    pub event: Vec<u8>,
    /// The text that each answer must contain.
    pub expected: &'static str,
    /// Whether to measure more than the first request.
    pub is_warm: bool,
}

impl Target {
    fn new(name: &'static str, about: &'static str, file: PathBuf, event: Vec<u8>) -> Self {
        let program = vec![file.to_string_lossy().into_owned()];
        Self { name, about, program, environment: Vec::new(), file, event, expected: ALLOWED, is_warm: true }
    }

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

/// All targets, for this stack. The Rust programs are in the folder `build`; the others are named from the repository's
/// folder.
///
/// # Errors
/// When an event cannot be made.
pub fn all(stack: &Stack, build: &Path) -> Result<Vec<Target>, Error> {
    let recent = events::request(&stack.tokens.recent.plaintext)?;
    let due = events::request(&stack.tokens.due.plaintext)?;
    let malformed = events::request(&events::malformed(&stack.tokens.recent.plaintext))?;
    let session =
        stack.provider.sign(json!({ "sub": "alice@example.com", "groups": ["portcullis-viewer", "employees"] }))?;
    let session = events::request(&session)?;
    let provider = || {
        vec![("PORTCULLIS_OIDC_ISSUER", stack.provider.url.clone()), ("PORTCULLIS_OIDC_AUDIENCE", AUDIENCE.to_owned())]
    };
    let ours = |name, about, event| Target::new(name, about, build.join("portcullis-authorizer"), event);
    let mut targets = vec![
        Target { expected: "noop", ..Target::new("noop", "lambda_runtime alone", build.join("noop"), recent.clone()) },
        Target::new("floor", "the least over aws-sdk-dynamodb", build.join("floor"), recent.clone()),
        ours("ours", "the authorizer", recent.clone()),
        ours("ours-write-due", "with the last use to record", due),
        Target { expected: "\"Unauthorized\"", ..ours("ours-malformed", "a token with a typo", malformed) },
        Target { environment: provider(), ..ours("ours-session", "a session, ES256", session) },
    ];
    targets.extend(peers(build, &recent));
    let introspected = format!("token={}", stack.tokens.recent.plaintext);
    for (name, request, expected) in functions(stack, &introspected) {
        let file = build.join(format!("portcullis-{name}"));
        let target = Target::new(name, "a function", file, request.to_event());
        targets.push(Target { is_warm: false, expected, environment: provider(), ..target });
    }
    targets.push(Target {
        is_warm: false,
        expected: "access_token",
        ..Target::new("exchange", "a function", build.join("portcullis-exchange"), exchange(stack)?)
    });
    Ok(targets)
}

/// Other ways to write a minimal authorizer.
fn peers(build: &Path, event: &[u8]) -> [Target; 3] {
    let peer = |name, about, file: &str| Target::new(name, about, build.join(file), event.to_vec());
    let sdk_defaults = peer("sdk-defaults", "aws-config with its defaults", "../peers/release/sdk-defaults");
    let mut node = peer("node", "AWS SDK for JavaScript, bundled", "../peers/authorizer.cjs");
    node.program.insert(0, "/usr/bin/env".to_owned());
    node.program.insert(1, "node".to_owned());
    node.environment.push(("NODE_NO_WARNINGS", "1".to_owned()));
    let mut python = peer("python", "boto3", "../peers/python/bin/python");
    python.program.extend(["-m", "awslambdaric", "authorizer.handler"].map(str::to_owned));
    python.environment.push(("PYTHONPATH", "bench/peers/python".to_owned()));
    [sdk_defaults, node, python]
}

/// A request for each function of the management API.
fn functions<'a>(stack: &'a Stack, introspected: &'a str) -> Vec<(&'static str, ApiRequest<'a>, &'static str)> {
    let caller = stack.tokens.admin.id.as_str();
    let id = Some(stack.tokens.recent.id.as_str());
    let request = |method, route| ApiRequest {
        method,
        route,
        id: None,
        caller,
        headers: &[("content-type", "application/json"), ("if-match", "*")],
        body: None,
    };
    let change = |method, route, body| ApiRequest { id, body: Some(body), ..request(method, route) };
    let create = r#"{"name":"bench","permissions":["apps:read"],"resources":["*"]}"#;
    let introspect = ApiRequest { body: Some(introspected), headers: FORM, ..request("POST", "/introspect") };
    let (ok, created) = ("\"statusCode\":200", "\"statusCode\":201");
    vec![
        ("read", request("GET", "/tokens"), ok),
        ("create", ApiRequest { body: Some(create), ..request("POST", "/tokens") }, created),
        ("update", change("PATCH", "/tokens/{id}", r#"{"description":"bench"}"#), ok),
        ("rotate", change("POST", "/tokens/{id}/rotate", "{}"), ok),
        ("revoke", change("POST", "/tokens/{id}/revoke", "{}"), ok),
        ("catalog", request("GET", "/catalog"), ok),
        ("introspect", introspect, r#"\"active\":true"#),
        ("console", request("GET", "/console"), "\"statusCode\":307"),
    ]
}

/// The exchange of a job's identity.
fn exchange(stack: &Stack) -> Result<Vec<u8>, Error> {
    let claims =
        json!({ "sub": "repo:acme/billing:ref:refs/heads/main", "jti": "job-1", "repository": "acme/billing" });
    let body = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&\
         subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token&subject_token={}",
        stack.provider.sign(claims)?
    );
    Ok(ApiRequest { method: "POST", route: "/exchange", id: None, caller: "", headers: FORM, body: Some(&body) }
        .to_event())
}
