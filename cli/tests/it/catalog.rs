//! `portcullis catalog …`

use std::fs;

use crate::support::{Stack, bare, json, stack, stderr, stdout};

const GOOD: &str = r#"
[permissions]
"app:restart" = "Restart an app"
[roles.cicd]
description = "Deploy"
permissions = ["app:restart"]
[[routes]]
match = "POST /apps/{app}/restart"
permission = "app:restart"
resource = "app/{app}"
"#;

fn file(stack: &Stack, name: &str, text: &str) -> String {
    let path = stack.home.path().join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_check_needs_no_service_and_names_every_flaw_with_its_place() {
    let home = tempfile::tempdir().unwrap();
    let check = |name: &str, text: &str| {
        let path = home.path().join(name);
        fs::write(&path, text).unwrap();
        bare(home.path()).args(["catalog", "check"]).arg(path).assert()
    };
    check("good.toml", GOOD).code(0);
    check("good.json", r#"{"strict": false}"#).code(0);
    let said = stdout(&check("bad.toml", "strict = 1\n[roles.x]\npermissions = [\"a\", \"a:b\", \"c\"]\n").code(1));
    for place in ["strict: ", "roles.x.permissions[0]: ", "roles.x.permissions[2]: "] {
        assert!(said.contains(place), "{place} is missing in {said}");
    }
    assert!(stdout(&check("broken.toml", "strict = true\n[roles\n").code(1)).starts_with("line 2: "));
    assert!(stdout(&check("broken.json", "{\n\"strict\":\n}").code(1)).starts_with("line 3: "));
}

#[test]
fn the_flaws_are_a_document_with_json() {
    let stack = stack();
    let path = file(&stack, "bad.toml", "strict = 1\n");
    let flaws = json(&stack.bare().args(["catalog", "check", "--json", &path]).assert().code(1));
    assert_eq!(flaws["flaws"][0]["place"], "strict");
}

#[test]
fn a_push_shows_what_is_different_and_puts_it_in_force_once() {
    let stack = stack();
    let path = file(&stack, "good.toml", GOOD);
    assert!(stdout(&stack.portcullis(["catalog", "diff", &path]).assert().code(1)).contains("+[[routes]]"));
    assert!(stderr(&stack.portcullis(["catalog", "push", &path]).assert().code(2)).contains("--yes"));
    let pushed = stack.portcullis(["catalog", "push", &path, "--yes"]).assert().success();
    assert!(stdout(&pushed).contains("+\"app:restart\" = \"Restart an app\""));
    assert!(stderr(&pushed).contains("effective by"));
    stack.portcullis(["catalog", "diff", &path]).assert().code(0);
    let again = stderr(&stack.portcullis(["catalog", "push", &path, "--yes"]).assert().success());
    assert!(again.contains("in force already"), "{again}");
}

#[test]
fn what_is_shown_as_toml_can_be_pushed_again() {
    let stack = stack();
    let shown = stdout(&stack.portcullis(["catalog", "show", "--toml"]).assert().success());
    let path = file(&stack, "shown.toml", &shown);
    stack.portcullis(["catalog", "diff", &path]).assert().code(0);
    let document = stdout(&stack.portcullis(["catalog", "show"]).assert().success());
    let path = file(&stack, "shown.json", &document);
    stack.portcullis(["catalog", "diff", &path]).assert().code(0);
}

#[test]
fn a_push_over_somebody_elses_change_is_a_conflict() {
    let stack = stack();
    let path = file(&stack, "good.toml", GOOD);
    stack.portcullis(["catalog", "push", &path, "--yes", "--if-match", "99"]).assert().code(6);
    stack.portcullis(["catalog", "diff", &path]).assert().code(1);
}

#[test]
fn a_catalog_with_flaws_is_not_sent() {
    let stack = stack();
    let path = file(&stack, "bad.toml", "strict = 1\n");
    let assert = stack.portcullis(["catalog", "push", &path, "--yes"]).assert().code(1);
    assert!(stderr(&assert).contains("nothing was done"));
}
