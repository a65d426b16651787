//! Events as API Gateway sends them.

use serde_json::{Map, Value, json};

use crate::Error;

const REQUEST: &str = include_str!("../../functions/authorizer/src/fixtures/rest-request.json");

/// A REST API's authorizer event for `GET /apps/billing` with this bearer token.
///
/// # Errors
/// Never.
pub fn request(bearer: &str) -> Result<Vec<u8>, Error> {
    // Without the white space of the file.
    let event: Value = serde_json::from_str(&REQUEST.replace("$TOKEN", bearer))?;
    Ok(event.to_string().into_bytes())
}

/// A token that is not one: its last character differs from the checksum.
#[must_use]
pub fn malformed(token: &str) -> String {
    let (kept, last) = token.split_at(token.len() - 1);
    format!("{kept}{}", if last == "0" { "1" } else { "0" })
}

/// A request to the management API.
#[derive(Clone, Copy, Debug)]
pub struct ApiRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The route: `/tokens/{id}`.
    pub route: &'a str,
    /// The `{id}`.
    pub id: Option<&'a str>,
    /// The caller's token.
    pub caller: &'a str,
    /// Further headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: Option<&'a str>,
}

impl ApiRequest<'_> {
    /// The function's event.
    #[must_use]
    pub fn to_event(self) -> Vec<u8> {
        let Self { method, route, id, caller, headers, body } = self;
        let path = route.replace("{id}", id.unwrap_or_default());
        let always = [("host", "example.execute-api.us-east-1.amazonaws.com"), ("user-agent", "curl/8.5.0")];
        let all: Map<_, _> =
            always.iter().chain(headers).map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let several: Map<_, _> = all.iter().map(|(name, value)| (name.clone(), json!([value]))).collect();
        json!({
            "resource": route,
            "path": path,
            "httpMethod": method,
            "headers": all,
            "multiValueHeaders": several,
            "queryStringParameters": null,
            "multiValueQueryStringParameters": null,
            "pathParameters": id.map(|id| json!({ "id": id })),
            "stageVariables": { "portcullis_api": "tokens" },
            "requestContext": {
                "resourceId": "bench",
                "resourcePath": route,
                "httpMethod": method,
                "extendedRequestId": "JKJaXmPLvHcESHA=",
                "requestTime": "10/Mar/2020:05:16:23 +0000",
                "path": format!("/v1{path}"),
                "accountId": "123456789012",
                "protocol": "HTTP/1.1",
                "stage": "v1",
                "domainPrefix": "example",
                "requestTimeEpoch": 1_583_817_383_220_i64,
                "requestId": "70b2c1d6-6a2d-4c1b-9f43-0d6f3b1a7e55",
                "identity": { "sourceIp": "192.0.2.1", "userAgent": "curl/8.5.0" },
                "domainName": "example.execute-api.us-east-1.amazonaws.com",
                "apiId": "example",
                "authorizer": { "principal_type": "token", "token_id": caller, "owner": "alice@example.com", "principalId": caller, "integrationLatency": 0 },
            },
            "body": body,
            "isBase64Encoded": false,
        })
        .to_string()
        .into_bytes()
    }
}
