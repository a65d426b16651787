//! The clock of the functions and of the authorizer is wrong by a day.

use authorizer::Outcome;
use lambda_http::Body;
use portcullis::App;
use portcullis::clock::{Clock, DAY_SECONDS};
use portcullis::store::Timeouts;
use serde_json::Value;

use super::operation::{Answer, Operation, Subject};
use super::page;
use super::world::World;
use crate::store::unavailable::{asked, asked_for, request};

/// The decision of an authorizer whose clock is ahead by so many seconds.
async fn decision(world: &World, ahead: i64, operation: Operation) -> &'static str {
    let subject = operation.prepare(world).await;
    let authorizer = world.authorizer(world.table.engine_url(), Timeouts::ONE_MACHINE, moved(ahead));
    decided(&asked(&authorizer, subject.credential()).await)
}

fn decided(outcome: &Outcome) -> &'static str {
    match outcome.audit.rbac_decision {
        "allow" => "allowed",
        "deny" => "denied",
        _ => "no decision",
    }
}

/// The same on a request that needs an approval. The token got one for 15 minutes, so many seconds ago.
async fn decision_with_approval(world: &World, ahead: i64, seconds: i64) -> &'static str {
    let mut subject = Operation::DecideOnActive.prepare(world).await;
    let app = App { clock: moved(-seconds), ..world.functions.clone() };
    let request = Operation::RequestApproval.call(&app, &subject).await;
    let Answer::Success(request) = request else { panic!("{request:?}") };
    request["id"].as_str().unwrap().clone_into(&mut subject.approval);
    let approved = Operation::Approve.call(&app, &subject).await;
    assert!(matches!(approved, Answer::Success(_)), "{approved:?}");
    let authorizer = world.authorizer(world.table.engine_url(), Timeouts::ONE_MACHINE, moved(ahead));
    decided(&asked_for("POST", &authorizer, subject.credential()).await)
}

fn moved(ahead: i64) -> Clock {
    Clock::from_fn(move || Clock::system().now().plus_seconds(ahead))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_wrong_by_a_day_moves_expiries_only() {
    let world = World::new().await;
    let mut rows = Vec::new();
    for (what, operation) in [
        ("token without an expiry", Operation::DecideOnActive),
        ("token that expires in an hour", Operation::Extend),
        ("token that expired a minute ago", Operation::DecideOnExpired),
        ("revoked token", Operation::DecideOnRevoked),
        ("disabled token", Operation::DecideOnDisabled),
        ("rotated-out secret", Operation::DecideOnRetired),
        ("session", Operation::DecideOnSession),
    ] {
        let mut cells = Vec::new();
        for ahead in [-DAY_SECONDS, 0, DAY_SECONDS] {
            cells.push(decision(&world, ahead, operation).await);
        }
        let was_ended =
            matches!(operation, Operation::DecideOnRevoked | Operation::DecideOnDisabled | Operation::DecideOnRetired);
        assert!(!was_ended || cells == ["denied"; 3], "{what}: {cells:?}");
        rows.push(format!("| {what} | {} |", cells.join(" | ")));
    }
    for (what, seconds) in [("approval that was just given", 1), ("approval that expired a minute ago", 16 * 60)] {
        let mut cells = Vec::new();
        for ahead in [-DAY_SECONDS, 0, DAY_SECONDS] {
            cells.push(decision_with_approval(&world, ahead, seconds).await);
        }
        rows.push(format!("| {what} | {} |", cells.join(" | ")));
    }
    let mut cells = Vec::new();
    for ahead in [-DAY_SECONDS, 0, DAY_SECONDS] {
        let app = App { clock: moved(ahead), ..world.functions.clone() };
        let answer = Operation::Exchange.call(&app, &Operation::Exchange.prepare(&world).await).await;
        cells.push(if matches!(answer, Answer::Success(_)) { "exchanged" } else { "refused" });
    }
    rows.push(format!("| CI job's identity | {} |", cells.join(" | ")));
    page::check("clock", &page::table("credential | a day behind | right | a day ahead", rows.into_iter()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_wrong_clock_wrote_stays_revocable_and_usable() {
    let world = World::new().await;
    for ahead in [-DAY_SECONDS, DAY_SECONDS] {
        let app = App { clock: moved(ahead), ..world.functions.clone() };
        let subject = Subject::new(world.new_owner());
        let Answer::Success(created) = Operation::Create.call(&app, &subject).await else { panic!("not created") };
        let (id, secret) = (created["id"].as_str().unwrap(), created["token"].as_str().unwrap());
        // The last use is written with the wrong clock, too.
        let authorizer = world.authorizer(world.table.engine_url(), Timeouts::ONE_MACHINE, moved(ahead));
        authorizer.run_deferred(asked(&authorizer, secret).await.note).await;
        assert!(world.allows(secret).await, "{ahead}");
        let revoke = request("POST", "/tokens/{id}/revoke", Some(id), None);
        let flusher = portcullis::cache_flush::CacheFlusher::new(Default::default(), "us-east-1", None, None);
        let revoked = revoke::handle(&app, &flusher, revoke).await;
        let Body::Text(body) = revoked.body() else { panic!("no body") };
        assert_eq!(serde_json::from_str::<Value>(body).unwrap()["status"], "revoked");
        assert!(!world.allows(secret).await, "{ahead}");
    }
}
