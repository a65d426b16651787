//! Reads `template.yaml`: the routes, the gateway responses, the access log's format and the table, so
//! that the local stack uses the deployed ones.
//!
//! Reading is strict: a missing part is an error that names its path, so that the local stack never
//! differs silently from a deployment.

mod api;
mod error;
mod intrinsics;
mod node;
mod table;
mod yaml;

pub use api::{Api, GatewayResponse, HeaderValue, Route};
pub use error::TemplateError;
pub use table::{Attribute, AttributeType, Index, Key, Table};

use node::Node;
use serde_json::Value;

/// The template, embedded at build time.
pub const SOURCE: &str = include_str!("../../template.yaml");

/// The parts of the template that the local stack uses.
#[derive(Debug)]
pub struct Template {
    /// The parameters' defaults.
    pub defaults: Defaults,
    /// The REST API.
    pub api: Api,
    /// The table.
    pub table: Table,
}

/// Defaults of the parameters that the local stack uses.
#[derive(Debug, PartialEq, Eq)]
pub struct Defaults {
    /// `TokenPrefix`.
    pub token_prefix: String,
    /// `MaxTokensPerOwner`.
    pub max_tokens_per_owner: u32,
    /// `RetentionDays`.
    pub retention_days: u32,
    /// `HistoryDays`.
    pub history_days: u32,
}

impl Template {
    /// Reads the embedded template.
    ///
    /// # Errors
    /// A required part is missing.
    pub fn embedded() -> Result<Self, TemplateError> {
        Self::parse(SOURCE)
    }

    /// The embedded template as JSON, with CloudFormation's short forms expanded and the parameters'
    /// defaults inserted.
    ///
    /// # Errors
    /// It is not YAML.
    pub fn document() -> Result<Value, TemplateError> {
        Ok(intrinsics::resolve_parameters(yaml::parse(SOURCE)?))
    }

    /// Reads a template.
    ///
    /// # Errors
    /// A required part is missing.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let document = intrinsics::resolve_parameters(yaml::parse(source)?);
        let root = Node::root(&document);
        let parameters = root.get("Parameters")?;
        Ok(Self {
            defaults: Defaults {
                token_prefix: parameters.get("TokenPrefix")?.get("Default")?.text()?,
                max_tokens_per_owner: parameters.get("MaxTokensPerOwner")?.get("Default")?.number()?,
                retention_days: parameters.get("RetentionDays")?.get("Default")?.number()?,
                history_days: parameters.get("HistoryDays")?.get("Default")?.number()?,
            },
            api: api::read(&root)?,
            table: table::read(&root.get("Resources")?.get("TokensTable")?)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_of_the_token_api_is_found_with_its_function() {
        let routes = Template::embedded().unwrap().api.routes;
        assert_eq!(routes.len(), SOURCE.matches("\n          Type: Api\n").count());
        for (method, path, function) in [
            ("GET", "/.well-known/oauth-protected-resource", "portcullis-exchange"),
            ("PUT", "/catalog", "portcullis-catalog"),
            ("GET", "/console/{file+}", "portcullis-console"),
            ("POST", "/approvals", "portcullis-approvals"),
            ("POST", "/introspect", "portcullis-introspect"),
            ("GET", "/tokens", "portcullis-read"),
            ("POST", "/tokens", "portcullis-create"),
            ("DELETE", "/tokens/{id}", "portcullis-revoke"),
            ("PATCH", "/tokens/{id}", "portcullis-update"),
            ("POST", "/tokens/{id}/rotate", "portcullis-rotate"),
        ] {
            let route = routes.iter().find(|route| (route.method.as_str(), route.path.as_str()) == (method, path));
            assert_eq!(route.map(|route| route.function.as_str()), Some(function), "{method} {path}");
        }
        let open: Vec<_> = routes.iter().filter(|r| r.open).map(|r| r.path.as_str()).collect();
        assert_eq!(
            open,
            ["/console/{file+}", "/console", "/exchange", "/.well-known/oauth-protected-resource", "/revoke"]
        );
    }

    /// The template with more properties of `GET /me`.
    fn with(more: &str) -> Result<Template, TemplateError> {
        let there = "            Path: /me\n";
        assert!(SOURCE.contains(there), "the template no longer has {there:?}");
        Template::parse(&SOURCE.replacen(there, &format!("{there}            {more}\n"), 1))
    }

    #[test]
    fn a_route_whose_authorizer_is_none_is_open_and_no_other_becomes_so() {
        for auth in ["Auth: {Authorizer: NONE}", "Auth: {Authorizer: 'NONE'}", "Auth:\n              Authorizer: NONE"]
        {
            let routes = with(auth).unwrap().api.routes;
            let open: Vec<_> = routes.iter().filter(|route| route.open).map(|route| route.path.as_str()).collect();
            assert!(open.contains(&"/me"), "{auth}");
            assert_eq!(open.len(), 6, "{auth}: {open:?}");
        }
    }

    #[test]
    fn no_other_auth_of_a_routes_own_is_followed() {
        for auth in [
            "Auth:",
            "Auth: {}",
            "Auth: NONE",
            "Auth: [NONE]",
            "Auth: {Authorizer: none}",
            "Auth: {Authorizer: 'NONE '}",
            "Auth: {Authorizer: ~}",
            "Auth: {Authorizer: [NONE]}",
            "Auth: {Authorizer: {NONE: true}}",
            "Auth: {Authorizer: !Ref TokensTable}",
            "Auth: {Authorizer: AWS_IAM}",
            "Auth: {Authorizer: TokenAuthorizer}",
            "Auth: {Authorizer: NONE, ApiKeyRequired: true}",
            "Auth: {Authorizer: NONE, ResourcePolicy: {}}",
            "Auth: {ApiKeyRequired: false}",
            "Auth: {authorizer: NONE}",
        ] {
            let error = with(auth).err().unwrap_or_else(|| panic!("{auth} was accepted")).to_string();
            assert!(error.contains("ShowCaller.Properties.Auth"), "{auth}: {error}");
        }
    }

    #[test]
    fn a_method_is_read_whatever_its_case() {
        let put = SOURCE.replacen("            Method: DELETE\n", "            Method: put\n", 1);
        let routes = Template::parse(&put).unwrap().api.routes;
        assert!(routes.iter().any(|route| route.method == "PUT" && route.path == "/tokens/{id}"), "{routes:?}");
    }

    #[test]
    fn two_routes_for_the_same_requests_are_refused_even_if_one_is_open() {
        let there = "            Method: POST\n            Path: /tokens/{id}/revoke\n";
        assert!(SOURCE.contains(there), "the template no longer has {there:?}");
        for path in ["/tokens/{id}", "/tokens/{token}", "/tokens/{id}/", "/tokens", "/me"] {
            for auth in ["", "            Auth: {Authorizer: NONE}\n"] {
                let second = format!("            Method: get\n            Path: {path}\n{auth}");
                let error = Template::parse(&SOURCE.replacen(there, &second, 1));
                let error = error.err().unwrap_or_else(|| panic!("a second GET {path} was accepted")).to_string();
                assert!(error.contains("is a second GET /"), "{error}");
            }
        }
        for path in ["/tokens/{id+}", "/tokens/id", "/{id}"] {
            let other = format!("            Method: GET\n            Path: {path}\n");
            assert!(Template::parse(&SOURCE.replacen(there, &other, 1)).is_ok(), "GET {path} was refused");
        }
    }

    #[test]
    fn the_stage_its_variables_and_the_defaults_are_read() {
        let template = Template::embedded().unwrap();
        assert_eq!(template.api.stage, "v1", "a reference to a parameter is its default");
        assert_eq!(template.api.stage_variables["portcullis_api"], "tokens");
        let defaults = Defaults {
            token_prefix: "pcl".to_owned(),
            max_tokens_per_owner: 10,
            retention_days: 30,
            history_days: 400,
        };
        assert_eq!(template.defaults, defaults);
    }

    #[test]
    fn every_gateway_response_that_this_machine_gives_has_a_text_of_its_own() {
        let responses = Template::embedded().unwrap().api.responses;
        for (name, status) in [
            ("UNAUTHORIZED", Some(401)),
            ("ACCESS_DENIED", Some(403)),
            ("MISSING_AUTHENTICATION_TOKEN", Some(404)),
            ("REQUEST_TOO_LARGE", Some(413)),
            ("AUTHORIZER_FAILURE", Some(500)),
            ("AUTHORIZER_CONFIGURATION_ERROR", Some(500)),
            ("DEFAULT_5XX", None),
        ] {
            assert_eq!(responses[name].status, status, "{name}");
            assert!(responses[name].body.contains("$context.requestId"), "{name}");
        }
        let (name, value) = &responses["UNAUTHORIZED"].headers[2];
        assert_eq!(name, "WWW-Authenticate");
        let HeaderValue::Literal(challenge) = value else { panic!("{value:?}") };
        assert!(challenge.starts_with("Bearer realm=\"portcullis\""), "{challenge}");
    }

    #[test]
    fn the_table_is_read_with_its_keys_indexes_and_ttl_without_digests() {
        let table = Template::embedded().unwrap().table;
        let key = |hash: &str, range: &str| Key { hash: hash.into(), range: range.into() };
        assert_eq!(table.key, key("pk", "sk"));
        assert_eq!(table.ttl_attribute, "ttl");
        let indexes: Vec<_> = table.indexes.iter().map(|i| (i.name.as_str(), &i.key)).collect();
        let (owner, time, day) = (key("owner", "created_at"), key("sk", "created_at"), key("day", "sk"));
        assert_eq!(indexes, [("by_owner", &owner), ("by_time", &time), ("by_day", &day)]);
        let created_at = table.attributes.iter().find(|a| a.name == "created_at").unwrap();
        assert_eq!(created_at.kind, AttributeType::Number);
    }

    #[test]
    fn missing_and_invalid_parts_are_named_with_their_path() {
        for (there, instead, place) in [
            ("  TokenPrefix:\n", "  Prefix:\n", "Parameters has no TokenPrefix"),
            ("    Default: 10\n", "    Default: ten\n", "Parameters.MaxTokensPerOwner.Default"),
            ("  Api:\n    Type: AWS::Serverless::Api\n", "  Other:\n    Type: A\n", "Resources has no Api"),
            ("      StageName: !Ref StageName\n", "      StageName: !Ref Api\n", "Resources.Api.Properties.StageName"),
            ("      GatewayResponses:\n", "      Answers:\n", "has no GatewayResponses"),
            ("      AccessLogSetting:\n", "      Log:\n", "has no AccessLogSetting"),
            ("DefaultAuthorizer: TokenAuthorizer", "DefaultAuthorizer: Nobody", "Auth.DefaultAuthorizer"),
            ("'no-store'", "no-store", "neither 'text' in single quotes"),
            ("            Path: /tokens/{id}/revoke\n", "", "RevokeToken.Properties has no Path"),
            ("        Binary: portcullis-revoke\n", "        Other: portcullis-revoke\n", "has no Binary"),
            ("  TokensTable:\n", "  Table:\n", "Resources has no TokensTable"),
            ("ProjectionType: KEYS_ONLY", "ProjectionType: ALL", "might project the digest"),
            ("        Enabled: true\n", "        Enabled: false\n", "TimeToLiveSpecification is not enabled"),
            (
                "{ AttributeName: pk, KeyType: HASH }",
                "{ AttributeName: pk, KeyType: RANGE }",
                "KeySchema needs one HASH",
            ),
        ] {
            assert!(SOURCE.contains(there), "the template no longer has {there:?}");
            let error = Template::parse(&SOURCE.replacen(there, instead, 1));
            let error = error.err().unwrap_or_else(|| panic!("{instead:?} was accepted")).to_string();
            assert!(error.contains(place), "{error} does not name {place}");
        }
    }

    #[test]
    fn a_template_without_any_route_is_no_template() {
        let source = SOURCE.replace("          Type: Api\n", "          Type: Schedule\n");
        let error = Template::parse(&source).unwrap_err().to_string();
        assert!(error.contains("has no function with an Api event"), "{error}");
    }
}
