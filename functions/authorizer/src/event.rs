//! The event of any of the four kinds, read tolerantly: an odd header or a control
//! character must end in a refusal, not in an event that cannot be read (a 500).

use serde::Deserialize;
use serde_json::Value;

/// An authorizer's event, as API Gateway sent it.
#[derive(Deserialize)]
pub struct Event(Value);

/// The stage variable by which Portcullis's own API tells the authorizer that it is the one
/// asking. Who can set it can also change the authorizer.
const OWN_API: (&str, &str) = ("portcullis_api", "tokens");

impl Event {
    /// The ARN that API Gateway evaluates the answer against.
    pub(crate) fn arn(&self) -> Option<&str> {
        self.text("/routeArn").or_else(|| self.text("/methodArn"))
    }

    /// Whether the event is a REST API's of type `TOKEN`, with nothing but one header in it.
    pub(crate) fn is_token(&self) -> bool {
        self.text("/type") == Some("TOKEN")
    }

    /// The payload format, which only an HTTP API's events have: `1.0` or `2.0`.
    pub(crate) fn version(&self) -> Option<&str> {
        self.text("/version")
    }

    /// The header that a `TOKEN` authorizer is configured for.
    pub(crate) fn authorization_token(&self) -> Option<&str> {
        self.text("/authorizationToken")
    }

    /// Every value of a header, whatever its name's case and however often it is there.
    pub(crate) fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let several = self.0.get("multiValueHeaders").and_then(Value::as_object).filter(|map| !map.is_empty());
        let headers = several.or_else(|| self.0.get("headers").and_then(Value::as_object));
        headers
            .into_iter()
            .flatten()
            .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
            .flat_map(|(_, value)| match value {
                Value::Array(values) => values.as_slice(),
                one => std::slice::from_ref(one),
            })
            // A value that is no string counts, as one that no token looks like.
            .map(|value| value.as_str().unwrap_or(""))
    }

    pub(crate) fn is_own_api(&self) -> bool {
        let (name, value) = OWN_API;
        self.0.get("stageVariables").and_then(|variables| variables.get(name)).and_then(Value::as_str) == Some(value)
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.text("/requestContext/requestId")
    }

    pub(crate) fn source_ip(&self) -> Option<&str> {
        self.text("/requestContext/identity/sourceIp").or_else(|| self.text("/requestContext/http/sourceIp"))
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.0.pointer(pointer).and_then(Value::as_str)
    }
}
