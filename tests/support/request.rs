//! A request, sent exactly as it is written.

use serde_json::Value;

use super::raw_http::Received;
use super::{Response, Stack, leak_check};

/// A request to be sent.
#[derive(Clone)]
pub(crate) struct Request<'a> {
    stack: &'a Stack,
    method: String,
    path: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Vec<u8>>,
}

impl<'a> Request<'a> {
    pub(super) fn new(stack: &'a Stack, method: &str, path: &str) -> Self {
        Self { stack, method: method.to_owned(), path: path.to_owned(), headers: Vec::new(), body: None }
    }

    /// Sets `Authorization: Bearer`.
    pub(crate) fn bearer(self, token: impl AsRef<str>) -> Self {
        self.header("Authorization", format!("Bearer {}", token.as_ref()))
    }

    /// Adds a header; a repeated one is sent twice.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// Sends this JSON.
    pub(crate) fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    /// Sends these bytes as JSON, whether or not they are.
    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("Content-Type", "application/json")
    }

    /// Sends this form.
    pub(crate) fn form(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("Content-Type", "application/x-www-form-urlencoded")
    }

    /// Sends it, and searches the response for secrets.
    #[track_caller]
    pub(crate) fn send(self) -> Response {
        let named = self.named();
        self.send_malformed().unwrap_or_else(|| panic!("{named} was not answered"))
    }

    /// Sends a request that need not be valid HTTP; `None` if the server closed the connection.
    #[track_caller]
    pub(crate) fn send_malformed(self) -> Option<Response> {
        let named = self.named();
        let received: Option<Received> =
            self.stack.origin.exchange(&self.bytes()).unwrap_or_else(|error| panic!("{named}: {error}"));
        let received = received?;
        leak_check::search(&named, &received);
        if received.status == 201 {
            self.stack.made(&received.body);
        }
        Some(Response::new(named, received))
    }

    fn named(&self) -> String {
        portcullis::text::redact(&format!("{} {}", self.method, self.path)).into_owned()
    }

    fn bytes(&self) -> Vec<u8> {
        let origin = &self.stack.origin;
        let mut bytes = format!("{} {}{} HTTP/1.1\r\n", self.method, origin.base_path, self.path).into_bytes();
        let mut line = |name: &str, value: &[u8]| {
            for part in [name.as_bytes(), b": ", value, b"\r\n"] {
                bytes.extend_from_slice(part);
            }
        };
        line("Host", origin.authority.as_bytes());
        line("Connection", b"close");
        // Last, as a server may append the next line to it if that begins with a space.
        line("User-Agent", b"portcullis-e2e");
        for (name, value) in &self.headers {
            line(name, value);
        }
        if self.body.is_some() || self.method == "POST" {
            line("Content-Length", self.body.as_ref().map_or(0, Vec::len).to_string().as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(self.body.as_deref().unwrap_or_default());
        bytes
    }
}
