//! Errors of the service in the CLI's own words.

use assert_cmd::assert::Assert;

use crate::support::{Stack, stack, stderr};
use crate::token::id;

/// Words of the HTTP API, which say nothing to a user of the CLI.
const PROTOCOL_WORDS: [&str; 10] = [
    "POST",
    "/tokens",
    "Idempotency-Key",
    "If-Match",
    "ETag",
    "recondition",
    "Authorization",
    "Bearer",
    "x-api-token",
    "expires_in",
];

/// Checks that an error has no protocol words, and names what to do.
#[track_caller]
fn assert_plain(assert: &Assert, next: &[&str]) {
    let printed = stderr(assert);
    assert!(printed.contains("\nhint: "), "{printed}");
    for word in PROTOCOL_WORDS {
        assert!(!printed.contains(word), "{word}: {printed}");
    }
    for text in next {
        assert!(printed.contains(text), "{text} is missing in {printed}");
    }
}

fn create(stack: &Stack) -> String {
    id(&stack.create(["--name", "a", "--grant", "apps:read@apps/billing"])).to_owned()
}

#[test]
fn a_repeated_create_says_which_token_exists_and_that_its_settings_may_differ() {
    let stack = stack();
    let create = ["--name", "a", "--grant", "apps:read@*", "--idempotency-key", "k1"];
    let token = stack.create(create);
    let again = stack.portcullis(["token", "create"]).args(create).assert().code(6);
    let (rotate, show) = (
        format!("portcullis token rotate {} --no-overlap", id(&token)),
        format!("portcullis token show {}", id(&token)),
    );
    assert_plain(&again, &["--idempotency-key", id(&token), &rotate, &show]);
}

#[test]
fn a_conflict_says_that_something_changed_and_what_to_do() {
    let stack = stack();
    let token = create(&stack);
    let stale = stack.portcullis(["token", "update", &token, "--name", "b", "--if-match", "99"]).assert().code(6);
    assert_plain(&stale, &["changed", "run the command again"]);
    let path = stack.home.path().join("catalog.toml");
    std::fs::write(&path, "strict = true\n").unwrap();
    let mut push = stack.portcullis(["catalog", "push", "--yes", "--if-match", "99"]);
    assert_plain(&push.arg(&path).assert().code(6), &["changed", "run the command again"]);
}

#[test]
fn an_invalid_version_or_key_is_named_by_its_flag() {
    let stack = stack();
    let token = create(&stack);
    let update = stack.portcullis(["token", "update", &token, "--name", "b", "--if-match", "\"7"]).assert().code(2);
    assert!(stderr(&update).contains("\n  --if-match: "), "{}", stderr(&update));
    let flags = ["--name", "b", "--grant", "apps:read@*", "--idempotency-key", ""];
    let create = stack.portcullis(["token", "create"]).args(flags).assert().code(2);
    assert!(stderr(&create).contains("\n  --idempotency-key: "), "{}", stderr(&create));
}

#[test]
fn a_rejected_credential_says_where_it_came_from_and_how_to_replace_it() {
    let stack = stack();
    let unknown = stack.admin().replace(|c: char| c.is_ascii_digit(), "x");
    let rejected = stack.with_token(&unknown, ["whoami"]).assert().code(3);
    assert_plain(&rejected, &["PORTCULLIS_API_TOKEN", "portcullis login", "expired", "revoked"]);
}

#[test]
fn a_revoked_or_expired_token_names_the_next_command() {
    let stack = stack();
    let token = create(&stack);
    stack.portcullis(["token", "revoke", &token, "--yes"]).assert().success();
    for command in ["rotate", "disable"] {
        let refused = stack.portcullis(["token", command, &token]).assert().code(6);
        assert_plain(&refused, &["was revoked, so", "create another token with portcullis token create"]);
    }
    let token = id(&stack.create(["--name", "b", "--owner", "alice", "--grant", "apps:read@apps/billing"])).to_owned();
    stack.portcullis(["token", "disable", &token]).assert().success();
    let flags = ["--name", "c", "--owner", "alice", "--grant", "apps:read,tokens:write@*"];
    let owner = stack.create(flags)["token"].as_str().unwrap().to_owned();
    let refused = stack.with_token(&owner, ["token", "enable", &token]).assert().code(4);
    assert!(!stderr(&refused).contains("hint: "), "{}", stderr(&refused));
}

#[test]
fn with_json_an_error_of_the_command_is_a_problem_document() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, r#type, detail) in [
        (&["whoami"][..], "invalid_input", "no service URL"),
        (&["whoami", "--url", "http://127.0.0.1:9"], "not_signed_in", "not signed in"),
        (&["login", "http://127.0.0.1:9"], "no_valid_response", "cannot be reached"),
    ] {
        let failed = crate::support::bare(home.path()).args(arguments).arg("--json").assert().failure();
        let problem: serde_json::Value = serde_json::from_str(&stderr(&failed)).unwrap();
        assert_eq!(problem["type"], format!("urn:portcullis:cli:{type}"), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
    }
}

#[test]
fn with_json_an_error_is_the_services_document() {
    let stack = stack();
    let create = ["token", "create", "--name", "a", "--grant", "apps:read@*", "--idempotency-key", "k1", "--json"];
    stack.portcullis(create).assert().success();
    let again = stack.portcullis(create).assert().code(6);
    let problem: serde_json::Value = serde_json::from_str(&stderr(&again)).unwrap();
    assert_eq!(problem["type"], "urn:portcullis:problem:already_created");
    assert!(problem["detail"].as_str().unwrap().contains("POST /tokens/"), "{problem}");
}
