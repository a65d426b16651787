//! Authorizer event of any of the four kinds. Reading is tolerant: an odd header or a control
//! character must lead to a denial, not to a parse error (a 500).

use std::borrow::Cow;
use std::fmt;

use portcullis::authz::Api;
use portcullis::store::ClientInfo;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// The headers that are read.
const HEADERS: [&str; 3] = ["authorization", "x-api-token", "user-agent"];

/// Index into [`HEADERS`], and value.
type Header = (usize, Zeroizing<String>);

/// An authorizer's event, as API Gateway sent it. Only the values that are used are read: an event has some hundred.
/// It holds the credential, so it is erased when it is dropped, and it cannot be printed:
///
/// ```compile_fail,E0277
/// fn printed(event: &portcullis_authorizer::Event) -> String {
///     format!("{event:?}")
/// }
/// ```
pub struct Event {
    kind: Option<String>,
    version: Option<String>,
    arn: Option<String>,
    authorization_token: Option<Zeroizing<String>>,
    headers: Vec<Header>,
    is_for_management: bool,
    request_id: Option<String>,
    source_ip: Option<String>,
}

impl<'de> Deserialize<'de> for Event {
    /// Accepts any JSON text. The event is taken as text first, as the runtime records the path to each value that it
    /// reads. The text is borrowed, so that no further copy holds the credential.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::read(<&RawValue>::deserialize(deserializer)?))
    }
}

impl Event {
    fn read(event: &RawValue) -> Self {
        let names = [
            "type",
            "version",
            "methodArn",
            "routeArn",
            "authorizationToken",
            "headers",
            "multiValueHeaders",
            "stageVariables",
            "requestContext",
        ];
        let [kind, version, method_arn, route_arn, token, single, several, variables, context] =
            members(Some(event), names);
        let (name, value) = Api::MANAGEMENT_STAGE_VARIABLE;
        let [variable] = members(variables, [name]);
        let [request_id, identity, http] = members(context, ["requestId", "identity", "http"]);
        let [identity_ip] = members(identity, ["sourceIp"]);
        let [http_ip] = members(http, ["sourceIp"]);
        Self {
            kind: text(kind),
            version: text(version),
            arn: text(route_arn).or_else(|| text(method_arn)),
            authorization_token: text(token).map(Zeroizing::new),
            headers: headers(several)
                .filter(|(_, is_empty)| !is_empty)
                .or_else(|| headers(single))
                .map_or_else(Vec::new, |(found, _)| found),
            is_for_management: text(variable).as_deref() == Some(value),
            request_id: text(request_id),
            source_ip: text(identity_ip).or_else(|| text(http_ip)),
        }
    }

    /// The ARN that API Gateway evaluates the policy against.
    pub(crate) fn arn(&self) -> Option<&str> {
        self.arn.as_deref()
    }

    /// Whether the event is of a REST API's type `TOKEN`, which holds one header only.
    pub(crate) fn is_token(&self) -> bool {
        self.kind.as_deref() == Some("TOKEN")
    }

    /// The payload format version of an HTTP API's event: `1.0` or `2.0`.
    pub(crate) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The header that a `TOKEN` authorizer is configured for.
    pub(crate) fn authorization_token(&self) -> Option<&str> {
        self.authorization_token.as_deref().map(String::as_str)
    }

    /// All values of one of [`HEADERS`]; the case of its name in the event does not matter.
    pub(crate) fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(at, _)| HEADERS.get(*at) == Some(&name)).map(|(_, value)| value.as_str())
    }

    /// Whether the request is for the management API or a protected one.
    pub(crate) fn api(&self) -> Api {
        if self.is_for_management { Api::Management } else { Api::Protected }
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    pub(crate) fn source_ip(&self) -> Option<&str> {
        self.source_ip.as_deref()
    }

    /// The source IP that the gateway saw, and the user agent that the client sent. A `TOKEN`
    /// event has neither.
    pub(crate) fn caller(&self) -> ClientInfo {
        ClientInfo::from_event(self.source_ip(), self.header("user-agent").next())
    }
}

/// A string; `None` for another type.
fn text(json: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(json?.get()).ok()
}

/// The members of an object with these names; of several with one name, the last. None for another type.
fn members<'a, const N: usize>(object: Option<&'a RawValue>, names: [&str; N]) -> [Option<&'a RawValue>; N] {
    let visitor = Members { names };
    object
        .and_then(|json| serde_json::Deserializer::from_str(json.get()).deserialize_map(visitor).ok())
        .unwrap_or([None; N])
}

struct Members<'a, const N: usize> {
    names: [&'a str; N],
}

impl<'de, const N: usize> Visitor<'de> for Members<'_, N> {
    type Value = [Option<&'de RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(Name(key)) = map.next_key()? {
            let slot = self.names.iter().position(|name| *name == key).and_then(|at| found.get_mut(at));
            match slot {
                Some(slot) => *slot = Some(map.next_value()?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }
}

/// A name in an object.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The values of [`HEADERS`], and whether the object has no header at all. `None` if there is no object.
fn headers(object: Option<&RawValue>) -> Option<(Vec<Header>, bool)> {
    serde_json::Deserializer::from_str(object?.get()).deserialize_map(HeaderVisitor).ok()
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = (Vec<Header>, bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("headers")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut found, mut is_empty) = (Vec::new(), true);
        while let Some(Name(key)) = map.next_key()? {
            is_empty = false;
            let Some(at) = HEADERS.iter().position(|name| key.eq_ignore_ascii_case(name)) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value: &RawValue = map.next_value()?;
            // A value that is not a string counts as an empty one, which is never a token.
            let header = |value| (at, Zeroizing::new(text(Some(value)).unwrap_or_default()));
            // The type is seen from the first character, because a library's error would hold a copy of the string.
            if value.get().starts_with('[') {
                let values: Vec<&RawValue> = serde_json::from_str(value.get()).map_err(A::Error::custom)?;
                found.extend(values.into_iter().map(header));
            } else {
                found.push(header(value));
            }
        }
        Ok((found, is_empty))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HttpApiResponseFormat;
    use crate::credential::PresentedCredential;
    use crate::response::ResponseFormat;
    use portcullis::authz::Arn;
    use portcullis::catalog::Target;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn read(fixture: &str) -> Event {
        serde_json::from_str(&fixture.replace("$TOKEN", "the-token")).unwrap()
    }

    /// What is read from an event, on one line.
    fn summary(fixture: &str) -> String {
        let event = read(fixture);
        let target = match Arn::parse(event.arn().unwrap()).unwrap().target {
            Target::Http { method, path } => format!("{method} /{path}"),
            Target::Connect => "$connect".to_owned(),
        };
        let api = if event.api() == Api::Management { "own" } else { "protected" };
        let token = match PresentedCredential::from_event(&event) {
            PresentedCredential::Bearer(token) | PresentedCredential::ApiToken(token) => token.to_owned(),
            PresentedCredential::Absent(why) => format!("({why})"),
        };
        let shapes = [HttpApiResponseFormat::Simple, HttpApiResponseFormat::Iam]
            .map(|response| ResponseFormat::from_event(&event, response));
        format!("{target} | {api} | {token} | {:?} | {:?} | {shapes:?}", event.source_ip(), event.request_id())
    }

    #[test]
    fn every_kind_of_event_tells_target_api_credential_address_and_request() {
        let events = [
            include_str!("fixtures/rest-request.json"),
            include_str!("fixtures/rest-request-own-api.json"),
            include_str!("fixtures/rest-token.json"),
            include_str!("fixtures/http-api-2.0.json"),
            include_str!("fixtures/http-api-1.0.json"),
            include_str!("fixtures/websocket-connect.json"),
        ];
        insta::assert_snapshot!(events.map(summary).join("\n"), @r#"
        GET /apps/billing | protected | the-token | Some("192.0.2.1") | Some("70b2c1d6-6a2d-4c1b-9f43-0d6f3b1a7e55") | [Rest, Rest]
        POST /tokens | own | the-token | Some("2001:db8::7") | Some("c6af9ac6-7b61-11e6-9a41-93e8deadbeef") | [Rest, Rest]
        GET / | protected | the-token | None | None | [Rest, Rest]
        DELETE /apps/billing | protected | the-token | Some("192.0.2.1") | Some("JKJaXmPLvHcESHA=") | [Simple, Policy]
        GET /apps/billing | protected | the-token | Some("192.0.2.1") | Some("JKJaXmPLvHcESHB=") | [Policy, Policy]
        $connect | protected | the-token | Some("192.0.2.1") | Some("TqiJtGZ2DoEFQ3A=") | [Rest, Rest]
        "#);
    }

    #[test]
    fn the_address_is_the_gateways_and_never_a_forwarded_one() {
        assert_eq!(read(include_str!("fixtures/rest-request.json")).source_ip(), Some("192.0.2.1"));
        assert_eq!(read(include_str!("fixtures/http-api-2.0.json")).source_ip(), Some("192.0.2.1"));
    }

    #[test]
    fn a_caller_cannot_pass_for_the_own_api() {
        for pretended in [
            json!({"headers": {"portcullis_api": "tokens"}}),
            json!({"queryStringParameters": {"portcullis_api": "tokens"}}),
            json!({"requestContext": {"stageVariables": {"portcullis_api": "tokens"}}}),
            json!({"stageVariables": {"portcullis_api": "token"}}),
            json!({"stageVariables": "portcullis_api=tokens"}),
        ] {
            let event: Event = serde_json::from_str(&pretended.to_string()).unwrap();
            assert_eq!(event.api(), Api::Protected, "{pretended}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from)
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let key = "type|version|methodArn|routeArn|headers|multiValueHeaders|authorizationToken|requestContext|stageVariables|Authorization|x-api-token|.{0,4}";
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((key, inner), 0..6).prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_is_read_and_nothing_panics(value in any_json()) {
            let event: Event = serde_json::from_str(&value.to_string()).unwrap();
            let _ = (event.source_ip(), event.request_id(), event.api(), PresentedCredential::from_event(&event));
            let _ = event.arn().and_then(Arn::parse).map(|arn| arn.deny_resource());
        }
    }
}
