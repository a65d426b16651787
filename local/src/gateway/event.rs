//! Events of API Gateway: `REQUEST` for an authorizer, and the proxy event (payload 1.0) for a
//! function.

use super::authorizer_response::AuthorizerResponse;
use super::incoming_request::IncomingRequest;
use super::mounted_api::MountedApi;
use super::routes::RouteMatch;
use http::HeaderMap;
use portcullis::clock::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use time::OffsetDateTime;

const REGION: &str = "us-east-1";
pub(super) const ACCOUNT: &str = "000000000000";

/// A request in the gateway.
pub(super) struct Call<'a> {
    pub(super) incoming: &'a IncomingRequest,
    pub(super) api: &'a MountedApi,
    pub(super) matched: &'a RouteMatch<'a>,
    /// The path inside the API, exactly as requested.
    pub(super) raw_path: &'a str,
    pub(super) request_id: &'a str,
    pub(super) received: Timestamp,
    /// The gateway's own name, `host:port`.
    pub(super) domain: &'a str,
}

impl Call<'_> {
    /// The ARN that the policy is evaluated against. It has the path exactly as requested, neither
    /// decoded nor normalized, so that the decision is about the request as sent.
    pub(super) fn method_arn(&self) -> String {
        method_arn(&self.api.id, &self.api.stage, self.incoming.method.as_str(), self.raw_path)
    }

    /// The authorizer's event.
    pub(super) fn authorizer_event(&self) -> Value {
        let mut event = self.common();
        event.insert("type".into(), json!("REQUEST"));
        event.insert("methodArn".into(), json!(self.method_arn()));
        Value::Object(event)
    }

    /// The function's event, with the authorizer's context unless the route is open.
    pub(super) fn proxy_event(&self, response: Option<&AuthorizerResponse>) -> Value {
        let mut event = self.common();
        if let (Some(response), Some(context)) = (response, event.get_mut("requestContext")) {
            context["authorizer"] = authorizer(response);
        }
        // Without binary media types, a body is text, and invalid UTF-8 is replaced.
        let body = self.incoming.body.as_ref().filter(|body| !body.is_empty());
        event.insert("body".into(), json!(body.map(|body| String::from_utf8_lossy(body))));
        event.insert("isBase64Encoded".into(), json!(false));
        Value::Object(event)
    }

    fn common(&self) -> Map<String, Value> {
        let incoming = self.incoming;
        let headers = self.headers();
        let query = query_parameters(&incoming.query);
        let event = json!({
            "resource": self.matched.resource,
            "path": incoming.path,
            "httpMethod": incoming.method.as_str(),
            "headers": last_of_each(&headers),
            "multiValueHeaders": headers,
            "queryStringParameters": null_if_empty(last_of_each(&query)),
            "multiValueQueryStringParameters": null_if_empty(json!(query)),
            "pathParameters": null_if_empty(json!(self.matched.parameters)),
            "stageVariables": null_if_empty(json!(self.api.stage_variables)),
            "requestContext": self.request_context(),
        });
        match event {
            Value::Object(event) => event,
            _ => Map::new(),
        }
    }

    fn request_context(&self) -> Value {
        let incoming = self.incoming;
        let user_agent = incoming.headers.get(http::header::USER_AGENT);
        json!({
            "resourceId": "local",
            "resourcePath": self.matched.resource,
            "httpMethod": incoming.method.as_str(),
            "extendedRequestId": self.request_id,
            "requestTime": request_time(self.received),
            "path": incoming.path,
            "accountId": ACCOUNT,
            "protocol": "HTTP/1.1",
            "stage": self.api.stage,
            "domainPrefix": self.api.id,
            "requestTimeEpoch": self.received.millis(),
            "requestId": self.request_id,
            "identity": {
                "accessKey": null,
                "accountId": null,
                "caller": null,
                "cognitoAuthenticationProvider": null,
                "cognitoAuthenticationType": null,
                "cognitoIdentityId": null,
                "cognitoIdentityPoolId": null,
                "principalOrgId": null,
                "sourceIp": incoming.source_ip.to_string(),
                "user": null,
                "userAgent": user_agent.map(|value| String::from_utf8_lossy(value.as_bytes())),
                "userArn": null,
            },
            "domainName": self.domain,
            "apiId": self.api.id,
        })
    }

    /// The request's headers with all values, and those that API Gateway sets.
    fn headers(&self) -> BTreeMap<String, Vec<String>> {
        let mut headers = values(&self.incoming.headers);
        let hops = headers.remove("x-forwarded-for").unwrap_or_default();
        let hops: Vec<String> = hops.into_iter().chain([self.incoming.source_ip.to_string()]).collect();
        let port = self.domain.rsplit_once(':').map_or("80", |(_, port)| port);
        for (name, value) in [
            // API Gateway accepts its own host names only, so a function sees no other.
            ("host", self.domain.to_owned()),
            ("x-forwarded-for", hops.join(", ")),
            ("x-forwarded-port", port.to_owned()),
            ("x-forwarded-proto", "http".to_owned()),
        ] {
            headers.insert(name.to_owned(), vec![value]);
        }
        headers
    }
}

fn authorizer(response: &AuthorizerResponse) -> Value {
    let mut authorizer: Map<String, Value> =
        response.context.iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    authorizer.insert("principalId".into(), json!(response.principal_id));
    authorizer.insert("integrationLatency".into(), json!(0));
    Value::Object(authorizer)
}

/// The ARN of a method of an API.
pub(crate) fn method_arn(api: &str, stage: &str, method: &str, path: &str) -> String {
    format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/{stage}/{method}{path}")
}

/// `22/Nov/2025:10:30:00 +0000`, the format of `$context.requestTime`.
pub(super) fn request_time(moment: Timestamp) -> String {
    let Ok(time) = OffsetDateTime::from_unix_timestamp(moment.seconds()) else {
        return String::new();
    };
    let month = time.month().to_string();
    let month = month.get(..3).unwrap_or_default();
    let (year, day) = (time.year(), time.day());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    format!("{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +0000")
}

fn values(headers: &HeaderMap) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        all.entry(name.as_str().to_owned()).or_default().push(value);
    }
    all
}

/// The values of each parameter of a query; a form has the same encoding.
pub(crate) fn query_parameters(query: &str) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        all.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    all
}

/// The single-valued view of a map: the last value of each name.
fn last_of_each(all: &BTreeMap<String, Vec<String>>) -> Value {
    let last = all.iter().filter_map(|(name, values)| Some((name.clone(), values.last()?)));
    last.map(|(name, value)| (name, json!(value))).collect()
}

fn null_if_empty(value: Value) -> Value {
    if value.as_object().is_some_and(Map::is_empty) { Value::Null } else { value }
}
