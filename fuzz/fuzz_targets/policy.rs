//! The policy that a gateway may cache. Oracles: for each request, the policy gives the decision of `authorize`, by a second
//! implementation of IAM's evaluation.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use portcullis::authz::{
    AccessRequest, Api, ApiWidePolicy, Arn, AuthzContext, Decision, Principal, Settings, authorize,
};
use portcullis::catalog::Catalog;
use portcullis::clock::Timestamp;
use portcullis::token::{Actor, TokenRecord};
use portcullis_fuzz::approvals::{LiveInput, RuleInput, rules};
use portcullis_fuzz::authz::{GUARDED, PIECES, UNAMBIGUOUS};
use portcullis_fuzz::catalog::{METHODS, RouteInput, catalog};
use portcullis_fuzz::grants::{GrantInput, grants, pick};
use serde_json::Value;

const STAGE: &str = "arn:aws:execute-api:r:1:api/v1/";

#[derive(Arbitrary, Debug)]
struct Input {
    grants: [GrantInput; 2],
    strict: bool,
    routes: [RouteInput; 3],
    rules: [RuleInput; 2],
    live: [LiveInput; 2],
    cause: (u8, [u8; 4]),
    others: [(u8, [u8; 4]); 4],
}

fuzz_target!(|input: Input| {
    let (_, grants) = grants(&input.grants);
    let (catalog, _) = catalog(input.strict, &input.routes, &rules(&input.rules));
    let rules = context(&catalog);
    let (id, name, owner) = ("0123456789abcdef".parse(), "ci".parse(), "alice".parse());
    let made = Timestamp::from_seconds(0);
    let mut record = TokenRecord::new(id.unwrap(), name.unwrap(), owner.unwrap(), grants, Actor::Bootstrap, made);
    record.approvals.live = input.live.iter().enumerate().map(|(number, live)| live.approval(number)).collect();
    let principal = Principal::Token(Box::new(record));

    let cause = arn(&input.cause, &PIECES);
    let parsed = Arn::parse(&cause).unwrap();
    let allowed = decides(&principal, &catalog, &cause);
    let Ok(policy) = ApiWidePolicy::compile(&principal, &rules, &parsed, allowed, Timestamp::from_seconds(1)) else {
        return;
    };
    let policy = policy.document();
    assert_eq!(evaluates(&policy, &cause), allowed, "{cause} by {policy}");
    for request in &input.others {
        let sent = arn(request, &PIECES[..UNAMBIGUOUS]);
        // A wildcard in the path of a denied cause may deny similar paths too, and unusual spellings may be denied.
        let may_be_denied = !allowed && matches(&parsed.exact_pattern(), &sent)
            || ["%61", "%2E", "B.x.y", "%AD", "%80"].iter().any(|part| sent.contains(part));
        let found = evaluates(&policy, &sent);
        let expected = decides(&principal, &catalog, &sent);
        assert!(found == expected || may_be_denied && !found, "{sent} after {cause} by {policy}");
    }
    // The guard against ambiguous paths.
    for request in &input.others {
        let sent = arn(request, &PIECES[..GUARDED]);
        assert!(decides(&principal, &catalog, &sent) || !evaluates(&policy, &sent), "{sent} by {policy}");
    }
});

fn arn((method, path): &(u8, [u8; 4]), from: &[&str]) -> String {
    let names = path.iter().filter_map(|number| from.get(usize::from(*number) % (from.len() + 6)));
    let path: String = names.map(|name| format!("/{name}")).collect();
    format!("{STAGE}{}{path}", pick(&METHODS[1..], *method))
}

/// The rules of a deployment whose gateways cache responses.
fn context(catalog: &Catalog) -> AuthzContext<'_> {
    AuthzContext { cache_seconds: 60, ..AuthzContext::new(catalog, &Settings::default()) }
}

fn decides(principal: &Principal, catalog: &Catalog, arn: &str) -> bool {
    let rules = context(catalog);
    let target = Arn::parse(arn).unwrap().target;
    let request = AccessRequest { api: Api::Protected, target, from: None };
    authorize(Some(principal), &rules, &request, Timestamp::from_seconds(1)) == Decision::Allow
}

/// IAM: an `Allow` matches, and no `Deny`. `*` matches within a part of an ARN between colons.
fn evaluates(policy: &Value, arn: &str) -> bool {
    let says = |effect: &str| {
        let statements =
            policy["Statement"].as_array().unwrap().iter().filter(|statement| statement["Effect"] == effect);
        let mut patterns = statements.flat_map(|statement| statement["Resource"].as_array().unwrap());
        patterns.any(|pattern| {
            let pattern = pattern.as_str().unwrap();
            pattern.splitn(6, ':').zip(arn.splitn(6, ':')).all(|(pattern, part)| matches(pattern, part))
        })
    };
    says("Allow") && !says("Deny")
}

/// Whether a pattern with `*` and `?` matches: row by row, whether each beginning of it matches each beginning of the text.
fn matches(pattern: &str, text: &str) -> bool {
    let text: Vec<_> = text.chars().collect();
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for wanted in pattern.chars() {
        let mut next = vec![wanted == '*' && row[0]];
        for (at, found) in text.iter().enumerate() {
            next.push(match wanted {
                '*' => next[at] || row[at + 1],
                '?' => row[at],
                _ => row[at] && wanted == *found,
            });
        }
        row = next;
    }
    row[text.len()]
}
