use super::arn_pattern::tests::matches_by_definition;
use super::regions::tests::catalog_of;
use super::*;
use crate::authz::{AccessRequest, Api, Decision, Principal, Settings, authorize};
use crate::catalog::{ApprovalUses, Catalog};
use crate::clock::Timestamp;
use crate::grants::{Grant, Grants};
use crate::token::{Actor, LiveApproval, TokenRecord};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

const STAGE: &str = "arn:aws:execute-api:r:1:api/v1";

fn token(grants: Grants) -> Principal {
    let (id, name, owner) = ("0123456789abcdef".parse(), "ci".parse(), "alice".parse());
    let made = Timestamp::from_seconds(0);
    let record = TokenRecord::new(id.unwrap(), name.unwrap(), owner.unwrap(), grants, Actor::Bootstrap, made);
    Principal::Token(Box::new(record))
}

fn rules(catalog: &Catalog) -> AuthzContext<'_> {
    AuthzContext::new(catalog, &Settings::default())
}

fn decided(principal: &Principal, catalog: &Catalog, arn: &Arn<'_>) -> bool {
    authorize(
        Some(principal),
        &rules(catalog),
        &AccessRequest { api: Api::Protected, target: arn.target, from: None },
        Timestamp::from_seconds(1),
    ) == Decision::Allow
}

fn compiled(principal: &Principal, catalog: &Catalog, arn: &Arn<'_>, allowed: bool) -> Result<Value, CompileError> {
    ApiWidePolicy::compile(principal, &rules(catalog), arn, allowed, Timestamp::from_seconds(1))
        .map(|policy| policy.document())
}

/// API Gateway's evaluation of a policy, segment by segment of the ARN.
fn let_in(policy: &Value, arn: &str) -> bool {
    let parts = |arn: &str| arn.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    let names = |pattern: &str| {
        parts(pattern).iter().zip(parts(arn)).all(|(pattern, part)| matches_by_definition(pattern, &part))
    };
    let says = |effect: &str| {
        let statements = policy["Statement"].as_array().unwrap();
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

/// Permissions that need approval, with their resources (mostly everywhere) and the permission that waives it.
fn any_approval_rules() -> impl Strategy<Value = Vec<(String, Vec<String>, Option<String>)>> {
    let resources = prop_oneof![3 => Just("*".to_owned()), 1 => "(a|b)(/(a|b)){0,1}(/\\*)?"].prop_map(|one| vec![one]);
    let unless = prop::option::of("(a|b):(read|write|go)");
    prop::collection::vec(("(a|b):(read|write|go)", resources, unless), 1..3)
}

fn any_live_approvals() -> impl Strategy<Value = Vec<LiveApproval>> {
    let live = ("(a|b):(read|write|go)", "\\*|(a|b|m y)(/(a|b|m y)){0,1}(/\\*)?", prop::sample::select(vec![1, 60]));
    let live = live.prop_map(|(permission, resource, expires_at)| LiveApproval {
        id: "01KEZ4RNR0D4B8Q7V1W2X3Y4Z5".parse().unwrap(),
        permission: permission.parse().unwrap(),
        resource: resource.parse().unwrap(),
        uses: ApprovalUses::Any,
        expires_at: Timestamp::from_seconds(expires_at),
        by: Actor::Bootstrap,
    });
    prop::collection::vec(live, 0..4)
}

/// Routes that conflict with earlier ones are dropped.
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
    (prop::bool::weighted(0.2), prop::collection::vec(route, 0..4))
        .prop_map(|(strict, routes)| catalog_of(strict, routes))
}

/// A method and a path as clients send it; HTTP APIs omit the root's slash.
const ORDINARY: &str = "(GET|HEAD|OPTIONS|POST|PUT|PATCH|DELETE)((/(a|b|c|m%20y|A|B\\.x|a%20|%EF%BD%81)){1,4}/?|/|)";

/// A request that only attackers and broken clients send.
const ODD: &str = "(GET|POST|DELETE|BREW)(/(a|b|m y|m%20y|%61|\\.|\\.\\.|%2e|%2E%2e|a%2eb|%2f|%5C|\\\\|;x|%|%zz|%25|%ff|%c0%ae|%00|a\\*|\\*|\\?|\\$\\{x\\}|\\$\\{\\*\\}|)){0,5}/?";

/// Parts that the guard denies below an open path.
const MALFORMED: &str = "(GET|POST)/(a|b|m%20y)(/(a|\\.\\.\\.|%20|a%EF%BC%8Fb|%ef%bc%8e|a%EF%BC%9Bx|%E2%80%8B|%e2%80%a6|\\.|\\.\\.|%2e|%2E%2e|a%2F|%5C|\\\\x|;|a%3bx|%252e|%2Aa|%3f|%00|a%1F|%7f|%c2%85|%C2%9F|%c0%ae|%C1%9C|%e0%80%ae|%F0%80%80%AE|)){1,3}/?";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn an_api_wide_policy_decides_every_request_as_authorize_does(
        grants in any_grants(), catalog in any_catalog(), cause in ORDINARY, others in prop::collection::vec(ORDINARY, 8)
    ) {
        let principal = token(grants);
        let cause = format!("{STAGE}/{cause}");
        let arn = Arn::parse(&cause).unwrap();
        if let Ok(policy) = compiled(&principal, &catalog, &arn, decided(&principal, &catalog, &arn)) {
            for sent in others.iter().map(|other| format!("{STAGE}/{other}")).chain([cause.clone()]) {
                let decided = decided(&principal, &catalog, &Arn::parse(&sent).unwrap());
                prop_assert_eq!(let_in(&policy, &sent), decided, "{} by {}", sent, policy);
            }
        }
    }

    #[test]
    fn a_policy_allows_what_needs_approval_only_as_approved(
        grants in any_grants(), catalog in any_catalog(), rules in any_approval_rules(), live in any_live_approvals(),
        cause in ORDINARY, others in prop::collection::vec(ORDINARY, 8)
    ) {
        let mut document = catalog.to_document();
        for (permission, resources, unless) in rules {
            let mut approval = json!({"valid_for": "1h", "resources": resources});
            if let Some(unless) = unless.filter(|unless| *unless != permission) {
                approval["unless"] = json!(unless);
            }
            document["permissions"][permission] = json!({"description": "", "approval": approval});
        }
        let catalog = Catalog::read(&document).unwrap();
        let Principal::Token(mut record) = token(grants) else { unreachable!() };
        record.approvals.live = live;
        let principal = Principal::Token(record);
        let cause = format!("{STAGE}/{cause}");
        let arn = Arn::parse(&cause).unwrap();
        if let Ok(policy) = compiled(&principal, &catalog, &arn, decided(&principal, &catalog, &arn)) {
            for sent in others.iter().map(|other| format!("{STAGE}/{other}")).chain([cause.clone()]) {
                let decided = decided(&principal, &catalog, &Arn::parse(&sent).unwrap());
                prop_assert_eq!(let_in(&policy, &sent), decided, "{} by {}", sent, policy);
            }
        }
    }

    #[test]
    fn a_policy_gives_the_request_that_causes_it_its_decision(
        grants in any_grants(), catalog in any_catalog(), cause in ODD, others in prop::collection::vec(ORDINARY, 8)
    ) {
        let principal = token(grants);
        let cause = format!("{STAGE}/{cause}");
        let arn = Arn::parse(&cause).unwrap();
        let allowed = decided(&principal, &catalog, &arn);
        if let Ok(policy) = compiled(&principal, &catalog, &arn, allowed) {
            prop_assert_eq!(let_in(&policy, &cause), allowed, "{} by {}", cause, policy);
            for other in others.iter().map(|other| format!("{STAGE}/{other}")) {
                let decided = decided(&principal, &catalog, &Arn::parse(&other).unwrap());
                // A wildcard in the client's own path may deny similar paths too.
                let closed = !allowed && matches_by_definition(&arn.exact_pattern(), &other);
                let found = let_in(&policy, &other);
                prop_assert!(found == decided || closed && !found, "{} after {} by {}", other, cause, policy);
            }
        }
    }

    #[test]
    fn a_cached_policy_never_allows_an_ambiguous_path(
        grants in any_grants(), catalog in any_catalog(), cause in ORDINARY, others in prop::collection::vec(MALFORMED, 8)
    ) {
        let principal = token(grants);
        let cause = format!("{STAGE}/{cause}");
        let arn = Arn::parse(&cause).unwrap();
        if let Ok(policy) = compiled(&principal, &catalog, &arn, decided(&principal, &catalog, &arn)) {
            for sent in others.iter().map(|other| format!("{STAGE}/{other}")) {
                let decided = decided(&principal, &catalog, &Arn::parse(&sent).unwrap());
                prop_assert!(decided || !let_in(&policy, &sent), "{} by {}", sent, policy);
            }
        }
    }
}

/// Guards the properties above against a compiler that never returns a policy.
#[test]
fn most_grants_under_most_catalogs_have_an_api_wide_policy() {
    let mut runner = TestRunner::deterministic();
    let (mut have, mut let_something_in, mut largest) = (0, 0, 0);
    for _ in 0..1000 {
        let (grants, catalog) = (any_grants(), any_catalog()).new_tree(&mut runner).unwrap().current();
        let cause = format!("{STAGE}/GET/a");
        let arn = Arn::parse(&cause).unwrap();
        let principal = token(grants);
        if let Ok(policy) = compiled(&principal, &catalog, &arn, decided(&principal, &catalog, &arn)) {
            have += 1;
            let_something_in += i32::from(policy["Statement"][0]["Effect"] == "Allow");
            largest = largest.max(policy.to_string().len());
        }
    }
    println!("of 1000, {have} have one, {let_something_in} let something in, the largest has {largest} bytes");
    assert!(have > 600 && let_something_in > 500);
}
