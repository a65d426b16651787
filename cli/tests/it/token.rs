//! `portcullis token …`, without a terminal.

use serde_json::{Value, json};

use crate::support::{Stack, eventually, json as document, stack, stack_with, stderr, stdout};

pub(crate) fn show(stack: &Stack, id: &str) -> Value {
    document(&stack.portcullis(["token", "show", id, "--json"]).assert().success())
}

pub(crate) fn id(token: &Value) -> &str {
    token["id"].as_str().expect("a token has an id")
}

#[test]
fn invalid_fields_are_named_by_their_flags() {
    let stack = stack();
    let create = ["token", "create", "--name", "", "-p", "a b", "-r", "x", "--expires-in", "0s", "--allow-ip", "x"];
    let printed = stderr(&stack.portcullis(create).assert().code(2));
    for flag in ["--name: must be", "--permission 1: must be", "--expires-in: must be", "--allow-ip 1: must"] {
        assert!(printed.contains(flag), "{flag} is missing in {printed}");
    }
    let assert = stack.portcullis(create).arg("--json").assert().code(2);
    let problem: Value = serde_json::from_str(&stderr(&assert)).expect("the problem document");
    assert_eq!(problem["type"], "urn:portcullis:problem:invalid_request");
    assert_eq!(stdout(&assert), "");
}

#[test]
fn flags_override_fields_of_a_body_file() {
    let stack = stack();
    let file = stack.home.path().join("token.json");
    std::fs::write(
        &file,
        r#"{"name":"a","grants":[{"permissions":["apps:read"],"resources":["*"]}],"expires_in":"1h"}"#,
    )
    .unwrap();
    let path = file.to_str().unwrap();
    let create = ["token", "create", "--json", "--from-file", path, "--name", "b", "--no-expiry"];
    let token = document(&stack.portcullis(create).assert().success());
    assert_eq!((&token["name"], &token["expires_at"]), (&json!("b"), &Value::Null));
}

/// Creates a token from a body file with this text, and flags.
fn from_file(stack: &Stack, text: &str, flags: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = stack.portcullis(["token", "create", "--json", "--from-file", "-"]);
    command.args(flags).write_stdin(text).assert()
}

#[test]
fn every_flag_overrides_the_body_file() {
    let stack = stack();
    let one = r#"{"name":"a","permissions":["apps:read"],"resources":["apps/x"],"expires_in":"1h","allowed_ips":["192.0.2.1"]}"#;
    let several = r#"{"name":"a","grants":[{"permissions":["apps:read"],"resources":["apps/x"]}],"expires_at":null}"#;
    let role = r#"{"name":"a","role":"viewer","resources":["*"],"owner":"bob","description":"d","expires_at":"2100-01-01T00:00:00Z"}"#;
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
    // Other fields of the file are kept.
    let token = made(one, &["--permission", "builds:read"]);
    assert_eq!(token["grants"], json!([{ "permissions": ["builds:read"], "resources": ["apps/x"] }]));
    assert_eq!(made(one, &["--resource", "apps/y"])["grants"][0]["permissions"], json!(["apps:read"]));
    assert_eq!(made(role, &["--resource", "apps/y"])["role"], "viewer");
}

#[test]
fn conflicting_flags_are_reported() {
    let stack = stack();
    let file = r#"{"name":"a","grants":[{"permissions":["apps:read"],"resources":["*"]}]}"#;
    for (flags, named) in [
        (&["--role", "viewer", "--permission", "apps:read"][..], &["--role", "--permission"][..]),
        (&["--role", "viewer", "--grant", "apps:read"], &["--role", "--grant"]),
        (&["--permission", "apps:read", "--grant", "apps:read"], &["--permission", "--grant"]),
        (&["--resource", "x", "--grant", "apps:read"], &["--resource", "--grant"]),
        (&["--expires-in", "1h", "--no-expiry"], &["--expires-in", "--no-expiry"]),
        (&["--resource", "x"], &["--resource", "grants"]),
    ] {
        let printed = stderr(&from_file(&stack, file, flags).code(2));
        // A problem document has the hint on the same line.
        let line = printed.lines().next().unwrap().split(",\"hint\"").next().unwrap();
        for flag in ["--role", "--permission", "--grant", "--resource", "--expires-in", "--no-expiry"] {
            assert!(named.contains(&flag) == line.contains(flag), "{flags:?}: {line}");
        }
        assert!(named.iter().all(|name| line.contains(name)), "{flags:?}: {line}");
    }
}

#[test]
fn errors_in_a_body_file_are_named_by_their_path() {
    let stack = stack();
    let twice = r#"{"name":"a","name":"b","grants":[{"permissions":["a:b"],"permissions":["a:b"]}]}"#;
    let printed = stderr(&from_file(&stack, twice, &[]).code(2));
    assert!(printed.contains("grants[0].permissions: must be given once"), "{printed}");
    assert!(printed.contains("name: must be given once"), "{printed}");
    let wrong = stderr(
        &from_file(&stack, r#"{"name":"","permissions":["a b"],"resources":["*"]}"#, &["--expires-in", "0s"]).code(2),
    );
    assert!(wrong.contains("permissions[0]"), "{wrong}");
    for (text, why) in [("[]", "must be a JSON object"), ("{", "line 1"), ("", "line 1")] {
        let printed = stderr(&from_file(&stack, text, &[]).code(2));
        assert!(printed.contains("\"detail\":\"standard input: ") && printed.contains(why), "{text}: {printed}");
    }
}

#[test]
fn errors_are_named_by_flag_or_by_path_in_the_file() {
    let stack = stack();
    let mut command = stack.portcullis(["token", "create", "--from-file", "-"]);
    command.args(["--expires-in", "0s", "--allow-ip", "x", "--resource", ""]);
    let printed = stderr(
        &command.write_stdin(r#"{"name":"","permissions":["a b"],"resources":["*"],"colour":1}"#).assert().code(2),
    );
    for name in ["--expires-in", "--allow-ip 1", "--resource 1", "name", "permissions[0]", "colour"] {
        assert!(printed.contains(&format!("\n  {name}: ")), "{name}: {printed}");
    }
    let mut command = stack.portcullis(["token", "create", "--from-file", "-", "--name", "a", "--grant", "a b"]);
    let printed = stderr(&command.write_stdin(r#"{"permissions":["a b"],"description":1}"#).assert().code(2));
    for name in ["--grant 1, permission 1", "description"] {
        assert!(printed.contains(&format!("\n  {name}: ")), "{name}: {printed}");
    }
}

#[test]
fn errors_of_an_update_are_named_by_the_given_flag() {
    let stack = stack_with(|options| options.settings.token.max_lifetime_days = 30);
    let create = ["token", "create", "--json", "--name", "a", "--grant", "apps:read@*", "--expires-in", "1d"];
    let token = document(&stack.portcullis(create).assert().success());
    let id = token["id"].as_str().unwrap();
    for (command, flags, named) in [
        ("update", &["-p", "apps:read", "-p", "a b", "-r", "x"][..], &["--permission 2"][..]),
        ("update", &["--permission", "a b", "--resource", ""], &["--permission 1", "--resource 1"]),
        ("update", &["--grant", "apps:read@x", "--grant", "a b@x"], &["--grant 2, permission 1"]),
        ("update", &["--expires-in", "31d"], &["--expires-in"]),
        ("update", &["--expires-at", "2100-01-01T00:00:00Z"], &["--expires-at"]),
        ("update", &["--no-expiry"], &["--no-expiry"]),
        ("rotate", &["--expires-in", "31d"], &["--expires-in"]),
        ("rotate", &["--expires-at", "2100-01-01T00:00:00Z"], &["--expires-at"]),
        ("rotate", &["--no-expiry"], &["--no-expiry"]),
    ] {
        let printed = stderr(&stack.portcullis(["token", command, id, "--yes"]).args(flags).assert().code(2));
        let fields: Vec<&str> =
            printed.lines().filter_map(|line| line.strip_prefix("  ")?.split(": ").next()).collect();
        assert_eq!(fields, named, "{command} {flags:?}: {printed}");
    }
}

#[test]
fn a_grant_without_resources_and_a_forbidden_expiry_name_what_to_use() {
    let stack = stack_with(|options| options.settings.token.max_lifetime_days = 14);
    let create = ["token", "create", "--json", "--name", "a", "--grant", "apps:read@*"];
    let token = document(&stack.portcullis(create).assert().success());
    let no_expiry = "--no-expiry: tokens of this deployment must expire within 14 days; use --expires-in";
    let grant = "has no resources; add them after an @, as in apps:read@apps/billing, or @* for all resources";
    for command in [&["create", "--name", "a"][..], &["update", id(&token)]] {
        let mut given = stack.portcullis(["token"]);
        given.args(command).args(["--grant", "a:b@x", "--grant", "apps:read", "--no-expiry"]);
        let printed = stderr(&given.assert().code(2));
        let errors: Vec<_> = printed.lines().skip(1).collect();
        assert_eq!(errors, [format!("  --grant 2: {grant}"), format!("  {no_expiry}")], "{command:?}");
    }
    let rotate = stack.portcullis(["token", "rotate", id(&token), "--no-expiry"]).assert().code(2);
    assert!(stderr(&rotate).contains(no_expiry), "{}", stderr(&rotate));
}

#[test]
fn white_space_in_a_grant_is_rejected() {
    let stack = stack();
    for (grant, named) in [
        ("a:b@ c", &["resource 1"][..]),
        ("a:b@c , d", &["resource 1", "resource 2"]),
        (" a:b @c", &["permission 1"]),
        ("a:b, c:d@x", &["permission 2"]),
        ("a:b,c:d\t@c,d", &["permission 2"]),
    ] {
        let token = stack.create(["--name", "a", "--grant", "apps:read@*"]);
        for command in [&["create", "--name", "a"][..], &["update", id(&token)]] {
            let printed = stderr(&stack.portcullis(["token"]).args(command).args(["--grant", grant]).assert().code(2));
            let fields: Vec<_> =
                printed.lines().filter_map(|line| line.strip_prefix("  ")?.split(": ").next()).collect();
            let wanted: Vec<_> = named.iter().map(|field| format!("--grant 1, {field}")).collect();
            assert_eq!(fields, wanted, "{grant:?}: {printed}");
        }
    }
}

#[test]
fn all_errors_of_an_update_are_reported_together() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--grant", "apps:read@*"]);
    let update = |flags: &[&str]| stack.portcullis(["token", "update", id(&token)]).args(flags).assert().code(2);
    let flags = ["--name", "\u{3164}", "--grant", "a:b@\u{2800}", "--expires-in", "9z"];
    let printed = stderr(&update(&flags));
    for flag in ["--name: must not be blank", "--grant 1, resource 1: must", "--expires-in: must be a whole"] {
        assert!(printed.contains(&format!("\n  {flag}")), "{flag}: {printed}");
    }
    for time in ["9z", "0s", "2100-01-01T00:00:00Z"] {
        let printed = stderr(&update(&["--name", "b", "--expires-in", time]));
        assert_eq!(printed.matches("\n  ").count(), 1, "{printed}");
        assert!(printed.contains("\n  --expires-in: must be "), "{printed}");
        let problem: Value = serde_json::from_str(&stderr(&update(&["--expires-in", time, "--json"]))).unwrap();
        let why = printed.trim_end().rsplit("--expires-in: ").next().unwrap();
        assert_eq!(problem["errors"], json!([{ "field": "expires_in", "message": why }]));
    }
    assert_eq!(show(&stack, id(&token))["name"], "a");
}

#[test]
fn text_values_may_begin_with_a_hyphen() {
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
fn a_json_file_may_start_with_a_byte_order_mark() {
    let stack = stack();
    from_file(&stack, "\u{feff}{\"name\":\"a\",\"permissions\":[\"apps:read\"],\"resources\":[\"*\"]}", &[]).success();
    let path = stack.home.path().join("claims.json");
    std::fs::write(&path, "\u{feff}{\"iss\":\"x\",\"sub\":\"x\",\"aud\":\"x\",\"exp\":1}").unwrap();
    stack.portcullis(["trust", "test", "--claims", path.to_str().unwrap()]).assert().code(1);
}

#[test]
fn update_changes_only_given_fields_and_checks_the_etag() {
    let stack = stack();
    let token =
        stack.create(["--name", "a", "--description", "d", "--grant", "apps:read@*", "--allow-ip", "192.0.2.1"]);
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
    assert!(stderr(&update(&[]).code(2)).contains("nothing to update"));
}

#[test]
fn rotate_keeps_both_secrets_valid_unless_no_overlap_is_given() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--grant", "apps:read@*"]);
    let (id, before) = (id(&token), token["token"].as_str().unwrap());
    for (flags, overlap) in [(&[][..], "1 day"), (&["--overlap", "1h"], "1 hour"), (&["--expires-in", "30d"], "1 day")]
    {
        let before = stack.create(["--name", "a", "--grant", "apps:read@*"]);
        let rotated = stack.portcullis(["token", "rotate", self::id(&before)]).args(flags).assert().success();
        for secret in [before["token"].as_str().unwrap(), stdout(&rotated).trim()] {
            stack.with_token(secret, ["whoami"]).assert().success();
        }
        assert!(stderr(&rotated).contains(&format!("The previous secret stays valid for {overlap}.\n")), "{flags:?}");
    }
    let last = stack.portcullis(["token", "rotate", id, "--no-overlap", "--yes"]).assert().success();
    assert!(stderr(&last).contains("The previous secret is no longer valid.\n"));
    stack.with_token(before, ["whoami"]).assert().code(3);
    stack.with_token(stdout(&last).trim(), ["whoami"]).assert().success();
}

#[test]
fn an_expired_token_is_renewed_without_overlap() {
    let stack = stack();
    let create = ["token", "create", "--json", "--name", "a", "--grant", "apps:read@*", "--expires-in", "1s"];
    let token = document(&stack.portcullis(create).assert().success());
    eventually(|| show(&stack, id(&token))["status"] == "expired");
    let renewed = stack.portcullis(["token", "rotate", id(&token), "--expires-in", "30d"]).assert().success();
    assert!(stderr(&renewed).contains("The previous secret is no longer valid.\n"));
    stack.with_token(stdout(&renewed).trim(), ["whoami"]).assert().success();
}

#[test]
fn irreversible_commands_need_yes_without_a_terminal() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--grant", "apps:read@*"]);
    let id = id(&token);
    for arguments in [
        vec!["token", "rotate", id, "--no-overlap"],
        vec!["token", "revoke", id],
        vec!["token", "revoke", "--owner", "admin"],
        vec!["token", "delete", id],
    ] {
        let printed = stderr(&stack.portcullis([]).args(&arguments).assert().code(2));
        assert!(printed.contains("--yes"), "{arguments:?}: {printed}");
    }
    assert_eq!(show(&stack, id)["status"], "active");
    stack.with_token(token["token"].as_str().unwrap(), ["whoami"]).assert().success();
}

#[test]
fn revoke_continues_after_an_unknown_token() {
    let stack = stack();
    let [one, two] = ["a", "b"].map(|name| stack.create(["--name", name, "--grant", "apps:read@*"]));
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
fn revoke_by_owner_without_a_terminal_lists_the_tokens_and_asks_for_yes() {
    let stack = stack();
    let create = |owner: &str| stack.create(["--name", "a", "--grant", "apps:read@*", "--owner", owner]);
    let [one, two, other] = ["alice", "alice", "bob"].map(create);
    let printed = stderr(&stack.portcullis(["token", "revoke", "--owner", "alice"]).assert().code(2));
    assert!(printed.contains(id(&one)) && printed.contains(id(&two)) && !printed.contains(id(&other)), "{printed}");
    assert!(printed.contains("--yes"), "{printed}");
    assert_eq!([&one, &two].map(|token| show(&stack, id(token))["status"].clone()), ["active", "active"]);
}

#[test]
fn revoke_by_owner_works_with_any_owner_name() {
    let stack = stack();
    let owner = "https://id.example.com/users?x=1#alice";
    for name in ["a", "b"] {
        stack.create(["--name", name, "--grant", "apps:read@*", "--owner", owner]);
    }
    let answer =
        document(&stack.portcullis(["token", "revoke", "--owner", owner, "--yes", "--json"]).assert().success());
    assert_eq!((&answer["revoked"], &answer["done"], &answer["owner"]), (&json!(2), &json!(true), &json!(owner)));
    let left = ["token", "list", "--owner", owner, "--status", "active", "--quiet"];
    assert_eq!(stdout(&stack.portcullis(left).assert().success()), "");
}

#[test]
fn a_deleted_token_is_not_found() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--grant", "apps:read@*"]);
    stack.portcullis(["api-token", "delete", id(&token), "--yes"]).assert().success();
    let assert = stack.portcullis(["token", "show", id(&token)]).assert().code(5);
    assert!(stderr(&assert).starts_with("error: There is no such token"));
}

#[test]
fn a_disabled_token_is_denied_until_it_is_enabled() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--grant", "apps:read@*"]);
    let whoami = || stack.with_token(token["token"].as_str().unwrap(), ["whoami"]).assert();
    stack.portcullis(["token", "disable", id(&token)]).assert().success();
    whoami().code(3);
    stack.portcullis(["token", "enable", id(&token)]).assert().success();
    whoami().success();
}

#[test]
fn events_are_listed_newest_first() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--grant", "apps:read@*"]);
    stack.portcullis(["token", "update", id(&token), "--name", "b"]).assert().success();
    let events = document(&stack.portcullis(["token", "events", id(&token), "--json"]).assert().success());
    let kinds: Vec<_> = events["events"].as_array().unwrap().iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["updated", "created"]);
    let printed = stdout(&stack.portcullis(["token", "events", id(&token)]).assert().success());
    assert!(printed.contains(r#"name: "a" -> "b""#), "{printed}");
}

#[test]
fn explain_exits_with_0_for_allow_and_1_for_deny() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--grant", "apps:read@*", "--allow-ip", "192.0.2.0/24"]);
    let explain = |arguments: &[&str]| {
        let mut command = stack.portcullis(["token", "explain", id(&token)]);
        command.args(arguments).assert()
    };
    explain(&["GET", "/apps/billing", "--ip", "192.0.2.7"]).code(0);
    let printed = stdout(&explain(&["POST", "/apps/billing", "--ip", "192.0.2.7"]).code(1));
    let lines = [
        "decision           deny",
        "status             403",
        "reason             the token does not have the permission (permission_missing)",
        "requires           apps:write on apps/billing",
        "rule               naming convention, because no route of the catalog matches",
    ];
    assert!(printed.starts_with(&lines.join("\n")), "{printed}");
    let without_address = stdout(&explain(&["GET", "/apps/billing"]).code(1));
    assert!(
        without_address
            .contains("the token is allowed only from some IP addresses; give one with --ip (ip_not_allowed)"),
        "{without_address}"
    );
    let with_query = explain(&["GET", "/apps/billing?x=1", "--ip", "192.0.2.7"]).code(0);
    assert_eq!(stderr(&with_query), "The query string is ignored\n");
    for (path, present) in [("/apps//billing", "doubled slashes"), ("/apps/../x;y", ".. and semicolons")] {
        let printed = stdout(&explain(&["GET", path]).code(1));
        assert!(printed.contains(&format!("the path is ambiguous; remove {present} (malformed_path)")), "{printed}");
    }
    let printed = stderr(&explain(&["GET", "apps"]).code(2));
    assert!(printed.contains("PATH: \"apps\" must begin with a slash, as in /apps/billing"), "{printed}");
}

#[test]
fn every_deny_reason_is_explained_in_words() {
    let stack = stack_with(|options| options.settings.limits.live_tokens = 0);
    let token = stack.create(["--name", "a", "--grant", "apps:read@apps/x"]);
    let reason = |arguments: &[&str]| {
        let mut command = stack.portcullis(["token", "explain", id(&token)]);
        let printed = stdout(&command.args(arguments).assert().code(1));
        printed.lines().find_map(|line| line.strip_prefix("reason")).unwrap().trim().to_owned()
    };
    assert_eq!(
        reason(&["GET", "/apps/y"]),
        "the token has the permission, but not on this resource (resource_not_granted)"
    );
    stack.portcullis(["token", "disable", id(&token)]).assert().success();
    assert_eq!(reason(&["GET", "/apps/x"]), "the token is disabled (disabled)");
    let shown = stdout(&stack.portcullis(["token", "show", id(&token)]).assert().success());
    let disabled = shown.lines().find(|line| line.starts_with("disabled ")).unwrap();
    assert!(disabled.ends_with(" (its owner)"), "{shown}");
    let mut introspect = stack.portcullis(["introspect", "--method", "POST", "--path", "/apps/x"]);
    introspect.env("PORTCULLIS_INTROSPECT_TOKEN", stack.admin()).assert().success();
    stack.portcullis(["token", "revoke", id(&token), "--yes", "--reason", "owner_left"]).assert().success();
    assert_eq!(reason(&["GET", "/apps/x"]), "the token was revoked (revoked)");
    let shown = stdout(&stack.portcullis(["token", "show", id(&token)]).assert().success());
    assert!(shown.lines().any(|line| line.starts_with("reason") && line.ends_with("owner left")), "{shown}");
    let events = stdout(&stack.portcullis(["token", "events", id(&token)]).assert().success());
    assert!(events.contains("reason: owner left") && events.contains("by its owner"), "{events}");
}

#[test]
fn tighten_shows_and_removes_unused_permissions() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--grant", "apps:read,apps:write@apps/billing"]);
    let tighten = |arguments: &[&str]| {
        let mut command = stack.portcullis(["token", "tighten", id(&token)]);
        command.args(arguments).assert()
    };
    let unused = stderr(&tighten(&["--yes"]).code(6));
    assert!(unused.contains("not used in the last 90 days"), "{unused}");
    stack.call_demo("/apps/billing", token["token"].as_str().unwrap());
    let usage = || document(&stack.portcullis(["token", "usage", id(&token), "--json"]).assert().success());
    eventually(|| usage()["used"] == 1);
    tighten(&[]).code(2);
    let printed = stdout(&tighten(&["--yes"]).success());
    assert!(
        printed.contains("-apps:write on apps/billing") && printed.contains(" apps:read on apps/billing"),
        "{printed}"
    );
    let left = json!([{ "permissions": ["apps:read"], "resources": ["apps/billing"] }]);
    assert_eq!(show(&stack, id(&token))["grants"], left);
}

#[test]
fn usage_shows_recent_denials() {
    let stack = stack();
    let token = stack.create(["--name", "a", "--grant", "apps:read@apps/billing"]);
    stack.call_demo_denied("/apps/payroll", token["token"].as_str().unwrap());
    let usage = || stdout(&stack.portcullis(["token", "usage", id(&token)]).assert().success());
    eventually(|| usage().contains("apps/payroll"));
    let printed = usage();
    let (_, denials) = printed.split_once("DENIED").unwrap();
    let cells: Vec<_> = denials.split_whitespace().collect();
    assert_eq!((&cells[..2], &cells[3..]), (&["PERMISSION", "RESOURCE"][..], &["apps:read", "apps/payroll"][..]));
}

#[test]
fn exit_codes_distinguish_limit_and_missing_permission() {
    let stack = stack_with(|options| options.settings.limits.live_tokens = 1);
    let create = ["token", "create", "--name", "a", "--grant", "apps:read@*", "--owner", "alice", "-q"];
    let secret = stdout(&stack.portcullis(create).assert().success());
    stack.portcullis(create).assert().code(6);
    let assert = stack.with_token(secret.trim(), ["token", "list"]).assert().code(4);
    assert!(stderr(&assert).starts_with("error: "));
}

#[test]
fn a_secret_that_cannot_be_written_is_reported_as_lost() {
    let stack = stack();
    let made = stack.create(["--name", "rotated", "--grant", "apps:read@apps/x"]);
    for arguments in [
        &["token", "create", "--name", "lost", "--grant", "apps:read@apps/x", "--expires-in", "1h", "-q"][..],
        &["token", "create", "--name", "lost", "--grant", "apps:read@apps/x", "--expires-in", "1h", "--json"],
        &["token", "rotate", id(&made), "--yes", "-q"],
    ] {
        // A pipe without a reader.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.env_clear().env("HOME", stack.home.path()).env("PORTCULLIS_URL", stack.url());
        let output =
            command.env("PORTCULLIS_API_TOKEN", stack.admin()).args(arguments).stdout(writer).output().unwrap();
        let printed = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(7), "{printed}");
        assert!(printed.contains("its secret is lost") && printed.contains("portcullis token revoke "), "{printed}");
        let id = printed.split("token revoke ").nth(1).unwrap().get(..16).unwrap();
        assert_eq!(show(&stack, id)["status"], "active");
    }
}

#[test]
fn negative_lifetimes_are_invalid_values() {
    let stack = stack();
    let create = ["token", "create", "--name", "a", "--grant", "apps:read@*", "--expires-in", "-3d"];
    let printed = stderr(&stack.portcullis(create).assert().code(2));
    assert!(printed.contains("--expires-in: must be a whole number and s, m, h or d"), "{printed}");
}

#[test]
fn revoking_nothing_says_so() {
    let stack = stack();
    let by_owner = stack.portcullis(["token", "revoke", "--owner", "nobody", "--yes"]).assert().success();
    assert_eq!((stdout(&by_owner), stderr(&by_owner)), (String::new(), "nobody has no active tokens.\n".to_owned()));
    let token = stack.create(["--name", "a", "--grant", "apps:read@*"]);
    let revoke = || stack.portcullis(["token", "revoke", id(&token), "--yes"]).assert().success();
    assert!(stdout(&revoke()).contains("effective by"));
    let revoked_at = show(&stack, id(&token))["revoked_at"].as_str().unwrap().to_owned();
    let again = stack.portcullis(["token", "revoke", id(&token)]).assert().success();
    assert!(stderr(&again).contains(&format!("\"a\" was already revoked at {revoked_at}")), "{}", stderr(&again));
    assert!(stderr(&revoke()).contains("was already revoked at"));
}
