//! Authorizer event of any of the four kinds. Reading is tolerant: an odd header or a control
//! character must lead to a denial, not to a parse error (a 500).

use portcullis::authz::Api;
use portcullis::store::ClientInfo;
use serde::Deserialize;
use serde_json::Value;

/// An authorizer's event, as API Gateway sent it.
#[derive(Deserialize)]
pub struct Event(Value);

impl Event {
    /// The ARN that API Gateway evaluates the policy against.
    pub(crate) fn arn(&self) -> Option<&str> {
        self.text("/routeArn").or_else(|| self.text("/methodArn"))
    }

    /// Whether the event is of a REST API's type `TOKEN`, which holds one header only.
    pub(crate) fn is_token(&self) -> bool {
        self.text("/type") == Some("TOKEN")
    }

    /// The payload format version of an HTTP API's event: `1.0` or `2.0`.
    pub(crate) fn version(&self) -> Option<&str> {
        self.text("/version")
    }

    /// The header that a `TOKEN` authorizer is configured for.
    pub(crate) fn authorization_token(&self) -> Option<&str> {
        self.text("/authorizationToken")
    }

    /// All values of a header; the name's case does not matter.
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
            // A value that is not a string counts as an empty one, which is never a token.
            .map(|value| value.as_str().unwrap_or(""))
    }

    /// Whether the request is for the management API or a protected one.
    pub(crate) fn api(&self) -> Api {
        let (name, value) = Api::MANAGEMENT_STAGE_VARIABLE;
        let variable = self.0.get("stageVariables").and_then(|variables| variables.get(name)).and_then(Value::as_str);
        if variable == Some(value) { Api::Management } else { Api::Protected }
    }

    pub(crate) fn request_id(&self) -> Option<&str> {
        self.text("/requestContext/requestId")
    }

    pub(crate) fn source_ip(&self) -> Option<&str> {
        self.text("/requestContext/identity/sourceIp").or_else(|| self.text("/requestContext/http/sourceIp"))
    }

    /// The source IP that the gateway saw, and the user agent that the client sent. A `TOKEN`
    /// event has neither.
    pub(crate) fn caller(&self) -> ClientInfo {
        ClientInfo::from_event(self.source_ip(), self.header("user-agent").next())
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.0.pointer(pointer).and_then(Value::as_str)
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
    use serde_json::json;

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
            let event: Event = serde_json::from_value(pretended.clone()).unwrap();
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
            let event: Event = serde_json::from_value(value).unwrap();
            let _ = (event.source_ip(), event.request_id(), event.api(), PresentedCredential::from_event(&event));
            let _ = event.arn().and_then(Arn::parse).map(|arn| arn.deny_resource());
        }
    }
}
