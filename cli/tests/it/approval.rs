//! `portcullis approval …`, against the whole stack. Bob signs in and decides.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::browser_login::sign_in;
use crate::support::{Stack, eventually, json as document, stack, stderr, stdout};
use crate::token::id;

const BOB: &str = "name=bob&groups=portcullis-admin";
/// Flags of a request.
pub(crate) const DEPLOY: [&str; 6] =
    ["--permission", "releases:write", "--resource", "releases/42", "--reason", "Deploy 1.4.2"];

/// A token that needs an approval to deploy, and its secret.
pub(crate) fn deployer(stack: &Stack) -> (String, String) {
    let made = stack.create(["--name", "ci", "--owner", "alice", "--grant", "releases:write@releases"]);
    (id(&made).to_owned(), made["token"].as_str().unwrap().to_owned())
}

/// The command, as a user who may decide.
pub(crate) fn as_bob<const N: usize>(stack: &Stack, arguments: [&str; N]) -> assert_cmd::Command {
    if !crate::browser_login::credentials(stack).exists() {
        sign_in(stack, &["--store", "file"], BOB);
    }
    let mut command = stack.bare();
    command.env("PORTCULLIS_URL", stack.url()).args(arguments);
    command
}

fn request(stack: &Stack, secret: &str) -> Value {
    document(&stack.with_token(secret, ["approval", "request", "--json"]).args(DEPLOY).assert().success())
}

/// Status of a request to deploy.
pub(crate) fn deploys(stack: &Stack, secret: &str) -> u16 {
    let request = ureq::post(format!("{}/demo/releases/42", stack.url()));
    match request.header("authorization", format!("Bearer {secret}")).send("") {
        Ok(response) => response.status().as_u16(),
        Err(ureq::Error::StatusCode(status)) => status,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn an_approved_request_lets_the_token_deploy_until_it_ends() {
    let stack = stack();
    let (_, secret) = deployer(&stack);
    assert_eq!(deploys(&stack, &secret), 403);
    let requested = request(&stack, &secret);
    assert_eq!((&requested["status"], &requested["valid_for"]), (&json!("pending"), &json!(900)));
    let approve = ["approval", "approve", id(&requested), "--valid-for", "5m", "--comment", "go", "--yes", "--json"];
    let approved = document(&as_bob(&stack, approve).assert().success());
    assert_eq!((&approved["status"], &approved["decided_by"]), (&json!("approved"), &json!("session:bob")));
    assert_eq!((&approved["comment"], &approved["valid_for"]), (&json!("go"), &json!(300)));
    assert_eq!(deploys(&stack, &secret), 200);
    let end = stdout(&as_bob(&stack, ["approval", "end", id(&requested), "--yes"]).assert().success());
    assert!(end.starts_with(&format!("Ended {} for releases:write on releases/42, effective by ", id(&requested))));
    assert_eq!(deploys(&stack, &secret), 403);
    let ended = document(&stack.with_token(&secret, ["approval", "show", id(&requested), "--json"]).assert().success());
    assert_eq!((&ended["status"], &ended["ended_by"]), (&json!("ended"), &json!("session:bob")));
}

#[test]
fn a_repeated_request_takes_up_the_pending_one_and_waits_for_it() {
    let stack = stack();
    let (_, secret) = deployer(&stack);
    let requested = request(&stack, &secret);
    assert_eq!(request(&stack, &secret)["id"], requested["id"]);
    let wait = |time: &str| {
        let mut command = stack.with_token(&secret, ["approval", "request", "--wait", time, "--json"]);
        command.args(DEPLOY).assert()
    };
    let late = wait("1s").code(11);
    assert_eq!(document(&late)["id"], requested["id"]);
    let found =
        format!("Found the pending request {} for releases:write on releases/42: \"Deploy 1.4.2\".", id(&requested));
    assert!(stderr(&late).contains(&found), "{}", stderr(&late));
    // As a later job: it waits while Bob decides.
    let mut waiting = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    waiting.env_clear().env("HOME", stack.home.path().join("ci")).env("PORTCULLIS_URL", stack.url());
    waiting.env("PORTCULLIS_API_TOKEN", &secret).args(["approval", "request", "--wait", "10m"]).args(DEPLOY);
    let mut waiting = waiting.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(waiting.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("Waiting for the decision for up to 10 minutes")));
    as_bob(&stack, ["approval", "approve", id(&requested), "--yes"]).assert().success();
    let waited = waiting.wait_with_output().unwrap();
    assert_eq!(waited.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&waited.stdout).contains(id(&requested)));
    // The approval is live, so it is not requested again.
    let live = wait("10m").code(0);
    assert_eq!((&document(&live)["id"], &document(&live)["status"]), (&requested["id"], &json!("approved")));
}

#[test]
fn a_rejection_says_why() {
    let stack = stack();
    let (_, secret) = deployer(&stack);
    let requested = request(&stack, &secret);
    let reject = ["approval", "reject", id(&requested), "--comment", "-- not during the freeze"];
    let rejected = stdout(&as_bob(&stack, reject).assert().success());
    for part in ["rejected", "by session:bob", "-- not during the freeze"] {
        assert!(rejected.contains(part), "{part} is missing in {rejected}");
    }
    let too_late = as_bob(&stack, ["approval", "approve", id(&requested), "--yes"]).assert().code(6);
    let printed = stderr(&too_late);
    assert!(printed.contains("session:bob rejected it at "), "{printed}");
    assert!(printed.contains(&format!("hint: see portcullis approval show {}", id(&requested))), "{printed}");
}

#[test]
fn approvals_are_listed_by_status_and_token() {
    let stack = stack();
    let (token, secret) = deployer(&stack);
    let other = stack.create(["--name", "other", "--owner", "alice", "--grant", "releases:write@releases"]);
    let requested = request(&stack, &secret);
    let elsewhere = request(&stack, other["token"].as_str().unwrap());
    as_bob(&stack, ["approval", "reject", id(&elsewhere)]).assert().success();
    let list = |arguments: &[&str]| stdout(&as_bob(&stack, ["approval", "list"]).args(arguments).assert().success());
    let ids = |approvals: &[&Value]| approvals.iter().map(|approval| format!("{}\n", id(approval))).collect::<String>();
    assert_eq!(list(&["--quiet"]), ids(&[&elsewhere, &requested]));
    assert_eq!(list(&["--quiet", "--status", "pending"]), ids(&[&requested]));
    assert_eq!(list(&["--quiet", "ci"]), ids(&[&requested]));
    assert_eq!(list(&["--quiet", id(&other)]), ids(&[&elsewhere]));
    let table = list(&["--status", "pending"]);
    let header = "ID STATUS PERMISSION RESOURCE REASON TOKEN OWNER REQUESTED DECIDED BY";
    assert_eq!(table.lines().next().unwrap().split_whitespace().collect::<Vec<_>>().join(" "), header);
    assert!(table.contains("Deploy 1.4.2") && table.contains("alice"), "{table}");
    let all: Value = serde_json::from_str(&list(&["--json"])).unwrap();
    assert_eq!(all["approvals"].as_array().unwrap().len(), 2);
    let limited = as_bob(&stack, ["approval", "list", "--limit", "1"]).assert().success();
    assert!(stderr(&limited).contains("Showing 1 approval. Use --all or --limit for more."));
    let none = stack.with_token(&secret, ["approval", "list", "--status", "used"]).assert().success();
    assert_eq!((stdout(&none).as_str(), stderr(&none).as_str()), ("", "No approvals found.\n"));
    let shown = stdout(&as_bob(&stack, ["approval", "show", id(&requested)]).assert().success());
    for part in ["any number of requests for 15 minutes", &format!("{token} \"ci\""), "releases/42", "lapses"] {
        assert!(shown.contains(part), "{part} is missing in {shown}");
    }
}

#[test]
fn a_decision_and_an_end_without_a_terminal_need_yes() {
    let stack = stack();
    let (_, secret) = deployer(&stack);
    let requested = request(&stack, &secret);
    for (command, impact) in
        [("approve", "This allows any number of requests for 15 minutes:"), ("end", "This request will be withdrawn:")]
    {
        let printed = stderr(&as_bob(&stack, ["approval", command, id(&requested)]).assert().code(2));
        let what = format!("{}  releases:write on releases/42, token \"ci\" of alice, pending", id(&requested));
        for part in [impact, &what, "Deploy 1.4.2", "nothing was changed", "add --yes"] {
            assert!(printed.contains(part), "{part} is missing in {printed}");
        }
    }
    assert_eq!(request(&stack, &secret)["id"], requested["id"]);
}

#[test]
fn refused_requests_and_decisions_say_why() {
    let stack = stack();
    let (_, secret) = deployer(&stack);
    let of_token = |arguments: &[&str]| {
        let mut command = stack.with_token(&secret, ["approval", "request", "--reason", "r"]);
        command.args(arguments).assert()
    };
    let exceeds = stderr(&of_token(&["-p", "apps:write", "-r", "apps/x"]).code(4));
    assert!(exceeds.contains("\n  --permission: your token does not have apps:write on apps/x"), "{exceeds}");
    let invalid = ["-p", "releases:*", "-r", "/", "--link", "http://ci.example.com", "--reason", ""];
    let mut command = stack.with_token(&secret, ["approval", "request"]);
    let invalid = stderr(&command.args(invalid).assert().code(2));
    for flag in ["--permission", "--resource", "--link", "--reason"] {
        assert!(invalid.contains(&format!("\n  {flag}: ")), "{flag} is missing in {invalid}");
    }
    let session = stderr(&as_bob(&stack, ["approval", "request"]).args(DEPLOY).assert().code(4));
    assert!(session.contains("A session needs no approval") && !session.contains("hint"), "{session}");
    let requested = request(&stack, &secret);
    let own = stack.with_token(&secret, ["approval", "approve", id(&requested), "--yes"]).assert().code(4);
    assert!(stderr(&own).contains("A token cannot decide its own request"), "{}", stderr(&own));
    let approve = ["approval", "approve", id(&requested), "--yes", "--valid-for", "1h"];
    let long = stderr(&as_bob(&stack, approve).assert().code(2));
    assert!(long.contains("\n  --valid-for: "), "{long}");
    let unknown = as_bob(&stack, ["approval", "show", "01KEZ4RNR0D4B8Q7V1W2X3Y4Z5"]).assert().code(5);
    assert!(
        stderr(&unknown).contains("hint: list the approvals with portcullis approval list"),
        "{}",
        stderr(&unknown)
    );
    as_bob(&stack, ["approval", "show", "x"]).assert().code(2);
    let nine = (0..9).map(|release| format!("releases/more/{release}")).collect::<Vec<_>>();
    for resource in &nine {
        of_token(&["-p", "releases:write", "-r", resource]).success();
    }
    let full = stderr(&of_token(&["-p", "releases:write", "-r", "releases/other"]).code(6));
    assert!(full.contains("The token has 10 pending requests.\nhint: find them with "), "{full}");
}

#[test]
fn other_commands_show_what_the_token_may_not_do_alone() {
    let stack = stack();
    let (token, secret) = deployer(&stack);
    let explain = || stack.portcullis(["token", "explain", &token, "POST", "/releases/42"]).assert();
    let denied = explain().code(1);
    let shown = stdout(&denied);
    assert!(shown.contains("(approval_required)") && !shown.contains("roles granting it"), "{shown}");
    let next = "portcullis approval request --permission releases:write --resource releases/42 --reason …";
    assert!(stderr(&denied).contains(next), "{}", stderr(&denied));
    let show = || stdout(&stack.portcullis(["token", "show", &token]).assert().success());
    assert!(!show().contains("approvals"), "{}", show());
    let requested = request(&stack, &secret);
    assert!(show().contains(&format!("releases:write on releases/42, pending ({})", id(&requested))), "{}", show());
    as_bob(&stack, ["approval", "approve", id(&requested), "--yes"]).assert().success();
    let allowed = stdout(&explain().code(0));
    assert!(allowed.contains(id(&requested)), "{allowed}");
    assert!(show().contains("releases:write on releases/42, approved, expires 2"), "{}", show());
    assert_eq!(deploys(&stack, &secret), 200);
    let log = stack.audit_log().display().to_string();
    let audited = || stdout(&stack.portcullis(["audit", &token, "--file", &log]).assert().success());
    eventually(|| audited().contains(&format!("approved by session:bob ({})", id(&requested))));
    let events = stdout(&stack.portcullis(["token", "events", &token]).assert().success());
    for part in ["approval requested", "approval approved", "releases:write on releases/42", "until 2"] {
        assert!(events.contains(part), "{part} is missing in {events}");
    }
    let shown = stdout(&stack.portcullis(["catalog", "show", "--toml"]).assert().success());
    assert!(shown.contains("[permissions.\"releases:write\".approval]"), "{shown}");
    let file = stack.home.path().join("catalog.toml");
    std::fs::write(&file, shown.replace("valid_for = \"15m\"", "valid_for = \"5m\"")).unwrap();
    let file = file.display().to_string();
    stack.portcullis(["catalog", "check", &file]).assert().code(0);
    let diff = stdout(&stack.portcullis(["catalog", "diff", &file]).assert().code(1));
    assert!(diff.contains("-valid_for = \"15m\"\n+valid_for = \"5m\"\n"), "{diff}");
}
