//! Authorizers of the APIs of an account and region, from API Gateway's control plane
//! ([REST](https://docs.aws.amazon.com/apigateway/latest/api/API_GetAuthorizers.html),
//! [HTTP and WebSocket](https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-authorizers.html)).

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::signed_request::SignedClient;
use super::stack_state::{ApiKind, Authorizer};
use crate::CliError;
use crate::api::{Cursors, segment};

const ACTION: &str = "apigateway:GET";
/// TTL of a REST API's authorizer without one.
const REST_DEFAULT_TTL: u32 = 300;

/// A page of either control plane.
#[derive(Deserialize)]
struct Page<T> {
    #[serde(alias = "item", default = "Vec::new")]
    items: Vec<T>,
    #[serde(alias = "position")]
    #[serde(rename = "nextToken")]
    next: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Api {
    #[serde(alias = "apiId")]
    id: String,
    #[serde(default)]
    name: String,
    protocol_type: Option<ApiKind>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GatewayAuthorizer {
    name: String,
    /// For REST APIs.
    r#type: Option<String>,
    authorizer_uri: Option<String>,
    authorizer_result_ttl_in_seconds: Option<u32>,
    identity_source: Option<IdentitySource>,
    authorizer_payload_format_version: Option<String>,
    enable_simple_responses: Option<bool>,
}

/// Comma-separated for REST APIs, a list for the others.
#[derive(Deserialize)]
#[serde(untagged)]
enum IdentitySource {
    Text(String),
    List(Vec<String>),
}

/// All authorizers that name a function, by any version or alias.
///
/// # Errors
/// When API Gateway denies a request or fails.
pub(super) fn authorizers_of(function_arn: &str, client: &SignedClient) -> Result<Vec<Authorizer>, CliError> {
    let rest = pages::<Api>(client, "/restapis", "limit", "position")?;
    let rest = rest.into_iter().map(|api| ("/restapis", "limit", "position", api));
    let others = pages::<Api>(client, "/v2/apis", "maxResults", "nextToken")?;
    let others = others.into_iter().map(|api| ("/v2/apis", "maxResults", "nextToken", api));
    let mut found = Vec::new();
    for (path, limit, cursor, api) in rest.chain(others) {
        let path = format!("{path}/{}/authorizers", segment(&api.id));
        let authorizers = pages::<GatewayAuthorizer>(client, &path, limit, cursor)?;
        let authorizers = authorizers.into_iter().filter_map(|authorizer| authorizer.of_function(function_arn, &api));
        found.extend(authorizers);
    }
    Ok(found)
}

fn pages<T: DeserializeOwned>(
    client: &SignedClient,
    path: &str,
    limit: &str,
    cursor_name: &str,
) -> Result<Vec<T>, CliError> {
    let (mut items, mut cursors, mut query) = (Vec::new(), Cursors::default(), format!("?{limit}=100"));
    loop {
        let page: Page<T> = client.get(&format!("{path}{query}"), ACTION)?;
        items.extend(page.items);
        match cursors.follow(page.next)? {
            Some(cursor) => query = format!("?{limit}=100&{cursor_name}={}", segment(&cursor)),
            None => return Ok(items),
        }
    }
}

impl GatewayAuthorizer {
    /// `None` if it names another function.
    fn of_function(self, function_arn: &str, api: &Api) -> Option<Authorizer> {
        let arn = named_function(self.authorizer_uri.as_deref()?)?;
        if unqualified(arn) != unqualified(function_arn) {
            return None;
        }
        let kind = api.protocol_type.unwrap_or(ApiKind::Rest);
        let default_ttl = if kind == ApiKind::Rest { REST_DEFAULT_TTL } else { 0 };
        let ttl = self.authorizer_result_ttl_in_seconds.unwrap_or(default_ttl);
        Some(Authorizer {
            api_kind: kind,
            api_id: api.id.clone(),
            api_name: api.name.clone(),
            function_arn: arn.to_owned(),
            name: self.name,
            reads_one_header: self.r#type.as_deref() == Some("TOKEN"),
            // A WebSocket API never caches.
            ttl_seconds: if kind == ApiKind::WebSocket { 0 } else { ttl },
            identity_sources: self.identity_source.map(IdentitySource::into_list).unwrap_or_default(),
            payload_version: self.authorizer_payload_format_version.filter(|_| kind == ApiKind::Http),
            simple_responses: self.enable_simple_responses.unwrap_or_default(),
        })
    }
}

impl IdentitySource {
    fn into_list(self) -> Vec<String> {
        let list = match self {
            Self::Text(text) => text.split(',').map(|source| source.trim().to_owned()).collect(),
            Self::List(list) => list,
        };
        list.into_iter().filter(|source| !source.is_empty()).collect()
    }
}

/// The function that an authorizer URI names:
/// `arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations`.
fn named_function(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("/functions/")?;
    rest.strip_suffix("/invocations")
}

/// A function's ARN without version and alias.
fn unqualified(arn: &str) -> &str {
    arn.match_indices(':').nth(6).map_or(arn, |(at, _)| arn.get(..at).unwrap_or(arn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:authorizer";

    fn found(kind: &str, mut authorizer: serde_json::Value) -> Option<Authorizer> {
        let uri = "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/";
        let function = authorizer["function"].as_str().unwrap_or(FUNCTION);
        authorizer["authorizerUri"] = json!(format!("{uri}{function}/invocations"));
        authorizer["name"] = json!("Portcullis");
        let api = json!({"id": "a1", "protocolType": kind});
        let authorizer: GatewayAuthorizer = serde_json::from_value(authorizer).unwrap();
        authorizer.of_function(&format!("{FUNCTION}:live"), &serde_json::from_value(api).unwrap())
    }

    #[test]
    fn an_authorizer_is_found_by_any_version_of_the_function() {
        for (function, expected) in [
            (FUNCTION.to_owned(), true),
            (format!("{FUNCTION}:live"), true),
            (format!("{FUNCTION}:7"), true),
            (format!("{FUNCTION}2"), false),
            (FUNCTION.replace("eu-west-1", "eu-west-2"), false),
        ] {
            assert_eq!(found("REST", json!({"function": function})).is_some(), expected, "{function}");
        }
    }

    #[test]
    fn a_ttl_that_is_not_set_is_the_default_of_the_kind_of_api() {
        for (kind, ttl) in [("REST", 300), ("HTTP", 0), ("WEBSOCKET", 0)] {
            assert_eq!(found(kind, json!({})).unwrap().ttl_seconds, ttl, "{kind}");
        }
    }

    #[test]
    fn identity_sources_are_a_text_or_a_list() {
        let expected = ["a", "b"].map(str::to_owned).to_vec();
        assert_eq!(found("REST", json!({"identitySource": "a, b"})).unwrap().identity_sources, expected);
        assert_eq!(found("HTTP", json!({"identitySource": ["a", "b"]})).unwrap().identity_sources, expected);
        assert!(found("REST", json!({"identitySource": ""})).unwrap().identity_sources.is_empty());
    }
}
