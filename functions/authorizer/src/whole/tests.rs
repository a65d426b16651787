use std::sync::Arc;

use super::*;
use crate::bookkeeping::tests::authorizer_at;
use crate::found::Claimed;
use crate::pattern::tests::matches_by_definition;
use portcullis::authz::{Api, Asked, Missing, Reason, TokenManagement, decide};
use portcullis::catalog::Catalog;
use portcullis::clock::Timestamp;
use portcullis::grants::{Grant, Grants};
use portcullis::store::StoredCatalog;
use portcullis::token::{Actor, Record};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;

const STAGE: &str = "arn:aws:execute-api:r:1:api/v1";

fn token(grants: Grants) -> Principal {
    let (id, name, owner) = ("0123456789abcdef".parse(), "ci".parse(), "alice".parse());
    let made = Timestamp::from_seconds(0);
    let record = Record::new(id.unwrap(), name.unwrap(), owner.unwrap(), grants, Actor::Bootstrap, made);
    Principal::Token(Box::new(record))
}

fn at() -> Timestamp {
    Timestamp::from_seconds(1)
}

fn rules(catalog: &Catalog) -> Rules<'_> {
    Rules { catalog, management: TokenManagement::Owners, max_idle_days: 0 }
}

fn decided(principal: &Principal, catalog: &Catalog, arn: &Arn<'_>) -> bool {
    decide(
        Some(principal),
        &rules(catalog),
        &Asked { api: Api::Protected, target: arn.target, from: None },
        Timestamp::from_seconds(1),
    ) == Decision::Allow
}

/// What API Gateway makes of an answer, part by part of the ARN.
fn let_in(answer: &Value, arn: &str) -> bool {
    let parts = |arn: &str| arn.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    let names = |pattern: &str| {
        parts(pattern).iter().zip(parts(arn)).all(|(pattern, part)| matches_by_definition(pattern, &part))
    };
    let says = |effect: &str| {
        let statements = answer["policyDocument"]["Statement"].as_array().unwrap();
        statements.iter().filter(|statement| statement["Effect"] == effect).any(
            |statement| match &statement["Resource"] {
                Value::Array(patterns) => patterns.iter().any(|pattern| names(pattern.as_str().unwrap())),
                one => names(one.as_str().unwrap()),
            },
        )
    };
    says("Allow") && !says("Deny")
}

fn any_grants() -> impl Strategy<Value = Grants> {
    let permission = "(\\*|a|b|m):(\\*|read|write|go)".prop_map(|text| text.parse().unwrap());
    let resource = "\\*|(a|b|A|m y)(/(a|b|m y)){0,2}(/\\*)?".prop_map(|text| text.parse().unwrap());
    let grant = (prop::collection::vec(permission, 1..4), prop::collection::vec(resource, 1..3))
        .prop_map(|(permissions, resources)| Grant { permissions, resources });
    prop::collection::vec(grant, 1..4).prop_map(Grants::from)
}

/// Routes that do not go together with those before them are left out.
fn any_catalog() -> impl Strategy<Value = Catalog> {
    let path = (prop::collection::vec("a|b|A|m y|\\{x\\}|\\{y\\}", 0..4), "(\\{z\\+\\})?");
    let template = prop::option::of(prop::collection::vec("a|b|m y|\\{x\\}|\\{z\\}", 1..3));
    let route = ("GET|HEAD|POST|ANY", path, "(a|b):(read|write|go)", template);
    let route = route.prop_map(|(method, (mut parts, rest), permission, template)| {
        parts.extend(Some(rest).filter(|rest| !rest.is_empty()));
        let mut route = json!({"match": format!("{method} /{}", parts.join("/")), "permission": permission});
        if let Some(template) = template {
            route["resource"] = json!(template.join("/"));
        }
        route
    });
    (prop::bool::weighted(0.2), prop::collection::vec(route, 0..4)).prop_map(|(strict, routes)| {
        let names = ["a:read", "a:write", "a:go", "b:read", "b:write", "b:go"];
        let permissions: serde_json::Map<_, _> = names.into_iter().map(|name| (name.to_owned(), json!(""))).collect();
        let of =
            |routes: &[Value]| Catalog::read(&json!({"strict": strict, "permissions": permissions, "routes": routes}));
        let mut kept = Vec::new();
        for route in routes {
            kept.push(route);
            if of(&kept).is_err() {
                kept.pop();
            }
        }
        of(&kept).unwrap()
    })
}

/// A method and a path as clients send it; HTTP APIs leave the root's slash away.
const ORDINARY: &str = "(GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE)((/(a|b|c|m%20y|A|B\\.x|a%20|%EF%BD%81)){1,4}/?|/|)";

/// One as only attackers and broken clients send it.
const ODD: &str = "(GET|POST|DELETE|BREW)(/(a|b|m y|m%20y|%61|\\.|\\.\\.|%2e|%2E%2e|a%2eb|%2f|%5C|\\\\|;x|%|%zz|%25|%ff|%c0%ae|%00|a\\*|\\*|\\?|\\$\\{x\\}|\\$\\{\\*\\}|)){0,5}/?";

/// What a guard holds back below a path that is open.
const MALFORMED: &str = "(GET|POST)/(a|b|m%20y)(/(a|\\.\\.\\.|%20|a%EF%BC%8Fb|%ef%bc%8e|a%EF%BC%9Bx|%E2%80%8B|%e2%80%a6|\\.|\\.\\.|%2e|%2E%2e|a%2F|%5C|\\\\x|;|a%3bx|%252e|%2Aa|%3f|%00|a%1F|%7f|%c2%85|%C2%9F|%c0%ae|%C1%9C|%e0%80%ae|%F0%80%80%AE|)){1,3}/?";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn an_answer_for_the_whole_api_decides_every_request_as_it_would_be_decided_itself(
        grants in any_grants(), catalog in any_catalog(), cause in ORDINARY, others in prop::collection::vec(ORDINARY, 8)
    ) {
        let somebody = token(grants);
        let cause = format!("{STAGE}/{cause}");
        let arn = Arn::parse(&cause).unwrap();
        if let Ok(answer) = whole(&somebody, &rules(&catalog), &arn, decided(&somebody, &catalog, &arn), at()) {
            for sent in others.iter().map(|other| format!("{STAGE}/{other}")).chain([cause.clone()]) {
                let decided = decided(&somebody, &catalog, &Arn::parse(&sent).unwrap());
                prop_assert_eq!(let_in(&answer, &sent), decided, "{} by {}", sent, answer);
            }
        }
    }

    #[test]
    fn the_request_that_causes_an_answer_is_decided_by_it_whatever_its_path(
        grants in any_grants(), catalog in any_catalog(), cause in ODD, others in prop::collection::vec(ORDINARY, 8)
    ) {
        let somebody = token(grants);
        let cause = format!("{STAGE}/{cause}");
        let arn = Arn::parse(&cause).unwrap();
        let allowed = decided(&somebody, &catalog, &arn);
        if let Ok(answer) = whole(&somebody, &rules(&catalog), &arn, allowed, at()) {
            prop_assert_eq!(let_in(&answer, &cause), allowed, "{} by {}", cause, answer);
            for other in others.iter().map(|other| format!("{STAGE}/{other}")) {
                let decided = decided(&somebody, &catalog, &Arn::parse(&other).unwrap());
                // A wildcard of the caller's own making may close what looks like it to them.
                let closed = !allowed && matches_by_definition(&arn.alone(), &other);
                prop_assert_eq!(let_in(&answer, &other), decided && !closed, "{} after {} by {}", other, cause, answer);
            }
        }
    }

    #[test]
    fn what_nobody_may_send_is_not_let_in_by_an_answer_that_was_kept(
        grants in any_grants(), catalog in any_catalog(), cause in ORDINARY, others in prop::collection::vec(MALFORMED, 8)
    ) {
        let somebody = token(grants);
        let cause = format!("{STAGE}/{cause}");
        let arn = Arn::parse(&cause).unwrap();
        if let Ok(answer) = whole(&somebody, &rules(&catalog), &arn, decided(&somebody, &catalog, &arn), at()) {
            for sent in others.iter().map(|other| format!("{STAGE}/{other}")) {
                let decided = decided(&somebody, &catalog, &Arn::parse(&sent).unwrap());
                prop_assert!(decided || !let_in(&answer, &sent), "{} by {}", sent, answer);
            }
        }
    }
}

/// The properties above would hold if there never were an answer for the whole API.
#[test]
fn most_grants_under_most_catalogs_have_an_answer_for_the_whole_api() {
    let mut runner = TestRunner::deterministic();
    let (mut have, mut let_something_in, mut largest) = (0, 0, 0);
    for _ in 0..1000 {
        let (grants, catalog) = (any_grants(), any_catalog()).new_tree(&mut runner).unwrap().current();
        let cause = format!("{STAGE}/GET/a");
        let arn = Arn::parse(&cause).unwrap();
        let somebody = token(grants);
        if let Ok(answer) = whole(&somebody, &rules(&catalog), &arn, decided(&somebody, &catalog, &arn), at()) {
            have += 1;
            let_something_in += i32::from(answer["policyDocument"]["Statement"][0]["Effect"] == "Allow");
            largest = largest.max(answer.to_string().len());
        }
    }
    println!("of 1000, {have} have one, {let_something_in} let something in, the largest has {largest} bytes");
    assert!(have > 600 && let_something_in > 500);
}

fn grants(permissions: &[&str], resources: &[&str]) -> Grants {
    let permissions = permissions.iter().map(|text| text.parse().unwrap()).collect();
    Grants::one(permissions, resources.iter().map(|text| text.parse().unwrap()).collect())
}

fn compiled(grants: Grants) -> Result<Value, Unsaid> {
    compiled_under("{}", grants)
}

fn compiled_under(document: &str, grants: Grants) -> Result<Value, Unsaid> {
    let catalog = Catalog::read(&serde_json::from_str(document).unwrap()).unwrap();
    let somebody = token(grants);
    let text = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3d4e5/v1/GET/apps/billing";
    let arn = Arn::parse(text).unwrap();
    whole(&somebody, &rules(&catalog), &arn, decided(&somebody, &catalog, &arn), at())
}

#[test]
fn the_context_of_an_answer_for_the_whole_api_says_nothing_of_the_one_request() {
    let answer = compiled(grants(&["jobs:read"], &["*"])).unwrap();
    insta::assert_json_snapshot!(answer["context"]);
}

#[test]
fn a_token_of_a_few_apps_has_an_answer_and_one_of_many_does_not() {
    let apps: Vec<_> = (0..20).map(|n| format!("apps/service-{n:02}")).collect();
    let apps: Vec<_> = apps.iter().map(String::as_str).collect();
    let most =
        |permission| (1..=20).take_while(|count| compiled(grants(&[permission], &apps[..*count])).is_ok()).last();
    assert_eq!((most("apps:read"), most("apps:*")), (Some(12), Some(5)));
    assert_eq!(compiled(grants(&["apps:read"], &apps)), Err(Unsaid::ManyPatterns));
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
fn what_no_policy_can_say_is_told_in_a_sentence() {
    let catalog =
        r#"{"permissions": {"env:view": ""}, "routes": [{"match": "GET /apps/{app}/env", "permission": "env:view"}]}"#;
    let why = compiled_under(catalog, grants(&["apps:read"], &["*"])).unwrap_err();
    assert_eq!(why.to_string(), "the route GET /apps/{app}/env is closed, or partly so, among paths that are open");
}

/// The answer for the whole API to a reader of everything.
async fn answered(seconds: u32, shape: Shape, fixture: &str, decision: Decision) -> Option<Value> {
    let mut authorizer = authorizer_at("http://127.0.0.1:9".to_owned());
    authorizer.app.settings.authz.cache_seconds = seconds;
    let event: Event = serde_json::from_str(fixture).unwrap();
    let arn = Arn::parse(event.arn().unwrap()).unwrap();
    let found = match decision {
        Decision::Refuse(reason) => Found::Nobody(reason, Claimed::Nothing, None),
        _ => {
            let catalog = Arc::new(StoredCatalog { catalog: Catalog::default(), version: 0 });
            Found::Person(token(grants(&["*:read"], &["*"])), catalog)
        }
    };
    authorizer.answer_for_the_whole_api(shape, &event, &arn, &found, &decision, at())
}

#[tokio::test(flavor = "current_thread")]
async fn only_a_protected_apis_policies_for_someone_alive_are_for_the_whole_api() {
    let protected = include_str!("../fixtures/rest-request.json");
    let http_api = include_str!("../fixtures/http-api-2.0.json");
    let forbidden = || Decision::Forbid(Reason::PermissionMissing, Missing::default());
    for (fixture, shape) in [
        (protected, Shape::Rest),
        (include_str!("../fixtures/rest-token.json"), Shape::Rest),
        (http_api, Shape::Policy),
    ] {
        let answer = answered(60, shape, fixture, forbidden()).await.unwrap();
        assert_eq!(answer["policyDocument"]["Statement"][0]["Effect"], "Allow");
        assert_eq!(answered(0, shape, fixture, forbidden()).await, None);
        assert_eq!(answered(60, shape, fixture, Decision::Refuse(Reason::Revoked)).await, None);
    }
    let own = include_str!("../fixtures/rest-request-own-api.json");
    assert_eq!(answered(60, Shape::Rest, own, forbidden()).await, None);
    assert_eq!(answered(60, Shape::Simple, http_api, forbidden()).await, None);
    let connect = include_str!("../fixtures/websocket-connect.json");
    assert_eq!(answered(60, Shape::Rest, connect, forbidden()).await, None);
}
