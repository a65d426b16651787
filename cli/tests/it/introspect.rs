//! `portcullis introspect`

use crate::support::{json, stack, stderr, stdout};

#[test]
fn introspect_is_exit_code_0_for_a_token_that_is_good_and_1_for_one_that_is_not() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--permission", "apps:read"]);
    let secret = token["token"].as_str().unwrap();
    let introspect = |secret: &str, arguments: &[&str]| {
        let mut command = stack.portcullis(["introspect", "--token-file", "-"]);
        command.args(arguments).write_stdin(secret).assert()
    };
    assert!(stdout(&introspect(secret, &[]).code(0)).contains("apps:read on *"));
    introspect(secret, &["--method", "GET", "--path", "/apps/billing"]).code(0);
    let said = stdout(&introspect(secret, &["--method", "POST", "--path", "/apps/billing"]).code(1));
    assert!(said.contains("permission_missing"), "{said}");
    assert_eq!(json(&introspect("pcl_none", &["--json"]).code(1))["active"], false);
    let said = stderr(&introspect(secret, &["--method", "get", "--path", "/apps"]).code(2));
    assert!(said.contains("method must be a method in capitals"), "{said}");
}

#[test]
fn the_token_that_is_asked_about_comes_from_the_environment_too_and_never_from_the_command_line() {
    let stack = stack();
    let admin = stack.admin().to_owned();
    stack.portcullis(["introspect"]).env("PORTCULLIS_INTROSPECT_TOKEN", &admin).assert().success();
    stack.portcullis(["introspect"]).assert().code(2);
    let said = stderr(&stack.portcullis(["introspect", &admin]).assert().code(2));
    assert!(!said.contains(&admin[21..]), "{said}");
}

#[test]
fn standard_input_cannot_hold_two_secrets() {
    let stack = stack();
    let mut command = stack.bare();
    command.args(["introspect", "--url", &stack.url(), "--api-token-file", "-", "--token-file", "-"]);
    assert!(stderr(&command.write_stdin("x").assert().code(2)).contains("standard input cannot hold both"));
}
