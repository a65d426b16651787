use std::sync::Arc;

use super::*;
use crate::authenticate::ClaimedIdentity;
use crate::response::tests::to_value;
use portcullis::authz::{AccessRequest, DenyReason, MissingAccess, Settings, authorize};
use portcullis::catalog::Catalog;
use portcullis::clock::Timestamp;
use portcullis::grants::Grants;
use portcullis::store::StoredCatalog;
use portcullis::token::{Actor, TokenRecord};
use serde_json::Value;

fn token(grants: Grants) -> Principal {
    let (id, name, owner) = ("0123456789abcdef".parse(), "ci".parse(), "alice".parse());
    let made = Timestamp::from_seconds(0);
    let record = TokenRecord::new(id.unwrap(), name.unwrap(), owner.unwrap(), grants, Actor::Bootstrap, made);
    Principal::Token(Box::new(record))
}

fn at() -> Timestamp {
    Timestamp::from_seconds(1)
}

fn rules(catalog: &Catalog) -> AuthzContext<'_> {
    AuthzContext::new(catalog, &Settings::default())
}

fn grants(permissions: &[&str], resources: &[&str]) -> Grants {
    let permissions = permissions.iter().map(|text| text.parse().unwrap()).collect();
    Grants::single(permissions, resources.iter().map(|text| text.parse().unwrap()).collect())
}

fn compiled(grants: Grants) -> Result<Value, CompileError> {
    compiled_under("{}", grants)
}

fn compiled_under(document: &str, grants: Grants) -> Result<Value, CompileError> {
    let catalog = Catalog::read(&serde_json::from_str(document).unwrap()).unwrap();
    let principal = token(grants);
    let text = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/v1/GET/apps/billing";
    let arn = Arn::parse(text).unwrap();
    let request = AccessRequest { api: Api::Protected, target: arn.target, from: None };
    let allowed = authorize(Some(&principal), &rules(&catalog), &request, at()) == Decision::Allow;
    compile(&principal, &rules(&catalog), &arn, allowed, at()).map(|response| to_value(&response))
}

#[test]
fn an_api_wide_response_says_nothing_of_the_single_request() {
    let response = compiled(grants(&["jobs:read"], &["*"])).unwrap();
    insta::assert_json_snapshot!(response["context"]);
}

#[test]
fn a_token_of_a_few_apps_has_an_answer_and_one_of_many_does_not() {
    let apps: Vec<_> = (0..20).map(|n| format!("apps/service-{n:02}")).collect();
    let apps: Vec<_> = apps.iter().map(String::as_str).collect();
    let most =
        |permission| (1..=20).take_while(|count| compiled(grants(&[permission], &apps[..*count])).is_ok()).last();
    assert_eq!((most("apps:read"), most("apps:*")), (Some(12), Some(5)));
    assert_eq!(compiled(grants(&["apps:read"], &apps)), Err(CompileError::ManyPatterns));
}

#[test]
fn grants_that_would_leave_the_patterns_no_room_are_left_out() {
    let few = compiled(grants(&["apps:write"], &["apps/a"])).unwrap();
    assert!(few["context"].get("grants").is_some());
    let permissions: Vec<_> = (0..24).map(|n| format!("p{n}:{}", "a".repeat(90))).collect();
    let permissions: Vec<_> = permissions.iter().map(String::as_str).chain(["apps:read"]).collect();
    let apps: Vec<_> = (0..9).map(|n| format!("apps/service-{n:02}")).collect();
    let apps: Vec<_> = apps.iter().map(String::as_str).collect();
    let large = compiled(grants(&permissions, &apps)).unwrap();
    assert!(large["context"].get("grants").is_none() && large.to_string().len() < 8 * 1024);
}

#[test]
fn inexpressible_grants_have_a_readable_reason() {
    let catalog =
        r#"{"permissions": {"env:view": ""}, "routes": [{"match": "GET /apps/{app}/env", "permission": "env:view"}]}"#;
    let why = compiled_under(catalog, grants(&["apps:read"], &["*"])).unwrap_err();
    assert_eq!(why.to_string(), "the route GET /apps/{app}/env is closed or partly closed among open paths");
}

/// The API-wide response for a caller who may read everything.
fn respond_with(seconds: u32, shape: ResponseFormat, fixture: &str, decision: &Decision) -> Option<Value> {
    let settings = Settings { cache_seconds: seconds, ..Settings::default() };
    let event: Event = serde_json::from_str(fixture).unwrap();
    let arn = Arn::parse(event.arn().unwrap()).unwrap();
    let found = match decision {
        Decision::Unauthorized(reason) => Authentication::Failed(*reason, ClaimedIdentity::Nothing, None),
        _ => {
            let catalog = Arc::new(StoredCatalog { catalog: Catalog::default(), version: 0 });
            Authentication::Authenticated { principal: token(grants(&["*:read"], &["*"])), catalog, superseded: false }
        }
    };
    respond(&settings, shape, &event, &arn, &found, decision, at()).map(|response| to_value(&response))
}

#[test]
fn only_policies_of_a_protected_api_for_a_valid_credential_are_api_wide() {
    let protected = include_str!("../fixtures/rest-request.json");
    let http_api = include_str!("../fixtures/http-api-2.0.json");
    let forbidden = || Decision::Forbidden(DenyReason::PermissionMissing, MissingAccess::default());
    for (fixture, shape) in [
        (protected, ResponseFormat::Rest),
        (include_str!("../fixtures/rest-token.json"), ResponseFormat::Rest),
        (http_api, ResponseFormat::Policy),
    ] {
        let response = respond_with(60, shape, fixture, &forbidden()).unwrap();
        assert_eq!(response["policyDocument"]["Statement"][0]["Effect"], "Allow");
        assert_eq!(respond_with(0, shape, fixture, &forbidden()), None);
        assert_eq!(respond_with(60, shape, fixture, &Decision::Unauthorized(DenyReason::Revoked)), None);
        // The policy says nothing of addresses, so it would allow this request.
        let elsewhere = Decision::Forbidden(DenyReason::IpNotAllowed, MissingAccess::default());
        assert_eq!(respond_with(60, shape, fixture, &elsewhere), None);
    }
    let own = include_str!("../fixtures/rest-request-own-api.json");
    assert_eq!(respond_with(60, ResponseFormat::Rest, own, &forbidden()), None);
    assert_eq!(respond_with(60, ResponseFormat::Simple, http_api, &forbidden()), None);
    let connect = include_str!("../fixtures/websocket-connect.json");
    assert_eq!(respond_with(60, ResponseFormat::Rest, connect, &forbidden()), None);
}
