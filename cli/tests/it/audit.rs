//! `audit` with the local audit log, and `audit`, `bootstrap`, `doctor` and `restore-check` without AWS credentials.
//! (`tests/deployed/test_cli.py` and `test_doctor.py` test them with a deployed stack.)

use std::fs;

use assert_cmd::Command;
use serde_json::{Value, json};

use crate::support::{Stack, bare, stack, stderr, stdout};

/// Commands that call AWS.
#[cfg(feature = "aws")]
const WITH_AWS: [&[&str]; 4] = [
    &["bootstrap"],
    &["doctor"],
    &["audit", "0123456789abcdef"],
    &["restore-check", "--table", "restored", "--since", "1h"],
];

/// Runs `audit` in a directory with a copy of the audit log.
fn audit<const N: usize>(stack: &Stack, arguments: [&str; N]) -> Command {
    let here = stack.home.path();
    fs::create_dir_all(here.join(".portcullis")).unwrap();
    fs::copy(stack.audit_log(), here.join(".portcullis/audit.log")).unwrap();
    let mut command = stack.bare();
    command.current_dir(here).env("PORTCULLIS_URL", stack.url()).arg("audit").args(arguments);
    command
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Creates a token with one allowed and one denied request.
fn used(stack: &Stack) -> String {
    let made = stack.create(["--name", "ci", "--grant", "apps:read@apps/billing"]);
    let (id, token) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    stack.call_demo("/apps/billing", token);
    let refused = ureq::get(format!("{}/demo/apps/other", stack.url())).header("x-api-token", token).call();
    assert!(matches!(refused, Err(ureq::Error::StatusCode(403))));
    id.to_owned()
}

#[test]
fn audit_shows_only_the_tokens_requests_with_decision_and_reason() {
    let stack = stack();
    let (id, other) = (used(&stack), used(&stack));
    let text = stdout(&audit(&stack, [&id]).assert().success());
    let rows: Vec<_> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(rows[0], ["TIME", "DECISION", "REQUEST", "IP", "REASON"]);
    assert_eq!(rows[1][1..], ["allow", "GET", "/apps/billing", "127.0.0.1"]);
    assert_eq!(rows[2][1..5], ["deny", "GET", "/apps/other", "127.0.0.1"]);
    assert_eq!(rows[2][5..].join(" "), "the token has the permission, but not on this resource (resource_not_granted)");
    assert_eq!(rows.len(), 3, "{text}");
    assert_eq!(stdout(&audit(&stack, [&other]).assert().success()).lines().count(), 3);
}

#[test]
fn audit_accepts_the_name_of_a_token() {
    let stack = stack();
    let id = used(&stack);
    let by_name = |name: &str| audit(&stack, [name]).env("PORTCULLIS_API_TOKEN", stack.admin()).assert();
    assert_eq!(stdout(&by_name("ci").success()), stdout(&audit(&stack, [&id]).assert().success()));
    let other = used(&stack);
    let ambiguous = stderr(&by_name("ci").code(2));
    assert!(ambiguous.starts_with("error: 2 tokens are named \"ci\""), "{ambiguous}");
    assert!(ambiguous.contains(&id) && ambiguous.contains(&other), "{ambiguous}");
    assert!(stderr(&by_name("cd").code(5)).starts_with("error: no token is named \"cd\"\n"));
}

#[test]
fn json_prints_the_original_audit_lines() {
    let stack = stack();
    let id = used(&stack);
    let json = stdout(&audit(&stack, [&id, "--json"]).assert().success());
    let log = fs::read_to_string(stack.audit_log()).unwrap();
    assert_eq!(lines(&json).len(), 2);
    assert!(json.lines().all(|line| log.lines().any(|written| written == line)));
}

#[test]
fn audit_reads_a_file_or_standard_input_and_ignores_other_lines() {
    let (home, id) = (tempfile::tempdir().unwrap(), "0123456789abcdef");
    let line = |at: &str, id: &str| {
        json!({"timestamp": at, "api_token_id": id, "method": "GET", "path": "/x", "source_ip": "192.0.2.7",
            "rbac_decision": "allow", "reason": null, "superseded": true})
        .to_string()
    };
    let log = [
        "START RequestId: 7",
        &line("2026-01-02T00:00:00Z", id),
        &line("2026-01-01T00:00:00Z", id),
        &line("2026-01-03T00:00:00Z", "fedcba9876543210"),
        &json!({"level": "INFO", "message": id}).to_string(),
        &line("2025-12-31T23:59:59Z", id),
    ]
    .join("\r\n");
    let file = home.path().join("lines");
    fs::write(&file, &log).unwrap();
    let since = ["audit", id, "--since", "2026-01-01T00:00:00Z", "--file"];
    let of_file = stdout(&bare(home.path()).args(since).arg(&file).assert().success());
    let rows: Vec<_> = of_file.lines().skip(1).map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(rows, ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"], "from the oldest to the newest");
    assert!(of_file.contains("rotated-out secret"), "{of_file}");
    let of_stdin = stdout(&bare(home.path()).args(since).arg("-").write_stdin(log).assert().success());
    assert_eq!(of_stdin, of_file);
}

#[test]
fn audit_shows_the_newest_requests_and_mentions_older_ones() {
    let stack = stack();
    let id = used(&stack);
    let few = audit(&stack, [&id, "--limit", "1"]).assert().success();
    assert!(stdout(&few).contains("deny") && !stdout(&few).contains("allow"));
    assert!(stderr(&few).contains("Older requests are not shown. Use --all or --limit for more."));
    let all = audit(&stack, [&id, "--all"]).assert().success();
    assert_eq!((stdout(&all).lines().count(), stderr(&all).as_str()), (3, ""));
}

#[test]
fn audit_reports_a_token_without_requests() {
    let stack = stack();
    let none = audit(&stack, ["0123456789abcdef"]).assert().success();
    assert_eq!(stdout(&none), "");
    assert!(stderr(&none).starts_with("No requests since "));
}

#[test]
fn a_log_without_audit_entries_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    let audit =
        |input: &str| bare(home.path()).args(["audit", "0123456789abcdef", "--file", "-"]).write_stdin(input).assert();
    assert!(stderr(&audit("junk\nmore junk\n").code(2)).contains("no audit entries in 2 lines"));
    audit("").code(0);
}

#[test]
fn unreadable_logs_and_invalid_times_are_reported() {
    let home = tempfile::tempdir().unwrap();
    let audit = |arguments: &[&str]| {
        let mut command = bare(home.path());
        let failed = command.current_dir(home.path()).args(["audit", "0123456789abcdef"]).args(arguments).assert();
        stderr(&failed.code(2))
    };
    let missing = audit(&["--url", "http://127.0.0.1:9"]);
    assert!(missing.starts_with("error: cannot read audit log .portcullis/audit.log: "), "{missing}");
    assert!(audit(&["--file", "elsewhere"]).contains("cannot read audit log elsewhere: "));
    let since = audit(&["--since", "yesterday", "--file", "-"]);
    assert!(
        since.contains("--since: must be a whole number and s, m, h or d") && since.contains("2027-01-31"),
        "{since}"
    );
}

#[cfg(feature = "aws")]
#[test]
fn missing_aws_credentials_are_reported_with_a_hint() {
    let home = tempfile::tempdir().unwrap();
    for command in WITH_AWS {
        let region = bare(home.path()).env("AWS_EC2_METADATA_DISABLED", "true").args(command).assert().code(2);
        assert!(stderr(&region).contains("no AWS region"), "{}", stderr(&region));
        assert!(stderr(&region).contains("--region"));
        let mut command = {
            let mut bare = bare(home.path());
            bare.args(command);
            bare
        };
        let credentials =
            command.env("AWS_EC2_METADATA_DISABLED", "true").args(["--region", "eu-west-1"]).assert().code(3);
        assert!(stderr(&credentials).starts_with("error: no AWS credentials"), "{}", stderr(&credentials));
        assert_eq!(stdout(&credentials), "");
    }
}

#[cfg(feature = "aws")]
#[test]
fn an_unreachable_aws_is_reported_without_system_codes() {
    let home = tempfile::tempdir().unwrap();
    for command in ["bootstrap", "doctor"] {
        let mut failed = bare(home.path());
        failed.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "x");
        failed.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_MAX_ATTEMPTS", "1");
        let printed = stderr(&failed.args([command, "--region", "eu-west-1"]).assert().code(7));
        assert_eq!(printed, "error: AWS cannot be reached: connection refused\n", "{command}");
    }
}

#[test]
fn a_probe_needs_named_permissions_and_resources() {
    let home = tempfile::tempdir().unwrap();
    let probe = ["doctor", "--probe", "https://orders.example.com/orders"];
    let printed = stderr(&bare(home.path()).args(probe).assert().code(2));
    assert!(printed.contains("--permission") && printed.contains("--resource"), "{printed}");
}
