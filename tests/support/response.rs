//! An HTTP response, and assertions on it.

use std::time::SystemTime;

use portcullis::clock::Timestamp;
use serde_json::Value;

use super::raw_http::Received;

/// An HTTP response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The request, for messages.
    request: String,
}

impl Response {
    pub(super) fn new(request: String, received: Received) -> Self {
        Self { status: received.status, headers: received.headers, body: received.body, request }
    }

    /// Returns the response. Panics for another status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} was answered {}", self.request, self.shown());
        self
    }

    /// A header's value. Panics if the header is repeated.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(header, _)| header == name).map(|(_, value)| value.as_str());
        let value = values.next();
        assert_eq!(values.next(), None, "{} was answered with {name} twice", self.request);
        value
    }

    /// The server's `Date`, in whole seconds.
    #[track_caller]
    pub(crate) fn date(&self) -> Timestamp {
        let date = self.header("date").and_then(|date| httpdate::parse_http_date(date).ok());
        let since = date.and_then(|date| date.duration_since(SystemTime::UNIX_EPOCH).ok()).expect("it has a date");
        Timestamp::from_seconds(i64::try_from(since.as_secs()).expect("dates are not so late"))
    }

    /// The body. Panics if it is not JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let parsed = serde_json::from_slice(&self.body);
        parsed.unwrap_or_else(|error| panic!("{} was answered {}: {error}", self.request, self.shown()))
    }

    /// The problem document of this status and code. Panics for any other response. A request ID
    /// is checked and replaced by `[request id]`.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let mut document = self.json();
        let shown = self.shown();
        assert_eq!(self.status, status, "{} was answered {shown}", self.request);
        assert_eq!(document["type"], format!("urn:portcullis:problem:{code}"), "{} was answered {shown}", self.request);
        assert_eq!(document["status"], status, "{shown}");
        assert!(document["title"].as_str().is_some_and(|title| !title.is_empty()), "{shown}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{shown}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{shown}");
        if let Some(id) = document.get_mut("request_id") {
            let text = id.as_str().unwrap_or_default();
            assert!(
                text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
                "{shown}"
            );
            *id = Value::from("[request id]");
        }
        document
    }

    /// The fields that the `invalid_request` problem names.
    #[track_caller]
    pub(crate) fn offending_fields(&self) -> Vec<String> {
        let document = self.problem(400, "invalid_request");
        let errors = document["errors"].as_array().cloned().unwrap_or_default();
        let mut fields: Vec<_> = errors.iter().map(|error| error["field"].as_str().unwrap_or("?").to_owned()).collect();
        fields.dedup();
        fields
    }

    fn shown(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        format!("{} {}", self.status, portcullis::text::redact(&body))
    }
}
