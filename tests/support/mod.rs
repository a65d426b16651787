//! How to write a test.
//!
//! ```ignore
//! let stack = stack();                                         // the deployment under test
//! let ci = stack.token(["apps:read"]);                         // a token for a new owner
//! let answer = stack.get("/demo/apps/billing").bearer(&ci).send();
//! assert_eq!(answer.expect(200).json()["principal"]["token_id"], ci.id);
//! ```
//!
//! | to | use |
//! | --- | --- |
//! | make tokens | [`Stack::token`], [`Stack::token_on`], [`Stack::create`], [`Token::create`] |
//! | send anything at all | [`Stack::get`] and its like, then [`Request`]'s methods |
//! | look at an answer | [`Response::expect`], [`Response::json`], [`Response::problem`] |
//! | ask for what is promised "soon" | [`soon`] |
//! | have a token's time come | [`until_expired`] |
//! | change what holds for everyone: settings, catalog, time | [`isolated_stack`], [`Stack::put_catalog`], [`Stack::pass`] |
//! | act as a person | [`Stack::sign_in`] |
//! | give a CI job an identity | [`Issuer`] |
//! | read what was logged and stored | [`AuditLog`], [`Stack::access_log`], [`Stack::table`] |
//!
//! Every answer is searched for every secret that this process has seen. Nobody has to
//! remember that: [`Request::send`] does it.

mod audit_log;
mod issuer;
mod leak_check;
pub(crate) mod raw_http;
mod request;
mod response;
mod stack;
mod token;

use std::time::{Duration, Instant};

use portcullis::clock::Timestamp;
use serde_json::Value;

pub(crate) use audit_log::AuditLog;
pub(crate) use issuer::Issuer;
pub(crate) use request::Request;
pub(crate) use response::Response;
pub(crate) use stack::{Stack, isolated_stack, stack};
pub(crate) use token::{Token, owner, unknown_token, with_good_checksum};

/// Asks until there is something to see.
///
/// For the few things that are promised for "soon" only: what an index shows of a write
/// (DynamoDB's indexes follow the table within moments), and the last use, which is noted
/// after the answer has left. Each asking is a real request; on one machine the first one
/// is enough.
pub(crate) fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    const ASKS: u32 = 200;
    (0..ASKS).find_map(|_| ask()).unwrap_or_else(|| panic!("not within {ASKS} requests: {what}"))
}

/// The fields of two objects; those of the second win.
pub(crate) fn merge_json(base: Value, more: Value) -> Value {
    let (Value::Object(mut base), Value::Object(more)) = (base, more) else {
        panic!("only objects have fields");
    };
    base.extend(more);
    Value::Object(base)
}

/// Asks with a token that has a few seconds to live until it is refused, which must not be
/// before its end. Each call is a real request that takes time, and no test sleeps.
#[track_caller]
pub(crate) fn until_expired(stack: &Stack, token: &Token) {
    let end = token.view["expires_at"].as_str().and_then(Timestamp::parse).expect("it has an end");
    let begun = Instant::now();
    loop {
        let answer = stack.get("/me").bearer(token).send();
        match answer.status {
            // The answer's date is whole seconds, and so is the end.
            401 => return assert!(answer.date() >= end, "{} was refused before its end", token.id),
            200 => {}
            // It expired between the authorizer and the function, which looks again.
            status => assert_eq!(status, 403),
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{} does not expire", token.id);
    }
}
