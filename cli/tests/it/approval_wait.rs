//! `portcullis approval request --wait`, against a simulated service.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use assert_cmd::Command;
use serde_json::{Value, json};

use crate::support::{bare, json, stderr, stdout};
use crate::untrusted_server::answering_server;

const ID: &str = "01KEZ4RNR0D4B8Q7V1W2X3Y4Z5";
const REQUEST: [&str; 8] =
    ["approval", "request", "--permission", "releases:write", "--resource", "releases/42", "--reason", "Deploy 1.4.2"];

/// An approval with other values of some fields.
fn approval(fields: &Value) -> Value {
    let mut approval = json!({
        "id": ID, "token_id": "0123456789abcdef", "token_name": "ci", "owner": "alice",
        "permission": "releases:write", "resource": "releases/42", "reason": "Deploy 1.4.2", "link": null,
        "status": "pending", "uses": "any", "valid_for": 900,
        "created_at": "2027-01-15T08:00:00Z", "lapses_at": "2027-01-16T08:00:00Z",
        "decided_at": null, "decided_by": null, "comment": null, "expires_at": null, "used_at": null,
        "ended_at": null, "ended_by": null,
    });
    approval.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    approval
}

/// A service with these live approvals. `poll` answers each request for the approval, given their number before.
struct Service {
    url: String,
    /// The first lines of the requests.
    seen: Arc<Mutex<Vec<String>>>,
}

fn service(expires_at: Value, live: Value, poll: impl Fn(usize) -> (&'static str, String) + Send + 'static) -> Service {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (requests, polls) = (Arc::clone(&seen), AtomicUsize::new(0));
    let url = answering_server(move |request| {
        let line = request.lines().next().unwrap().to_owned();
        requests.lock().unwrap().push(line.clone());
        if line.starts_with("POST /approvals ") {
            return ("201 Created", approval(&json!({})).to_string());
        }
        if line.contains("/approvals/") {
            return poll(polls.fetch_add(1, Ordering::Relaxed));
        }
        if line.contains("/approvals?") {
            return ("200 OK", json!({"approvals": live, "next_cursor": null}).to_string());
        }
        if line.contains("/me ") {
            let deployment =
                json!({"token_management": "owners", "default_token_lifetime_days": 30, "retention_days": 30});
            let token = json!({"principal_type": "token", "token_id": "0123456789abcdef", "token_name": "ci",
                "created_at": "2027-01-15T08:00:00Z", "owner": "alice", "grants": [], "expires_at": expires_at,
                "deployment": deployment});
            return ("200 OK", token.to_string());
        }
        ("404 Not Found", String::new())
    });
    Service { url, seen }
}

/// A service whose requests are decided at once.
fn deciding(fields: &Value) -> Service {
    let decided = approval(fields).to_string();
    service(Value::Null, json!([]), move |_| ("200 OK", decided.clone()))
}

impl Service {
    /// The command, which waits for this long.
    fn request(&self, wait: &str) -> Command {
        let home = tempfile::tempdir().unwrap();
        let mut command = bare(home.path());
        command.env("PORTCULLIS_URL", &self.url).env("PORTCULLIS_API_TOKEN", "pcl_x");
        command.args(REQUEST).args(["--wait", wait]);
        command
    }

    fn has_seen(&self, start: &str) -> bool {
        self.seen.lock().unwrap().iter().any(|line| line.starts_with(start))
    }
}

fn problem(status: u16) -> String {
    json!({"type": "urn:portcullis:problem:x", "title": "Busy", "status": status}).to_string()
}

#[test]
fn an_approved_request_exits_with_0() {
    let service = deciding(&json!({"status": "approved", "decided_by": "session:bob",
        "decided_at": "2027-01-15T08:05:00Z", "expires_at": "2027-01-15T08:20:00Z"}));
    let approved = service.request("10m").assert().code(0);
    let shown = stdout(&approved);
    assert!(shown.contains("approved") && shown.contains("2027-01-15T08:05:00Z by session:bob"), "{shown}");
    assert_eq!(stdout(&service.request("10m").arg("--quiet").assert().code(0)), format!("{ID}\n"));
}

#[test]
fn a_rejected_request_exits_with_9_and_names_decider_and_comment() {
    let fields = json!({"status": "rejected", "decided_by": "session:bob", "decided_at": "2027-01-15T08:05:00Z",
        "comment": "Not during the freeze"});
    let service = deciding(&fields);
    let printed = stderr(&service.request("10m").assert().code(9));
    let error =
        "error: the request for releases:write on releases/42 was rejected by session:bob: Not during the freeze";
    assert!(printed.contains(error), "{printed}");
    let rejected = service.request("10m").args(["--json", "--quiet"]).assert().code(9);
    assert_eq!(json(&rejected), approval(&fields));
    let problem: Value = serde_json::from_str(&stderr(&rejected)).unwrap();
    assert_eq!(problem["type"], "urn:portcullis:cli:rejected");
}

#[test]
fn a_request_that_is_over_without_an_approval_exits_with_10() {
    for (fields, what) in [
        (json!({"status": "lapsed"}), "lapsed without a decision"),
        (json!({"status": "ended", "ended_by": "session:bob"}), "was ended by session:bob"),
        (json!({"status": "expired"}), "was approved, but the approval has expired"),
        (json!({"status": "used"}), "was approved, but the approval was already used"),
        (json!({"status": "later"}), "is neither pending nor approved, but later"),
    ] {
        let printed = stderr(&deciding(&fields).request("10m").assert().code(10));
        assert!(printed.contains(&format!("the request for releases:write on releases/42 {what}")), "{printed}");
    }
}

#[test]
fn without_a_decision_in_time_the_exit_code_is_11_and_the_request_stays() {
    let service = deciding(&json!({}));
    let late = service.request("1s").assert().code(11);
    let printed = stderr(&late);
    assert!(printed.contains("no decision within 1 second; the request is still pending"), "{printed}");
    let hint = format!("hint: run the command again to go on waiting, or portcullis approval end {ID} to withdraw it");
    assert!(printed.contains(&hint), "{printed}");
    assert!(stdout(&late).contains("pending"), "{}", stdout(&late));
    assert!(!service.has_seen("DELETE"));
}

#[test]
fn the_wait_survives_failures_of_the_service() {
    let service = service(Value::Null, json!([]), |polls| match polls {
        0 => ("503 Unavailable", problem(503)),
        // The connection is closed.
        1 => ("", String::new()),
        _ => ("200 OK", approval(&json!({"status": "approved"})).to_string()),
    });
    let printed = stderr(&service.request("10m").assert().code(0));
    assert_eq!(printed.matches("trying again").count(), 1, "{printed}");
    assert!(printed.contains("warning: Busy; trying again"), "{printed}");
}

#[test]
fn an_unreachable_service_at_the_end_of_the_wait_exits_with_7() {
    let service = service(Value::Null, json!([]), |_| ("503 Unavailable", problem(503)));
    let printed = stderr(&service.request("1s").assert().code(7));
    assert!(printed.contains("the decision is not known: Busy; run the command again to wait longer"), "{printed}");
}

#[test]
fn a_revoked_token_ends_the_wait() {
    let revoked = json!({"type": "urn:portcullis:problem:invalid_token", "title": "t", "status": 401}).to_string();
    let service = service(Value::Null, json!([]), move |_| ("401 Unauthorized", revoked.clone()));
    service.request("10m").assert().code(3);
}

#[test]
fn progress_says_what_is_requested_and_who_can_decide_it() {
    let service = deciding(&json!({"status": "approved"}));
    let printed = stderr(&service.request("30m").assert().code(0));
    for line in [
        &format!("Requested approval {ID} for releases:write on releases/42."),
        "Approve or reject it with approvals:decide on releases/42:",
        &format!("  portcullis approval approve {ID}"),
        "Waiting for the decision for up to 30 minutes.",
    ] {
        assert!(printed.lines().any(|printed| printed == line), "{line} is missing in {printed}");
    }
    // This service has no console.
    assert!(service.has_seen("GET /console/ ") && !printed.contains("#/approvals"), "{printed}");
    assert_eq!(stderr(&service.request("30m").arg("--quiet").assert().code(0)), "");
}

#[test]
fn a_live_approval_of_the_token_is_not_requested_again() {
    let live = |permission: &str, resource: &str| {
        let fields = json!({"status": "approved", "permission": permission, "resource": resource});
        let approved = approval(&fields).to_string();
        service(Value::Null, json!([approval(&fields)]), move |_| ("200 OK", approved.clone()))
    };
    for resource in ["releases/42", "releases/*", "*"] {
        let service = live("releases:write", resource);
        let printed = stderr(&service.request("10m").assert().code(0));
        assert!(printed.contains("The token already has an approval: \"Deploy 1.4.2\"."), "{printed}");
        assert!(service.has_seen("GET /approvals?status=approved&token=0123456789abcdef "));
        assert!(!service.has_seen("POST"), "{resource}");
    }
    for (permission, resource) in [("releases:write", "releases/421"), ("releases:read", "*")] {
        let service = live(permission, resource);
        service.request("10m").assert().code(0);
        assert!(service.has_seen("POST /approvals "), "{permission} {resource}");
    }
}

#[test]
fn a_token_that_expires_before_the_end_of_the_wait_is_named() {
    for (expires_at, is_warned) in [(json!("2020-01-15T08:00:00Z"), true), (json!("2120-01-15T08:00:00Z"), false)] {
        let approved = approval(&json!({"status": "approved"})).to_string();
        let service = service(expires_at, json!([]), move |_| ("200 OK", approved.clone()));
        let printed = stderr(&service.request("30m").assert().code(0));
        let warning = "warning: the token expires at 2020-01-15T08:00:00Z, before the wait ends";
        assert_eq!(printed.contains(warning), is_warned, "{printed}");
    }
}

#[test]
fn the_time_to_wait_is_a_duration() {
    for bad in ["", "30", "m", "1w"] {
        deciding(&json!({})).request(bad).assert().code(2);
    }
}
