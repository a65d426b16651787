//! `portcullis token …`, without a terminal.

use serde_json::{Value, json};

use crate::support::{Stack, eventually, json as document, stack, stack_with, stderr, stdout};

fn show(stack: &Stack, id: &str) -> Value {
    document(&stack.portcullis(["token", "show", id, "--json"]).assert().success())
}

fn id(token: &Value) -> &str {
    token["id"].as_str().expect("a token has an id")
}

#[test]
fn a_secret_is_all_that_quiet_prints_and_it_opens_what_it_may() {
    let stack = stack();
    let create = ["token", "create", "--name", "ci", "--permission", "apps:read", "--no-expiry", "--quiet"];
    let assert = stack.portcullis(create).assert().success();
    assert_eq!(stderr(&assert), "");
    let secret = stdout(&assert);
    assert_eq!(secret.lines().count(), 1, "{}", secret.len());
    let whoami = document(&stack.with_token(secret.trim(), ["whoami", "--json"]).assert().success());
    assert_eq!(whoami["token_name"], "ci");
}

#[test]
fn what_is_said_beside_a_secret_goes_to_standard_error() {
    let stack = stack();
    let assert = stack.portcullis(["token", "create", "--name", "ci", "--role", "viewer"]).assert().success();
    let (secret, said) = (stdout(&assert), stderr(&assert));
    assert!(secret.starts_with("pcl_") && secret.lines().count() == 1);
    assert!(said.contains("*:read on *") || said.contains("apps:read"), "{said}");
    assert!(!said.contains(secret.trim()));
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
                "builds:read",
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
fn every_wrong_field_is_named_by_its_flag() {
    let stack = stack();
    let create = ["token", "create", "--name", "", "--permission", "a b", "--expires-in", "0s", "--allow-ip", "x"];
    let said = stderr(&stack.portcullis(create).assert().code(2));
    for flag in
        ["--name: must be", "--permission (no. 1): must be", "--expires-in: must be", "--allow-ip (no. 1): must"]
    {
        assert!(said.contains(flag), "{flag} is missing in {said}");
    }
    let assert = stack.portcullis(create).arg("--json").assert().code(2);
    let problem: Value = serde_json::from_str(&stderr(&assert)).expect("the problem document");
    assert_eq!(problem["type"], "urn:portcullis:problem:invalid_request");
    assert_eq!(stdout(&assert), "");
}

#[test]
fn a_body_may_come_from_a_file_over_which_flags_stand() {
    let stack = stack();
    let file = stack.home.path().join("token.json");
    std::fs::write(&file, r#"{"name":"a","grants":[{"permissions":["apps:read"]}],"expires_in":"1h"}"#).unwrap();
    let path = file.to_str().unwrap();
    let create = ["token", "create", "--json", "--from-file", path, "--name", "b", "--no-expiry"];
    let token = document(&stack.portcullis(create).assert().success());
    assert_eq!((&token["name"], &token["expires_at"]), (&json!("b"), &Value::Null));
}

/// Creates a token from this file's text, with these flags.
fn from_file(stack: &Stack, text: &str, flags: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = stack.portcullis(["token", "create", "--json", "--from-file", "-"]);
    command.args(flags).write_stdin(text).assert()
}

#[test]
fn every_flag_stands_over_what_the_file_says() {
    let stack = stack();
    let one = r#"{"name":"a","permissions":["apps:read"],"resources":["apps/x"],"expires_in":"1h","allowed_ips":["192.0.2.1"]}"#;
    let several = r#"{"name":"a","grants":[{"permissions":["apps:read"],"resources":["apps/x"]}],"expires_at":null}"#;
    let role = r#"{"name":"a","role":"viewer","owner":"bob","description":"d","expires_at":"2100-01-01T00:00:00Z"}"#;
    let made = |text: &str, flags: &[&str]| document(&from_file(&stack, text, flags).success());
    let of_viewer = made(role, &[]);
    for file in [one, several, role] {
        let token = made(file, &["--permission", "builds:read", "--resource", "apps/y"]);
        assert_eq!(token["grants"], json!([{ "permissions": ["builds:read"], "resources": ["apps/y"] }]), "{file}");
        assert_eq!(token["role"], Value::Null);
        let token = made(file, &["--grant", "builds:read@apps/y"]);
        assert_eq!(token["grants"], json!([{ "permissions": ["builds:read"], "resources": ["apps/y"] }]), "{file}");
        let token = made(file, &["--role", "viewer", "--resource", "*"]);
        assert_eq!((&token["role"], &token["grants"]), (&json!("viewer"), &of_viewer["grants"]), "{file}");
        let token = made(file, &["--name", "b", "--description", "e", "--owner", "carol", "--allow-ip", "192.0.2.2"]);
        let fields = ["name", "description", "owner", "allowed_ips"].map(|field| token[field].clone());
        assert_eq!(fields, [json!("b"), json!("e"), json!("carol"), json!(["192.0.2.2"])], "{file}");
        assert_eq!(made(file, &["--no-expiry"])["expires_at"], Value::Null, "{file}");
        assert!(made(file, &["--expires-in", "2h"])["expires_at"].is_string(), "{file}");
        let at = "2099-01-01T00:00:00Z";
        assert_eq!(made(file, &["--expires-at", at])["expires_at"], at, "{file}");
    }
    // What a flag does not name stays.
    let token = made(one, &["--permission", "builds:read"]);
    assert_eq!(token["grants"], json!([{ "permissions": ["builds:read"], "resources": ["apps/x"] }]));
    assert_eq!(made(one, &["--resource", "apps/y"])["grants"][0]["permissions"], json!(["apps:read"]));
    assert_eq!(made(role, &["--resource", "apps/y"])["role"], "viewer");
}

#[test]
fn flags_that_contradict_each_other_or_the_file_are_named() {
    let stack = stack();
    let file = r#"{"name":"a","grants":[{"permissions":["apps:read"]}]}"#;
    for (flags, named) in [
        (&["--role", "viewer", "--permission", "apps:read"][..], &["--role", "--permission"][..]),
        (&["--role", "viewer", "--grant", "apps:read"], &["--role", "--grant"]),
        (&["--permission", "apps:read", "--grant", "apps:read"], &["--permission", "--grant"]),
        (&["--resource", "x", "--grant", "apps:read"], &["--resource", "--grant"]),
        (&["--expires-in", "1h", "--no-expiry"], &["--expires-in", "--no-expiry"]),
        (&["--resource", "x"], &["--resource", "grants"]),
    ] {
        let said = stderr(&from_file(&stack, file, flags).code(2));
        let line = said.lines().next().unwrap();
        for flag in ["--role", "--permission", "--grant", "--resource", "--expires-in", "--no-expiry"] {
            assert!(named.contains(&flag) == line.contains(flag), "{flags:?}: {line}");
        }
        assert!(named.iter().all(|name| line.contains(name)), "{flags:?}: {line}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_named_by_its_place_there() {
    let stack = stack();
    let twice = r#"{"name":"a","name":"b","grants":[{"permissions":["a:b"],"permissions":["a:b"]}]}"#;
    let said = stderr(&from_file(&stack, twice, &[]).code(2));
    assert!(said.contains("grants[0].permissions: must be given once"), "{said}");
    assert!(said.contains("name: must be given once"), "{said}");
    let wrong = stderr(&from_file(&stack, r#"{"name":"","permissions":["a b"]}"#, &["--expires-in", "0s"]).code(2));
    assert!(wrong.contains("permissions[0]"), "{wrong}");
    for (text, why) in [("[]", "must be a JSON object"), ("{", "line 1"), ("", "line 1")] {
        let said = stderr(&from_file(&stack, text, &[]).code(2));
        assert!(said.contains("--from-file -: ") && said.contains(why), "{text}: {said}");
    }
}

#[test]
fn what_is_wrong_is_named_by_the_flag_that_gave_it_and_else_by_its_place_in_the_file() {
    let stack = stack();
    let mut command = stack.portcullis(["token", "create", "--from-file", "-"]);
    command.args(["--expires-in", "0s", "--allow-ip", "x", "--resource", ""]);
    let said = stderr(&command.write_stdin(r#"{"name":"","permissions":["a b"],"colour":1}"#).assert().code(2));
    for name in ["--expires-in", "--allow-ip (no. 1)", "--resource (no. 1)", "name", "permissions[0]", "colour"] {
        assert!(said.contains(&format!("\n  {name}: ")), "{name}: {said}");
    }
    let mut command = stack.portcullis(["token", "create", "--from-file", "-", "--name", "a", "--grant", "a b"]);
    let said = stderr(&command.write_stdin(r#"{"permissions":["a b"],"description":1}"#).assert().code(2));
    for name in ["--grant (no. 1), permissions[0]", "description"] {
        assert!(said.contains(&format!("\n  {name}: ")), "{name}: {said}");
    }
}

#[test]
fn what_is_wrong_with_a_change_is_named_by_the_flag_that_was_given() {
    let stack = stack_with(|options| options.settings.token.max_lifetime_days = 30);
    let create = ["token", "create", "--json", "--name", "a", "--permission", "apps:read", "--expires-in", "1d"];
    let token = document(&stack.portcullis(create).assert().success());
    let id = token["id"].as_str().unwrap();
    for (command, flags, named) in [
        ("update", &["--permission", "apps:read", "--permission", "a b"][..], &["--permission (no. 2)"][..]),
        ("update", &["--permission", "a b", "--resource", ""], &["--permission (no. 1)", "--resource (no. 1)"]),
        ("update", &["--grant", "apps:read", "--grant", "a b"], &["--grant (no. 2), permissions[0]"]),
        ("update", &["--expires-in", "31d"], &["--expires-in"]),
        ("update", &["--expires-at", "2100-01-01T00:00:00Z"], &["--expires-at"]),
        ("update", &["--no-expiry"], &["--no-expiry"]),
        ("rotate", &["--expires-in", "31d"], &["--expires-in"]),
        ("rotate", &["--expires-at", "2100-01-01T00:00:00Z"], &["--expires-at"]),
        ("rotate", &["--no-expiry"], &["--no-expiry"]),
    ] {
        let said = stderr(&stack.portcullis(["token", command, id, "--yes"]).args(flags).assert().code(2));
        let fields: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("  ")?.split(": ").next()).collect();
        assert_eq!(fields, named, "{command} {flags:?}: {said}");
    }
}

#[test]
fn white_space_in_a_grant_is_refused_as_in_a_permission_and_a_resource() {
    let stack = stack();
    for (grant, named) in [
        ("a:b@ c", &["resources[0]"][..]),
        ("a:b@c , d", &["resources[0]", "resources[1]"]),
        (" a:b @c", &["permissions[0]"]),
        ("a:b, c:d", &["permissions[1]"]),
        ("a:b,c:d\t@c,d", &["permissions[1]"]),
    ] {
        let token = stack.create(["--name", "a", "--permission", "apps:read"]);
        for command in [&["create", "--name", "a"][..], &["update", id(&token)]] {
            let said = stderr(&stack.portcullis(["token"]).args(command).args(["--grant", grant]).assert().code(2));
            let fields: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("  ")?.split(": ").next()).collect();
            let wanted: Vec<_> = named.iter().map(|field| format!("--grant (no. 1), {field}")).collect();
            assert_eq!(fields, wanted, "{grant:?}: {said}");
        }
    }
}

#[test]
fn all_that_is_wrong_with_a_change_is_said_at_once_and_nothing_is_changed() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--permission", "apps:read"]);
    let update = |flags: &[&str]| stack.portcullis(["token", "update", id(&token)]).args(flags).assert().code(2);
    let flags = ["--name", "\u{3164}", "--grant", "a:b@\u{2800}", "--expires-in", "9z"];
    let said = stderr(&update(&flags));
    for flag in ["--name: must not be blank", "--grant (no. 1), resources[0]: must", "--expires-in: must be a whole"] {
        assert!(said.contains(&format!("\n  {flag}")), "{flag}: {said}");
    }
    for time in ["9z", "0s", "2100-01-01T00:00:00Z"] {
        let said = stderr(&update(&["--name", "b", "--expires-in", time]));
        assert_eq!(said.matches("\n  ").count(), 1, "{said}");
        assert!(said.contains("\n  --expires-in: must be "), "{said}");
        let problem: Value = serde_json::from_str(&stderr(&update(&["--expires-in", time, "--json"]))).unwrap();
        let why = said.trim_end().rsplit("--expires-in: ").next().unwrap();
        assert_eq!(problem["errors"], json!([{ "field": "expires_in", "message": why }]));
    }
    assert_eq!(show(&stack, id(&token))["name"], "a");
}

#[test]
fn texts_may_begin_with_a_hyphen() {
    let stack = stack();
    let token = stack.create([
        "--name",
        "-n",
        "--description",
        "- d",
        "--owner",
        "-x",
        "--permission",
        "apps:read",
        "--resource",
        "-r",
    ]);
    let fields = ["name", "description", "owner"].map(|field| token[field].clone());
    assert_eq!((fields, &token["grants"][0]["resources"]), (["-n", "- d", "-x"].map(Value::from), &json!(["-r"])));
    let listed = stack.portcullis(["token", "list", "--quiet", "--owner", "-x"]).assert().success();
    assert_eq!(stdout(&listed).trim(), id(&token));
    let update = ["token", "update", id(&token), "--name", "--help", "--description", "-"];
    stack.portcullis(update).assert().success();
    assert_eq!(show(&stack, id(&token))["name"], "--help");
    stack.portcullis(["token", "revoke", "--yes", "--comment", "-c", "--owner", "-x"]).assert().success();
    let revoked = show(&stack, id(&token));
    assert_eq!((&revoked["status"], &revoked["revoked_comment"]), (&json!("revoked"), &json!("-c")), "{revoked}");
}

#[test]
fn a_file_of_json_may_start_with_a_byte_order_mark() {
    let stack = stack();
    from_file(&stack, "\u{feff}{\"name\":\"a\",\"permissions\":[\"apps:read\"]}", &[]).success();
    let path = stack.home.path().join("claims.json");
    std::fs::write(&path, "\u{feff}{\"iss\":\"x\",\"sub\":\"x\",\"aud\":\"x\",\"exp\":1}").unwrap();
    stack.portcullis(["trust", "test", "--claims", path.to_str().unwrap()]).assert().code(1);
}

#[test]
fn a_list_follows_the_pages_and_is_one_document() {
    let stack = stack();
    for number in 0..104 {
        stack.create_directly(&json!({ "name": format!("t{number}"), "permissions": ["apps:read"] }));
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
    assert!(stderr(&some).contains("There are more"));
}

#[test]
fn what_is_not_a_terminal_gets_times_as_rfc_3339_and_no_colours() {
    let stack = stack();
    stack.create_directly(&json!({ "name": "a", "permissions": ["apps:read"], "expires_at": "2100-01-15T08:00:00Z" }));
    let listed = stdout(&stack.portcullis(["token", "list"]).assert().success());
    assert!(listed.contains("2100-01-15T08:00:00Z") && !listed.contains('\u{1b}'), "{listed}");
    assert!(stdout(&stack.portcullis(["token", "list", "--color", "always"]).assert().success()).contains('\u{1b}'));
}

#[test]
fn an_update_changes_what_it_names_and_goes_by_versions() {
    let stack = stack();
    let token =
        stack.create(["--name", "a", "--description", "d", "--permission", "apps:read", "--allow-ip", "192.0.2.1"]);
    let id = id(&token);
    let update = |arguments: &[&str]| {
        let mut command = stack.portcullis(["token", "update", id, "--json"]);
        command.args(arguments).assert()
    };
    let changed = document(
        &update(&[
            "--name",
            "b",
            "--clear-description",
            "--any-ip",
            "--expires-in",
            "1d",
            "-p",
            "builds:read",
            "-r",
            "x",
        ])
        .success(),
    );
    assert_eq!((&changed["name"], &changed["description"]), (&json!("b"), &Value::Null));
    assert_eq!(changed["grants"], json!([{ "permissions": ["builds:read"], "resources": ["x"] }]));
    assert_eq!(changed["allowed_ips"], json!([]));
    assert!(changed["expires_at"].is_string());
    assert_eq!(document(&update(&["--no-expiry"]).success())["expires_at"], Value::Null);
    let stale = update(&["--name", "c", "--if-match", "1"]).code(6);
    assert!(stderr(&stale).contains("precondition_failed"));
    assert_eq!(show(&stack, id)["name"], "b");
    assert!(stderr(&update(&[]).code(2)).contains("nothing is to be changed"));
}

#[test]
fn a_rotation_with_an_overlap_keeps_both_secrets_working() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--permission", "apps:read"]);
    let (id, before) = (id(&token), token["token"].as_str().unwrap());
    let after = stdout(&stack.portcullis(["token", "rotate", id, "--overlap", "1h", "-q"]).assert().success());
    for secret in [before, after.trim()] {
        stack.with_token(secret, ["whoami"]).assert().success();
    }
    let last = stdout(&stack.portcullis(["token", "rotate", id, "--yes", "-q"]).assert().success());
    stack.with_token(before, ["whoami"]).assert().code(3);
    stack.with_token(last.trim(), ["whoami"]).assert().success();
}

#[test]
fn what_cannot_be_undone_is_refused_without_a_terminal_and_changes_nothing() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--permission", "apps:read"]);
    let id = id(&token);
    for arguments in [
        vec!["token", "rotate", id],
        vec!["token", "revoke", id],
        vec!["token", "revoke", "--owner", "admin"],
        vec!["token", "delete", id],
    ] {
        let said = stderr(&stack.portcullis([]).args(&arguments).assert().code(2));
        assert!(said.contains("--yes"), "{arguments:?}: {said}");
    }
    assert_eq!(show(&stack, id)["status"], "active");
    stack.with_token(token["token"].as_str().unwrap(), ["whoami"]).assert().success();
}

#[test]
fn revoking_several_ends_each_of_them_though_one_is_not_there() {
    let stack = stack();
    let [one, two] = ["a", "b"].map(|name| stack.create(["--name", name, "--permission", "apps:read"]));
    let arguments =
        ["token", "revoke", id(&one), "0000000000000000", id(&two), "--yes", "--reason", "leaked", "--quiet"];
    let assert = stack.portcullis(arguments).assert().code(5);
    assert_eq!(stdout(&assert), format!("{}\n{}\n", id(&one), id(&two)));
    assert!(stderr(&assert).contains("0000000000000000"));
    for token in [&one, &two] {
        let shown = show(&stack, id(token));
        assert_eq!((&shown["status"], &shown["revoked_reason"]), (&json!("revoked"), &json!("leaked")));
        stack.with_token(token["token"].as_str().unwrap(), ["whoami"]).assert().code(3);
    }
}

#[test]
fn all_that_an_owner_has_is_revoked_whatever_the_owner_is_called() {
    let stack = stack();
    let owner = "https://id.example.com/users?x=1#alice";
    for name in ["a", "b"] {
        stack.create(["--name", name, "--permission", "apps:read", "--owner", owner]);
    }
    let answer =
        document(&stack.portcullis(["token", "revoke", "--owner", owner, "--yes", "--json"]).assert().success());
    assert_eq!((&answer["revoked"], &answer["done"], &answer["owner"]), (&json!(2), &json!(true), &json!(owner)));
    let left = ["token", "list", "--owner", owner, "--status", "active", "--quiet"];
    assert_eq!(stdout(&stack.portcullis(left).assert().success()), "");
}

#[test]
fn a_deleted_token_is_not_there_any_more() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--permission", "apps:read"]);
    stack.portcullis(["api-token", "delete", id(&token), "--yes"]).assert().success();
    let assert = stack.portcullis(["token", "show", id(&token)]).assert().code(5);
    assert!(stderr(&assert).starts_with("error: There is no such token"));
}

#[test]
fn a_disabled_token_opens_nothing_until_it_is_enabled() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--permission", "apps:read"]);
    let whoami = || stack.with_token(token["token"].as_str().unwrap(), ["whoami"]).assert();
    stack.portcullis(["token", "disable", id(&token)]).assert().success();
    whoami().code(3);
    stack.portcullis(["token", "enable", id(&token)]).assert().success();
    whoami().success();
}

#[test]
fn events_tell_what_happened_newest_first() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--permission", "apps:read"]);
    stack.portcullis(["token", "update", id(&token), "--name", "b"]).assert().success();
    let events = document(&stack.portcullis(["token", "events", id(&token), "--json"]).assert().success());
    let kinds: Vec<_> = events["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["updated", "created"]);
    let said = stdout(&stack.portcullis(["token", "events", id(&token)]).assert().success());
    assert!(said.contains(r#"name: "a" -> "b""#), "{said}");
}

#[test]
fn explain_is_exit_code_0_for_yes_and_1_for_no() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--permission", "apps:read", "--allow-ip", "192.0.2.0/24"]);
    let explain = |arguments: &[&str]| {
        let mut command = stack.portcullis(["token", "explain", id(&token)]);
        command.args(arguments).assert()
    };
    explain(&["GET", "/apps/billing", "--ip", "192.0.2.7"]).code(0);
    let said = stdout(&explain(&["POST", "/apps/billing", "--ip", "192.0.2.7"]).code(1));
    assert!(said.contains("permission_missing") && said.contains("apps:write on apps/billing"), "{said}");
    explain(&["GET", "/apps/billing"]).code(1);
    assert!(stderr(&explain(&["GET", "apps"]).code(2)).contains("PATH: must begin with a slash"));
}

#[test]
fn tighten_leaves_a_token_what_it_used_and_shows_what_it_takes() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--grant", "apps:read,apps:write@apps/billing"]);
    let tighten = |arguments: &[&str]| {
        let mut command = stack.portcullis(["token", "tighten", id(&token)]);
        command.args(arguments).assert()
    };
    let unused = stderr(&tighten(&["--yes"]).code(6));
    assert!(unused.contains("It was used for nothing in 90 days"), "{unused}");
    stack.call_demo("/apps/billing", token["token"].as_str().unwrap());
    let usage = || document(&stack.portcullis(["token", "usage", id(&token), "--json"]).assert().success());
    eventually(|| usage()["used"] == 1);
    tighten(&[]).code(2);
    let said = stdout(&tighten(&["--yes"]).success());
    assert!(said.contains("-apps:write on apps/billing") && said.contains(" apps:read on apps/billing"), "{said}");
    let left = json!([{ "permissions": ["apps:read"], "resources": ["apps/billing"] }]);
    assert_eq!(show(&stack, id(&token))["grants"], left);
}

#[test]
fn over_the_limit_of_live_tokens_is_a_conflict_and_too_little_power_a_refusal() {
    let stack = stack_with(|options| options.settings.limits.live_tokens = 1);
    let create = ["token", "create", "--name", "a", "--permission", "apps:read", "--owner", "alice", "-q"];
    let secret = stdout(&stack.portcullis(create).assert().success());
    stack.portcullis(create).assert().code(6);
    let assert = stack.with_token(secret.trim(), ["token", "list"]).assert().code(4);
    assert!(stderr(&assert).starts_with("error: "));
}

#[test]
fn a_secret_that_cannot_be_written_is_an_error_that_says_what_there_is_now() {
    let stack = stack();
    let made = stack.create(["--name", "rotated", "--grant", "apps:read@apps/x"]);
    for arguments in [
        &["token", "create", "--name", "lost", "--grant", "apps:read@apps/x", "--expires-in", "1h", "-q"][..],
        &["token", "create", "--name", "lost", "--grant", "apps:read@apps/x", "--expires-in", "1h", "--json"],
        &["token", "rotate", id(&made), "--yes", "-q"],
    ] {
        // A pipe of which nobody holds the other end.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.env_clear().env("HOME", stack.home.path()).env("PORTCULLIS_URL", stack.url());
        let output =
            command.env("PORTCULLIS_API_TOKEN", stack.admin()).args(arguments).stdout(writer).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(7), "{said}");
        assert!(said.contains("its secret is lost") && said.contains("portcullis token revoke "), "{said}");
        let id = said.split("token revoke ").nth(1).unwrap().get(..16).unwrap();
        assert_eq!(show(&stack, id)["status"], "active");
    }
}
