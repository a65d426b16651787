//! `portcullis token list`, and the console in the browser.

use serde_json::json;

use crate::support::{bare, eventually, json as document, stack, stderr, stdout};
use crate::token::id;
use crate::untrusted_server::endless_server;

#[test]
fn list_follows_pages_and_prints_one_document() {
    let stack = stack();
    for number in 0..104 {
        stack.create_directly(
            &json!({ "name": format!("t{number}"), "permissions": ["apps:read"], "resources": ["*"] }),
        );
    }
    let list = |arguments: &[&str]| {
        let mut command = stack.portcullis(["token", "list"]);
        command.args(arguments).assert().success()
    };
    let all = document(&list(&["--all", "--json"]));
    assert_eq!(all["tokens"].as_array().unwrap().len(), 105);
    assert_eq!(all["tokens"][0]["name"], "t103");
    assert_eq!(stdout(&list(&["--all", "--quiet"])).lines().count(), 105);
    assert_eq!(stdout(&list(&["--limit", "103", "--quiet"])).lines().count(), 103);
    let some = list(&["--limit", "2"]);
    assert_eq!(stdout(&some).lines().count(), 3);
    assert!(stderr(&some).contains("Showing 2 tokens. Use --all or --limit for more."));
}

#[test]
fn a_piped_list_is_printed_page_by_page() {
    let page = |id: &str| format!(r#"{{"tokens":[{{"id":"{id}"}}],"next_cursor":"same"}}"#);
    let home = tempfile::tempdir().unwrap();
    let mut command = bare(home.path());
    command.env("PORTCULLIS_URL", endless_server(&[&page("one"), &page("two")])).env("PORTCULLIS_API_TOKEN", "pcl_x");
    // The second page is invalid: it has the cursor of the first one.
    let listed = command.args(["token", "list", "--all", "--json"]).assert().code(7);
    assert_eq!(stdout(&listed), r#"{"tokens":[{"id":"one"}"#);
}

#[test]
fn piped_output_has_rfc_3339_times_and_no_colours() {
    let stack = stack();
    stack.create_directly(
        &json!({ "name": "a", "permissions": ["apps:read"], "resources": ["*"], "expires_at": "2100-01-15T08:00:00Z" }),
    );
    let listed = stdout(&stack.portcullis(["token", "list"]).assert().success());
    assert!(listed.contains("2100-01-15T08:00:00Z") && !listed.contains('\u{1b}'), "{listed}");
    assert!(stdout(&stack.portcullis(["token", "list", "--color", "always"]).assert().success()).contains('\u{1b}'));
}

#[test]
fn a_list_can_be_searched_and_sorted() {
    let stack = stack();
    for (name, owner, grant, flags) in [
        ("Beta", "carol", "apps:read@apps/billing", ["--expires-in", "2d"]),
        ("alpha", "bob", "builds:read@apps/payroll", ["--expires-in", "9d"]),
        ("gamma", "Alice", "apps:read@apps/payroll", ["--description", "weekly report"]),
    ] {
        stack
            .portcullis(["token", "create", "-q", "--name", name, "--owner", owner, "--grant", grant])
            .args(flags)
            .args(if flags[0] == "--description" { &["--no-expiry"][..] } else { &[] })
            .assert()
            .success();
    }
    let names = |flags: &[&str]| {
        let listed = document(&stack.portcullis(["token", "list", "--json"]).args(flags).assert().success());
        listed["tokens"]
            .as_array()
            .unwrap()
            .iter()
            .map(|token| token["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&["--search", "PAYROLL"]), ["gamma", "alpha"]);
    assert_eq!(names(&["--search", "payroll apps:read"]), ["gamma"]);
    assert_eq!(names(&["--search", "report"]), ["gamma"]);
    assert!(names(&["--search", "nothing"]).is_empty());
    assert_eq!(names(&["--sort", "name"]), ["alpha", "Beta", "first admin", "gamma"]);
    assert_eq!(names(&["--sort", "owner"]), ["first admin", "gamma", "alpha", "Beta"]);
    assert_eq!(names(&["--sort", "expires"])[..2], ["Beta", "alpha"]);
    stack.portcullis(["token", "revoke", "Beta", "--yes"]).assert().success();
    assert_eq!(names(&["--sort", "expires"]), ["alpha", "gamma", "first admin", "Beta"]);
    assert_eq!(names(&["--sort", "created"]), ["gamma", "alpha", "Beta", "first admin"]);
    assert_eq!(names(&["--sort", "last-used"])[3], "first admin");
    let limited = stack.portcullis(["token", "list", "--sort", "name", "--limit", "1"]).assert().success();
    assert!(stdout(&limited).contains("alpha") && stderr(&limited).contains("Showing 1 token. Use"));
}

#[test]
fn web_opens_the_console_in_the_browser() {
    let stack = stack();
    let token = stack.create(["--name", "ci", "--grant", "apps:read@apps/billing"]);
    let script = stack.home.path().join("browser.sh");
    std::fs::write(&script, "printf %s \"$1\" > \"$HOME/url.tmp\" && mv \"$HOME/url.tmp\" \"$HOME/url\"").unwrap();
    let opened = stack.home.path().join("url");
    for (arguments, page) in
        [(&["list", "--web"][..], "/tokens".to_owned()), (&["show", "ci", "--web"], format!("/tokens/{}", id(&token)))]
    {
        let mut command = stack.portcullis(["token"]);
        command.env("BROWSER", format!("/bin/sh {}", script.display())).env("PATH", "/usr/bin:/bin");
        assert_eq!(stdout(&command.args(arguments).assert().success()), "");
        eventually(|| opened.exists());
        assert_eq!(std::fs::read_to_string(&opened).unwrap(), format!("{}/console/#{page}", stack.url()));
        std::fs::remove_file(&opened).unwrap();
        let broken = stack.portcullis(["token"]).env("BROWSER", "/nonexistent").args(arguments).assert().code(7);
        assert!(stderr(&broken).contains(&format!("; open {}/console/#{page}", stack.url())), "{}", stderr(&broken));
        let without = stack.portcullis(["token"]).args(arguments).assert().success();
        assert!(stderr(&without).contains(&format!("Open {}/console/#{page} in your browser", stack.url())));
    }
}

#[test]
fn the_console_opens_with_the_filters_of_the_command() {
    let stack = stack();
    for (flags, query) in [
        (&["--status", "active", "--owner", "a&b c"][..], "status=active&owner=a%26b%20c"),
        (&["--search", "billing read", "--sort", "last-used"], "q=billing%20read&sort=used"),
        (&["--sort", "expires"], "sort=expires"),
    ] {
        let opened = stderr(&stack.portcullis(["token", "list", "--web"]).args(flags).assert().success());
        assert!(opened.contains(&format!("/console/#/tokens?{query} ")), "{flags:?}: {opened}");
    }
    for flags in [&["--idle-days", "9"][..], &["--limit", "9"], &["--all"]] {
        stack.portcullis(["token", "list", "--web"]).args(flags).assert().code(2);
    }
}

#[test]
fn a_revoked_token_shows_no_expiry() {
    let stack = stack();
    let made = stack.create(["--name", "a", "--permission", "apps:read", "--resource", "*"]);
    stack.portcullis(["token", "revoke", id(&made), "--yes"]).assert().success();
    let listed = stdout(&stack.portcullis(["token", "list", "--status", "revoked"]).assert().success());
    let shown = stdout(&stack.portcullis(["token", "show", id(&made)]).assert().success());
    assert!(listed.contains(id(&made)) && shown.contains("revoked"), "{listed}\n{shown}");
    assert!(!shown.lines().any(|line| line.starts_with("expires")), "{shown}");
    // The token never expired; "never" in the row is its last use.
    assert_eq!(listed.matches("never").count(), 1, "{listed}");
}
