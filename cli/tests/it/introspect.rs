//! `portcullis introspect`

use crate::support::{json, stack, stderr, stdout};

#[test]
fn introspect_exits_with_0_or_1() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--grant", "apps:read@*"]);
    let secret = token["token"].as_str().unwrap();
    let introspect = |secret: &str, arguments: &[&str]| {
        let mut command = stack.portcullis(["introspect", "--token-file", "-"]);
        command.args(arguments).write_stdin(secret).assert()
    };
    assert!(stdout(&introspect(secret, &[]).code(0)).contains("apps:read on *"));
    introspect(secret, &["--method", "GET", "--path", "/apps/billing"]).code(0);
    let printed = stdout(&introspect(secret, &["--method", "POST", "--path", "/apps/billing"]).code(1));
    assert!(printed.contains("permission_missing"), "{printed}");
    assert_eq!(json(&introspect("pcl_none", &["--json"]).code(1))["active"], false);
    let printed = stderr(&introspect(secret, &["--method", "get", "--path", "/apps"]).code(2));
    assert!(printed.contains("method must be a method in capitals"), "{printed}");
}

#[test]
fn introspect_does_not_accept_tokens_on_the_command_line() {
    let stack = stack();
    let admin = stack.admin().to_owned();
    stack.portcullis(["introspect"]).env("PORTCULLIS_INTROSPECT_TOKEN", &admin).assert().success();
    stack.portcullis(["introspect"]).assert().code(2);
    let printed = stderr(&stack.portcullis(["introspect", &admin]).assert().code(2));
    assert!(!printed.contains(&admin[21..]), "{printed}");
}

#[test]
fn standard_input_cannot_provide_two_secrets() {
    let stack = stack();
    let mut command = stack.bare();
    command.args(["introspect", "--url", &stack.url(), "--api-token-file", "-", "--token-file", "-"]);
    assert!(stderr(&command.write_stdin("x").assert().code(2)).contains("standard input cannot be used for both"));
}
