//! How to write a test.
//!
//! ```ignore
//! let stack = stack();                                         // the deployment under test
//! let ci = stack.token(["apps:read"]);                         // a token for a new owner
//! let response = stack.get("/demo/apps/billing").bearer(&ci).send();
//! assert_eq!(response.expect(200).json()["principal"]["token_id"], ci.id);
//! ```
//!
//! | to | use |
//! | --- | --- |
//! | make tokens | [`Stack::token`], [`Stack::token_on`], [`Stack::create`], [`Token::create`] |
//! | send any request | [`Stack::get`], [`Stack::post`] …, then [`Request`]'s methods |
//! | check a response | [`Response::expect`], [`Response::json`], [`Response::problem`] |
//! | wait for an eventually consistent read | [`eventually`] |
//! | wait for the expiry of a token | [`until_expired`] |
//! | change settings, the catalog or the clock | [`isolated_stack`], [`Stack::put_catalog`], [`Stack::advance_clock`] |
//! | act as a signed-in user | [`Stack::sign_in`] |
//! | sign a CI job's ID token | [`Issuer`] |
//! | run a test in a process of its own | [`alone`] |
//! | change or break the store's calls | [`DynamoDbProxy`] |
//! | read logs and the table | [`AuditLog`], [`Stack::access_log`], [`Stack::table`] |
//!
//! [`Request::send`] searches every response for every secret that this process has seen.

mod audit_log;
mod dynamodb_proxy;
mod issuer;
pub(crate) mod leak_check;
mod process;
pub(crate) mod raw_http;
mod request;
mod response;
mod stack;
mod token;

use std::time::{Duration, Instant};

use portcullis::clock::Timestamp;
use serde_json::Value;

pub(crate) use audit_log::AuditLog;
pub(crate) use dynamodb_proxy::{Call, DynamoDbProxy, Reply, Symptom};
pub(crate) use issuer::{AUDIENCE, Issuer, provider};
pub(crate) use process::alone;
pub(crate) use request::Request;
pub(crate) use response::Response;
pub(crate) use stack::{Stack, isolated_stack, stack};
pub(crate) use token::{Token, owner, unknown_token, with_good_checksum, with_resources};

/// Repeats a request until it returns something.
///
/// For the few eventually consistent reads: DynamoDB's indexes, and the last use, which is
/// written after the response. On one machine the first request is enough.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    const ASKS: u32 = 200;
    (0..ASKS).find_map(|_| ask()).unwrap_or_else(|| panic!("not within {ASKS} requests: {what}"))
}

/// The fields of two objects; the second one wins.
pub(crate) fn merge_json(base: Value, more: Value) -> Value {
    let (Value::Object(mut base), Value::Object(more)) = (base, more) else {
        panic!("only objects have fields");
    };
    base.extend(more);
    Value::Object(base)
}

/// Sends requests with a token that expires within seconds until it is refused, which must not
/// happen before its expiry. The requests take the time; no test sleeps.
#[track_caller]
pub(crate) fn until_expired(stack: &Stack, token: &Token) {
    let end = token.view["expires_at"].as_str().and_then(Timestamp::parse).expect("it has an end");
    let begun = Instant::now();
    loop {
        let response = stack.get("/me").bearer(token).send();
        match response.status {
            // `Date` and `expires_at` are whole seconds.
            401 => return assert!(response.date() >= end, "{} was refused before its end", token.id),
            200 => {}
            // It expired between the authorizer and the function, which checks it again.
            status => assert_eq!(status, 403),
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{} does not expire", token.id);
    }
}
