//! `portcullis token …` with a name in place of an ID.

use crate::support::{json as document, stack, stderr};
use crate::token::{id, show};

#[test]
fn a_token_can_be_given_by_its_name() {
    let stack = stack();
    let token = stack.create(["--name", "GitHub Actions", "--grant", "apps:read@apps/billing"]);
    let run = |arguments: &[&str]| {
        let (command, flags) = arguments.split_first().unwrap();
        stack.portcullis(["token", command, "GitHub Actions"]).args(flags).assert()
    };
    for command in [
        &["show"][..],
        &["update", "--description", "d"],
        &["disable"],
        &["enable"],
        &["events"],
        &["usage"],
        &["explain", "GET", "/apps/billing"],
        &["rotate", "--yes"],
    ] {
        run(command).success();
    }
    run(&["tighten", "--yes"]).code(6);
    run(&["revoke", "--yes"]).success();
    assert_eq!(show(&stack, id(&token))["status"], "revoked");
    let again = stack.create(["--name", "GitHub Actions", "--grant", "apps:read@apps/billing"]);
    run(&["delete", "--yes"]).success();
    stack.portcullis(["token", "show", id(&again)]).assert().code(5);
}

#[test]
fn an_ambiguous_name_lists_the_matching_ids() {
    let stack = stack();
    let [one, two, other] = [("ci", "alice"), ("ci", "bob"), ("x", "bob")]
        .map(|(name, owner)| stack.create(["--name", name, "--owner", owner, "--grant", "apps:read@apps/billing"]));
    stack.portcullis(["token", "disable", id(&two)]).assert().success();
    for command in ["show", "disable", "rotate", "revoke", "delete"] {
        let printed = stderr(&stack.portcullis(["token", command, "ci", "--yes"]).assert().code(2));
        assert!(printed.starts_with("error: 2 tokens are named \"ci\"; give the ID instead:\n"), "{printed}");
        assert!(printed.contains(&format!("  {}  active, owner alice\n", id(&one))), "{printed}");
        assert!(printed.contains(&format!("  {}  disabled, owner bob\n", id(&two))), "{printed}");
    }
    let printed = stderr(&stack.portcullis(["token", "revoke", "x", "ci", "--yes"]).assert().code(2));
    assert!(printed.contains("2 tokens are named"), "{printed}");
    assert_eq!(show(&stack, id(&other))["status"], "active");
}

#[test]
fn a_name_means_a_revoked_token_only_if_no_other_has_it() {
    let stack = stack();
    let create = || stack.create(["--name", "ci", "--grant", "apps:read@apps/billing"]);
    let [old, new] = [create(), create()];
    stack.portcullis(["token", "revoke", id(&old), "--yes"]).assert().success();
    let shown = document(&stack.portcullis(["token", "show", "ci", "--json"]).assert().success());
    assert_eq!(id(&shown), id(&new));
    stack.portcullis(["token", "revoke", "ci", "--yes"]).assert().success();
    for command in ["show", "delete"] {
        let printed = stderr(&stack.portcullis(["token", command, "ci", "--yes"]).assert().code(2));
        assert!(printed.contains("2 revoked tokens are named \"ci\"; give the ID instead"), "{printed}");
        assert!([&old, &new].iter().all(|token| printed.contains(id(token))), "{printed}");
    }
    stack.portcullis(["token", "delete", id(&old), "--yes"]).assert().success();
    let shown = document(&stack.portcullis(["token", "show", "ci", "--json"]).assert().success());
    assert_eq!(id(&shown), id(&new));
    let printed = stderr(&stack.portcullis(["token", "show", "CI"]).assert().code(5));
    assert!(printed.starts_with("error: no token is named \"CI\"\n"), "{printed}");
}

#[test]
fn an_id_takes_precedence_over_a_name() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--grant", "apps:read@apps/billing"]);
    stack.create(["--name", id(&token), "--grant", "apps:read@apps/billing"]);
    assert_eq!(show(&stack, id(&token))["name"], "a");
}
