//! Test client of the development sign-in, and the user's browser.

use super::*;
use crate::gateway::query_parameters;
use portcullis::clock::Timestamp;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

pub(super) const REDIRECT_URI: &str = "http://127.0.0.1:4711/callback";
/// The pair of RFC 7636, appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(super) const QUESTION: [(&str, &str); 8] = [
    ("client_id", "portcullis-dev"),
    ("redirect_uri", REDIRECT_URI),
    ("response_type", "code"),
    ("scope", "openid profile"),
    ("state", "s&1"),
    ("nonce", "n-1"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

pub(super) struct Client {
    pub(super) sign_in: SignIn,
    passed: Arc<AtomicI64>,
}

impl Client {
    pub(super) fn new() -> Self {
        let passed = Arc::new(AtomicI64::new(0));
        let ahead = Arc::clone(&passed);
        let clock = Clock::from_fn(move || Timestamp::from_millis(1_800_000_000_000 + ahead.load(Ordering::SeqCst)));
        Self { sign_in: SignIn::new(SocketAddr::from(([127, 0, 0, 1], 9050)), clock).unwrap(), passed }
    }

    /// Advances the clock.
    pub(super) fn advance_clock(&self, millis: i64) {
        self.passed.fetch_add(millis, Ordering::SeqCst);
    }

    /// A GET, as in a browser navigation.
    pub(super) fn open(
        &self,
        path: &str,
        parameters: &[(&str, &str)],
        headers: &[(&'static str, &str)],
    ) -> Response<Bytes> {
        let mut incoming = request(Method::GET, path, headers, "");
        incoming.query = encoded(parameters);
        self.sign_in.handle(&incoming)
    }

    /// A form that a program sends, or the server's own page.
    pub(super) fn send(&self, path: &str, form: &[(&str, &str)], headers: &[(&'static str, &str)]) -> Response<Bytes> {
        let typed = [("content-type", "application/x-www-form-urlencoded")];
        self.sign_in.handle(&request(Method::POST, path, &[&typed, headers].concat(), &encoded(form)))
    }

    /// The token endpoint's response, or its error code.
    pub(super) fn token(&self, form: &[(&str, &str)]) -> Result<Value, String> {
        let form = [&[("client_id", "portcullis-dev")], form].concat();
        let response = self.send("/dev/token", &form, &[]);
        assert_eq!(response.headers()["cache-control"], "no-store");
        let said = body(&response);
        match response.status().as_u16() {
            200 => Ok(said),
            400 => Err(said["error"].as_str().unwrap().to_owned()),
            status => panic!("{status}"),
        }
    }

    /// A code for alice, for a request with these changes.
    pub(super) fn code(&self, changes: &[(&str, Option<&str>)]) -> String {
        let form = [question(changes), vec![("name", "alice"), ("groups", "portcullis-admin")]].concat();
        let response = self.send("/dev/authorize", &form, &[]);
        went_back(&response)["code"].clone()
    }
}

/// The authorization request with some parameters changed or left out.
pub(super) fn question<'a>(changes: &[(&str, Option<&'a str>)]) -> Vec<(&'a str, &'a str)> {
    let mut question = QUESTION.to_vec();
    for (name, value) in changes {
        let position = question.iter().position(|(known, _)| known == name).unwrap();
        match value {
            Some(value) => question[position].1 = value,
            None => _ = question.remove(position),
        }
    }
    question
}

/// Parameters of the redirect to the client.
#[track_caller]
pub(super) fn went_back(response: &Response<Bytes>) -> std::collections::BTreeMap<String, String> {
    assert_eq!(response.status(), 303, "{response:?}");
    let location = response.headers()["location"].to_str().unwrap();
    let query = location.strip_prefix(&format!("{REDIRECT_URI}?")).unwrap();
    query_parameters(query).into_iter().map(|(name, values)| (name, values.concat())).collect()
}

pub(super) fn claims(jwt: &Value) -> Value {
    let claims = jwt.as_str().unwrap().split('.').nth(1).unwrap();
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    serde_json::from_slice(&base64::Engine::decode(&engine, claims).unwrap()).unwrap()
}

fn encoded(parameters: &[(&str, &str)]) -> String {
    let one = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    parameters.iter().map(|(name, value)| format!("{}={}", one(name), one(value))).collect::<Vec<_>>().join("&")
}
