//! Tokens for tests, real and forged.

use portcullis::secret::{PlaintextToken, TokenPrefix};
use rand::rngs::SysRng;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Request, Response, Stack, leak_check};

/// A created token, and the response that showed it.
pub(crate) struct Token {
    /// The plaintext token.
    pub(crate) secret: String,
    /// Its public id.
    pub(crate) id: String,
    /// Its owner.
    pub(crate) owner: String,
    /// The response without the secret.
    pub(crate) view: Value,
}

impl Token {
    /// The token in the response to a create. No later response may contain it.
    #[track_caller]
    pub(crate) fn shown_in(response: &Response) -> Self {
        let mut view = response.json();
        let token = view.as_object_mut().and_then(|fields| fields.remove("token"));
        let text = |value: &Value| value.as_str().expect("a token has an id, an owner and a secret").to_owned();
        let secret = text(&token.unwrap_or(Value::Null));
        leak_check::remember(&secret);
        Self { secret, id: text(&view["id"]), owner: text(&view["owner"]), view }
    }

    /// The token in the response to an exchange. No later response may contain it.
    #[track_caller]
    pub(crate) fn exchanged_in(response: &Response) -> Self {
        let mut view = response.json();
        let secret = view.as_object_mut().and_then(|fields| fields.remove("access_token"));
        let text = |value: &Value| value.as_str().expect("an exchange has a token, its id and its rule").to_owned();
        let secret = text(&secret.unwrap_or(Value::Null));
        leak_check::remember(&secret);
        Self { secret, id: text(&view["token_id"]), owner: format!("trust:{}", text(&view["rule"])), view }
    }

    /// Requests another token with this one: for all resources, unless the body names some.
    pub(crate) fn create<'a>(&self, stack: &'a Stack, body: &Value) -> Request<'a> {
        stack.post("/tokens").bearer(self).json(&with_resources(body.clone()))
    }

    /// Its current `ETag`.
    #[track_caller]
    pub(crate) fn tag(&self, stack: &Stack) -> String {
        let response = stack.get(&self.path()).bearer(&stack.admin).send().expect(200);
        response.header("etag").expect("a token has an ETag").to_owned()
    }

    /// The kinds of its events, newest first.
    #[track_caller]
    pub(crate) fn kinds(&self, stack: &Stack) -> Vec<String> {
        let path = format!("{}/events", self.path());
        let events = stack.get(&path).bearer(&stack.admin).send().expect(200).json();
        let events = events["events"].as_array().expect("a list of events").clone();
        events.iter().map(|event| event["kind"].as_str().expect("an event has a kind").to_owned()).collect()
    }

    /// The status of `GET /me` with it.
    #[track_caller]
    pub(crate) fn status(&self, stack: &Stack) -> u16 {
        stack.get("/me").bearer(self).send().status
    }

    /// Its path in the HTTP API.
    pub(crate) fn path(&self) -> String {
        format!("/tokens/{}", self.id)
    }
}

impl AsRef<str> for Token {
    fn as_ref(&self) -> &str {
        &self.secret
    }
}

/// A new owner.
pub(crate) fn owner() -> String {
    format!("e2e-{}", Uuid::new_v4().simple())
}

/// A well-formed token that was never created.
pub(crate) fn unknown_token(prefix: &TokenPrefix) -> String {
    PlaintextToken::generate(prefix, &mut SysRng).expect("there is randomness").expose_secret().to_owned()
}

/// The text with a valid checksum, computed independently, as a secret scanner would.
pub(crate) fn with_good_checksum(text: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let sum = crc32fast::hash(text.as_bytes()) as usize;
    let powers = (0..6).rev().map(|power| 62_usize.pow(power));
    let digits: String = powers.map(|power| char::from(DIGITS[sum / power % 62])).collect();
    format!("{text}{digits}")
}

/// The body of a create; without resources it gets all.
pub(crate) fn with_resources(mut body: Value) -> Value {
    if body.get("resources").is_none() && body.get("grants").is_none() {
        body["resources"] = json!(["*"]);
    }
    body
}
