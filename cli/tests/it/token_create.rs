//! `portcullis token create`, without a terminal.

use serde_json::json;

use crate::support::{json as document, stack, stderr, stdout};
use crate::token::id;

#[test]
fn quiet_create_prints_only_a_working_secret() {
    let stack = stack();
    let create = ["token", "create", "--name", "ci", "--grant", "apps:read@*", "--no-expiry", "--quiet"];
    let assert = stack.portcullis(create).assert().success();
    assert_eq!(stderr(&assert), "");
    let secret = stdout(&assert);
    assert_eq!(secret.lines().count(), 1, "{}", secret.len());
    let whoami = document(&stack.with_token(secret.trim(), ["whoami", "--json"]).assert().success());
    assert_eq!(whoami["token_name"], "ci");
}

#[test]
fn messages_about_a_secret_go_to_standard_error() {
    let stack = stack();
    let assert =
        stack.portcullis(["token", "create", "--name", "ci", "--role", "viewer", "--resource", "*"]).assert().success();
    let (secret, printed) = (stdout(&assert), stderr(&assert));
    assert!(secret.starts_with("pcl_") && secret.lines().count() == 1);
    assert!(printed.contains("*:read on *") || printed.contains("apps:read"), "{printed}");
    assert!(!printed.contains(secret.trim()));
}

#[test]
fn every_flag_of_a_create_reaches_the_service() {
    let stack = stack();
    let token = document(
        &stack
            .portcullis([
                "token",
                "create",
                "--json",
                "--name",
                "ci",
                "--description",
                "d",
                "--owner",
                "alice",
                "--expires-in",
                "30d",
                "--allow-ip",
                "192.0.2.0/24",
                "--allow-ip",
                "2001:db8::1",
                "--grant",
                "apps:write,apps:read@apps/billing",
                "--grant",
                "builds:read@*",
            ])
            .assert()
            .success(),
    );
    assert_eq!((&token["description"], &token["owner"]), (&json!("d"), &json!("alice")));
    assert_eq!(token["allowed_ips"], json!(["192.0.2.0/24", "2001:db8::1"]));
    assert_eq!(
        token["grants"],
        json!([
            { "permissions": ["apps:write", "apps:read"], "resources": ["apps/billing"] },
            { "permissions": ["builds:read"], "resources": ["*"] }
        ])
    );
    assert!(token["expires_at"].is_string());
}

#[test]
fn create_without_a_terminal_names_the_missing_flags() {
    let stack = stack();
    let create = |flags: &[&str]| stack.portcullis(["token", "create"]).args(flags).assert();
    for (flags, missing) in [
        (&[][..], "--name; one of --permission, --role and --grant; --resource (use --resource '*' for all resources)"),
        (&["-p", "apps:read"], "--name; --resource (use --resource '*' for all resources)"),
        (&["-n", "x", "--role", "viewer"], "--resource (use --resource '*' for all resources)"),
        (&["-n", "x", "-r", "*"], "one of --permission, --role and --grant"),
        (&["--grant", "apps:read@*"], "--name"),
    ] {
        let printed = stderr(&create(flags).code(2));
        assert!(printed.starts_with(&format!("error: missing flags: {missing}\n")), "{flags:?}: {printed}");
    }
    let token = stack.create(["--name", "x", "--grant", "apps:read@*"]);
    let update = stack.portcullis(["token", "update", id(&token), "-p", "apps:read"]).assert().code(2);
    assert!(stderr(&update).contains("--permission requires --resource"));
}

#[test]
fn a_repeated_create_creates_no_second_token() {
    let stack = stack();
    let create = ["--name", "a", "--grant", "apps:read@*", "--idempotency-key", "k1"];
    stack.create(create);
    stack.portcullis(["token", "create"]).args(create).assert().code(6);
    assert_eq!(stdout(&stack.portcullis(["token", "list", "-q"]).assert().success()).lines().count(), 2);
}

#[test]
fn without_a_flag_create_prints_the_expiry_that_the_service_chose() {
    let stack = stack();
    let created = |flags: &[&str]| {
        let mut command = stack.portcullis(["token", "create", "--name", "a", "--grant", "apps:read@*"]);
        stderr(&command.args(flags).assert().success())
    };
    assert!(!created(&[]).contains("never"));
    assert!(created(&["--no-expiry"]).contains("expires  never"));
}
