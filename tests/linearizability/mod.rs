//! Revocation is linearizable: 32 clients create, use, update, rotate, disable, enable, revoke, delete and exchange tokens
//! and approve and end their requests at once, and a checker looks for an outcome that no order of their calls explains.
//!
//! | variable | default |
//! | --- | --- |
//! | `PORTCULLIS_TEST_CALLS` | 1000 |
//! | `PORTCULLIS_TEST_SEED` | 1; decides what each client does, but not how the clients meet |
//! | `PORTCULLIS_TEST_REPLACE_CATALOG` | 0; 1 gives a deployment a trust rule, so that identities are exchanged |
//!
//! `make histories` makes 100,000 calls with each of three seeds.

mod checker;
mod clients;
mod history;

use std::time::Instant;

use clients::World;
use history::{Action, Call, Outcome};
use serde_json::json;

use crate::support::{Issuer, isolated_stack, stack};

const CLIENTS: usize = 32;
/// The template's default.
const LIMIT: usize = 10;

#[expect(clippy::disallowed_methods, reason = "the environment sets how long the test takes")]
fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("the variable is a number"))
}

#[test]
fn every_outcome_is_explained_by_some_order_of_the_calls() {
    let (calls, seed) = (number("PORTCULLIS_TEST_CALLS", 1000), number("PORTCULLIS_TEST_SEED", 1));
    let shared = stack();
    let is_local = shared.is_in_process();
    let issuer = (is_local || number("PORTCULLIS_TEST_REPLACE_CATALOG", 0) == 1).then(Issuer::start);
    let stack = if is_local { isolated_stack(|_| {}) } else { shared };
    if let Some(issuer) = &issuer {
        // A deployment's authorizer may not know for a minute that a permission needs approval.
        let approved = json!({ "description": "", "approval": {"valid_for": "24h", "token_approvers": true} });
        let write = if is_local { approved } else { json!("") };
        let catalog = json!({ "permissions": {"apps:write": write}, "trust": [{
            "name": "job", "issuer": issuer.url, "audience": "https://tokens.example.com",
            "claims": {"repository": "acme/billing"}, "lifetime": "15m",
            "grants": [{"permissions": ["apps:read"], "resources": ["apps/history"]}],
        }]});
        if is_local {
            stack.put_catalog(&catalog);
        } else {
            stack.replace_catalog(&catalog);
        }
    }
    let begun = Instant::now();
    let history = World::new(&stack, issuer.as_ref(), is_local).run(CLIENTS, usize::try_from(calls).unwrap(), seed);
    let count = |outcome| history.iter().filter(|call| call.outcome == outcome).count();
    let (done, refused) = (count(Outcome::Done), count(Outcome::Refused));
    let is_approved = |call: &&Call| matches!(call.action, Action::UseApproval(_)) && call.outcome == Outcome::Done;
    let exchanged =
        history.iter().filter(|call| call.action == Action::Exchange && call.outcome == Outcome::Done).count();
    assert_eq!(exchanged > 0, issuer.is_some(), "{exchanged} identities were exchanged");
    let approved = history.iter().filter(is_approved).count();
    println!(
        "seed {seed}: {} calls, {done} done (of them {approved} with an approval), {refused} refused, in {:?}",
        history.len(),
        begun.elapsed()
    );
    // A history of failures would be explained by any order.
    assert!(done.min(refused) * 10 > history.len(), "too few calls were done or refused");
    if let Err(contradiction) = checker::check(&history, LIMIT) {
        panic!("seed {seed}: {contradiction}");
    }
}
