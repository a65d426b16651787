//! Behavior on a terminal: confirmation prompts, relative times, colors, table widths.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use expectrl::process::unix::{Signal, WaitStatus};
use expectrl::session::OsSession;
use expectrl::{Eof, Expect as _};

use crate::approval::{DEPLOY, as_bob, deployer};
use crate::support::{Stack, stack, stack_with};
use crate::untrusted_server::server;

/// Exit code of a shell for a process ended by Ctrl-C.
const INTERRUPTED: i32 = 130;

/// Runs the command on a terminal with 60 columns.
fn on_a_terminal(stack: &Stack, arguments: &str, variables: &[(&str, &str)]) -> OsSession {
    on_a_terminal_of(60, stack, arguments, variables)
}

/// Runs the command on a terminal with this number of columns.
fn on_a_terminal_of(columns: u16, stack: &Stack, arguments: &str, variables: &[(&str, &str)]) -> OsSession {
    let mut command = Command::new("/bin/sh");
    let portcullis = env!("CARGO_BIN_EXE_portcullis");
    // `spawn` may set its own size late, so set the size after the first input.
    command.args(["-c", &format!("read -r line; stty cols {columns} rows 50; exec '{portcullis}' {arguments}")]);
    command.env_clear().env("HOME", stack.home.path()).env("PATH", "/usr/bin:/bin").env("TERM", "xterm");
    command.env("PORTCULLIS_URL", stack.url()).env("PORTCULLIS_API_TOKEN", stack.admin());
    command.envs(variables.iter().copied());
    let mut session = OsSession::spawn(command).expect("there is a terminal");
    session.set_expect_timeout(Some(Duration::from_secs(120)));
    session.send("\n").expect("the shell reads");
    session
}

/// Returns the remaining output and the exit code.
fn rest(mut session: OsSession) -> (String, i32) {
    let found = session.expect(Eof).expect("it ends");
    let text = String::from_utf8_lossy(found.as_bytes()).into_owned();
    match session.get_process().wait().expect("it has ended") {
        WaitStatus::Exited(_, code) => (text, code),
        WaitStatus::Signaled(_, Signal::SIGINT, _) => (text, INTERRUPTED),
        other => panic!("{other:?}"),
    }
}

fn token(stack: &Stack) -> String {
    stack.create(["--name", "GitHub Actions", "--grant", "apps:read@*"])["id"].as_str().unwrap().to_owned()
}

fn status(stack: &Stack, id: &str) -> String {
    let shown = stack.portcullis(["token", "show", id, "--json"]).assert().success();
    crate::support::json(&shown)["status"].as_str().unwrap().to_owned()
}

#[test]
fn revoke_describes_the_token_and_asks_for_confirmation() {
    let stack = stack();
    let id = token(&stack);
    let mut session = on_a_terminal(&stack, &format!("token revoke {id}"), &[]);
    let asked = session.expect("Revoke? [y/N]").expect("a question");
    let asked = String::from_utf8_lossy(asked.before()).into_owned();
    for part in [id.as_str(), "GitHub Actions", "owner admin", "never used"] {
        assert!(asked.contains(part), "{part} is missing in {asked}");
    }
    session.send("y").unwrap();
    assert_eq!(rest(session).1, 0);
    assert_eq!(status(&stack, &id), "revoked");
}

#[test]
fn revoke_by_owner_lists_and_counts_the_tokens_first() {
    let stack = stack();
    let create = |owner: &str| {
        let made = stack.create(["--name", "GitHub Actions", "--grant", "apps:read@apps/billing", "--owner", owner]);
        made["id"].as_str().unwrap().to_owned()
    };
    let [one, two, revoked, other] = ["alice", "alice", "alice", "bob"].map(create);
    stack.portcullis(["token", "revoke", &revoked, "--yes"]).assert().success();
    let mut session = on_a_terminal(&stack, "token revoke --owner alice", &[]);
    let asked = session.expect("Revoke all 2 tokens of alice? [y/N]").expect("a question");
    let asked = String::from_utf8_lossy(asked.before()).into_owned();
    assert!(asked.contains(&one) && asked.contains(&two), "{asked}");
    assert!(!asked.contains(&revoked) && !asked.contains(&other), "{asked}");
    session.send("y").unwrap();
    assert_eq!(rest(session).1, 0);
    assert_eq!([&one, &two, &other].map(|id| status(&stack, id)), ["revoked", "revoked", "active"]);
    let (printed, code) = rest(on_a_terminal(&stack, "token revoke --owner alice", &[]));
    assert!(code == 0 && printed.contains("alice has no active tokens."), "{printed}");
}

#[test]
fn any_key_but_y_cancels() {
    let stack = stack();
    let id = token(&stack);
    // Ctrl-C is the character U+0003.
    for answer in ["n", "\r", "\u{3}", "\u{1b}"] {
        for command in ["revoke", "delete", "rotate --no-overlap"] {
            let mut session = on_a_terminal(&stack, &format!("token {command} {id}"), &[]);
            session.expect("[y/N]").expect("a question");
            session.send(answer).unwrap();
            let (printed, code) = rest(session);
            // Ctrl-C is a signal until the prompt reads keys.
            if !(answer == "\u{3}" && code == INTERRUPTED) {
                assert_eq!(code, 8, "{answer:?}: {printed}");
                assert!(printed.contains("nothing was changed"), "{printed}");
            }
        }
    }
    assert_eq!(status(&stack, &id), "active");
}

#[test]
fn yes_skips_the_confirmation() {
    let stack = stack();
    let id = token(&stack);
    let (printed, code) = rest(on_a_terminal(&stack, &format!("token revoke --yes {id}"), &[]));
    assert_eq!(code, 0);
    assert!(!printed.contains("[y/N]"), "{printed}");
}

#[test]
fn tables_fit_the_terminal_with_relative_times_and_colours() {
    let stack = stack();
    stack.create([
        "--name",
        "a name that is so long that it has to be broken into several lines",
        "--role",
        "viewer",
        "--resource",
        "*",
    ]);
    let (listed, _) = rest(on_a_terminal_of(100, &stack, "token list", &[]));
    assert!(listed.contains("never") && listed.contains("\u{1b}[3"), "{listed}");
    let (plain, _) = rest(on_a_terminal(&stack, "token list", &[("NO_COLOR", "1")]));
    for line in plain.lines() {
        let shown = line.trim_end_matches('\r');
        assert!(shown.chars().count() <= 60, "{}: {shown}", shown.chars().count());
    }
    let (shown, _) = rest(on_a_terminal(&stack, &format!("token show {}", token(&stack)), &[("NO_COLOR", "1")]));
    assert!(shown.contains("ago") || shown.contains("now"), "{shown}");
}

#[test]
fn a_narrow_table_leaves_out_columns_and_breaks_no_word() {
    let stack = stack();
    let made = stack.create(["--name", "nightly-report-of-billing", "--grant", "apps:read,builds:write@apps/billing"]);
    let (id, name) = (made["id"].as_str().unwrap(), "nightly-report-of-billing");
    for (columns, shown, hidden) in [
        (140, &[id, "STATUS", "GRANTS", "apps:read,", "builds:write", "apps/billing", "EXPIRES", "OWNER"][..], ""),
        (80, &[id, "STATUS", "GRANTS", "apps:read,", "builds:write", "apps/billing", "EXPIRES"], "LAST USED, OWNER"),
        (60, &["STATUS", "GRANTS", "apps:read,", "builds:write", "apps/billing", "EXPIRES"], "ID, LAST USED, OWNER"),
        (46, &["STATUS", "EXPIRES"], "ID, GRANTS, LAST USED, OWNER"),
    ] {
        let (listed, _) = rest(on_a_terminal_of(columns, &stack, "token list", &[("NO_COLOR", "1")]));
        let (table, note) = listed.split_once("Hidden columns (terminal too narrow): ").unwrap_or((&listed, ""));
        for word in [name].iter().chain(shown) {
            assert!(table.split_whitespace().any(|shown| shown == *word), "{word} in {columns}: {listed}");
        }
        assert!(table.lines().all(|line| line.trim_end().chars().count() <= columns.into()), "{listed}");
        assert_eq!(note.trim_end(), hidden, "{columns}: {listed}");
    }
}

#[test]
fn narrow_tables_of_events_and_requests_keep_the_details() {
    let stack = stack();
    let id = token(&stack);
    stack.portcullis(["token", "update", &id, "--grant", "builds:write@apps/billing"]).assert().success();
    let (listed, _) = rest(on_a_terminal_of(50, &stack, &format!("token events {id}"), &[("NO_COLOR", "1")]));
    assert!(listed.contains("DETAIL") && listed.contains("builds:write"), "{listed}");
    assert!(listed.contains("Hidden columns (terminal too narrow): BY, "), "{listed}");
}

/// Answers the questions of `token create`, and returns the rest of the output and the exit code.
fn answer(stack: &Stack, flags: &str, answers: &[(&str, &str)]) -> (String, i32) {
    let mut session = on_a_terminal(stack, &format!("token create {flags}"), &[]);
    for (question, answer) in answers {
        session.expect(question).unwrap_or_else(|_| panic!("{question} is asked"));
        session.send_line(answer).unwrap();
    }
    rest(session)
}

#[test]
fn create_asks_for_what_is_missing() {
    let stack = stack();
    let all = [
        ("Name:", ""),
        ("must be 1 to 100 characters", "GitHub Actions"),
        ("or a role:", "apps:read,a b"),
        ("separate permissions with commas", "apps:read,a"),
        ("must be resource:action", ""),
        ("enter at least one permission, or a role", "apps:read, builds:read"),
        ("Resources", ""),
        ("enter at least one resource, or * for all", "apps/billing apps/shop"),
        ("separate resources with commas", "apps/billing"),
        ("Expires in", "90x"),
        ("must be", "90d"),
    ];
    let (printed, code) = answer(&stack, "", &all);
    assert!(code == 0 && printed.contains("apps:read, builds:read on apps/billing"), "{printed}");
    assert!(printed.contains("expires  in 90 days"), "{printed}");
    let (printed, code) = answer(&stack, "--name x --role viewer", &[("Resources", "*"), ("Expires in", "never")]);
    assert!(code == 0 && printed.contains("expires  never") && !printed.contains("Name"), "{printed}");
    let (printed, code) = answer(&stack, "-n x -r x --expires-in 1d", &[("or a role:", "viewer")]);
    assert!(code == 0 && printed.contains("*:read on x") && !printed.contains("Expires in"), "{printed}");
}

#[test]
fn create_refuses_an_unknown_role_or_permission_right_after_the_question() {
    let stack = stack();
    let path = stack.home.path().join("catalog.toml");
    let catalog = "strict = true\n[permissions]\n\"apps:read\" = \"View apps\"\n\
                   [roles.viewer]\ndescription = \"View\"\npermissions = [\"apps:read\"]\n";
    std::fs::write(&path, catalog).unwrap();
    stack.portcullis(["catalog", "push", "--yes"]).arg(&path).assert().success();
    let answers = [
        ("or a role:", "manager"),
        ("unknown role \"manager\"; the roles are viewer", "apps:read,apps:delete"),
        ("unknown permission \"apps:delete\"", "viewer"),
        ("Resources", "apps/billing"),
    ];
    let (printed, code) = answer(&stack, "--name x --expires-in 1d", &answers);
    assert!(code == 0 && printed.contains("apps:read on apps/billing"), "{printed}");
}

#[test]
fn create_asks_for_the_expiry_with_the_lifetimes_of_the_deployment() {
    let stack = stack_with(|options| {
        options.settings.token.default_lifetime_days = 30;
        options.settings.token.max_lifetime_days = 60;
    });
    let answers = [
        ("Resources", "apps/billing"),
        ("Expires in (such as 90d, at most 60d) [default: 30d]:", "never"),
        ("must expire within 60 days", "61d"),
        ("must be at most 60d", ""),
    ];
    let (printed, code) = answer(&stack, "--name x --role viewer", &answers);
    assert!(code == 0 && printed.contains("expires  in 30 days"), "{printed}");
}

#[test]
fn create_checks_the_flags_and_the_limit_before_it_asks() {
    let stack = stack_with(|options| options.settings.limits.live_tokens = 1);
    let (printed, code) = rest(on_a_terminal_of(200, &stack, "token create --expires-in nonsense", &[]));
    assert!(code == 2 && printed.contains("--expires-in: must be a whole number"), "{printed}");
    assert!(!printed.contains("Name:"), "{printed}");
    token(&stack);
    let (printed, code) = rest(on_a_terminal_of(200, &stack, "token create", &[]));
    assert!(code == 6 && printed.contains("You've reached the limit of 1 token"), "{printed}");
    assert!(!printed.contains("Name:"), "{printed}");
    let create = ["token", "create", "--name", "b", "--grant", "apps:read@*"];
    let refused = stack.portcullis(create).assert().code(6);
    assert!(crate::support::stderr(&refused).contains("You've reached the limit of 1 token"));
    let for_alice = ["--owner", "alice"];
    stack.portcullis(create).args(for_alice).assert().success();
    let refused = stack.portcullis(create).args(for_alice).assert().code(6);
    assert!(crate::support::stderr(&refused).contains("The owner has reached the limit of 1 token"));
}

#[test]
fn create_asks_nothing_if_only_administrators_manage_tokens() {
    let stack = stack();
    let deployment = r#"{"token_management":"admins","default_token_lifetime_days":30,"retention_days":30}"#;
    let grants = r#"[{"permissions":["tokens:write"],"resources":["*"]}]"#;
    let me = format!(
        r#"{{"principal_type":"session","owner":"a","grants":{grants},"expires_at":null,"deployment":{deployment}}}"#
    );
    let (url, server) = server("200 OK", "", &me);
    let (printed, code) = rest(on_a_terminal_of(200, &stack, "token create", &[("PORTCULLIS_URL", &url)]));
    server.join().unwrap();
    assert!(code == 4 && printed.contains("Only administrators can manage tokens"), "{printed}");
    assert!(!printed.contains("Name:"), "{printed}");
}

#[test]
fn create_asks_nothing_if_all_is_given_or_with_yes_or_json() {
    let stack = stack();
    let complete = "--name x --grant apps:read@apps/billing";
    for (flags, expected) in [(complete.to_owned(), 0), ("--yes".to_owned(), 2), ("--json".to_owned(), 2)] {
        let (printed, code) = rest(on_a_terminal(&stack, &format!("token create {flags}"), &[]));
        assert_eq!(code, expected, "{printed}");
        assert_eq!(printed.contains("missing flags"), expected == 2, "{printed}");
    }
}

#[test]
fn ending_the_input_of_create_changes_nothing() {
    let stack = stack();
    let mut session = on_a_terminal(&stack, "token create", &[]);
    session.expect("Name:").expect("a question");
    // Ctrl-D.
    session.send("\u{4}").unwrap();
    let (printed, code) = rest(session);
    assert!(code == 8 && printed.contains("nothing was changed"), "{printed}");
}

#[test]
fn json_is_pretty_printed_on_a_terminal() {
    let stack = stack();
    let (shown, _) = rest(on_a_terminal(&stack, "whoami --json", &[]));
    assert!(shown.starts_with("{\r\n  \"principal_type\": \"token\",\r\n"), "{shown}");
}

#[test]
fn responses_cannot_control_the_terminal() {
    let stack = stack();
    let evil = "\\u001b[2J\u{9b}2J\u{202e}\u{7f}";
    let deployment = r#"{"token_management":"owners","default_token_lifetime_days":30,"retention_days":30}"#;
    let me = format!(
        r#"{{"principal_type":"robot","owner":"{evil}","grants":[],"{evil}":1,"expires_at":null,"deployment":{deployment}}}"#
    );
    let problem = format!(r#"{{"type":"urn:x","title":"t","status":403,"detail":"{evil}"}}"#);
    let of_form = format!(r#"{{"error":"{evil}","error_description":"{evil}"}}"#);
    let made = format!(
        r#"{{"token":"pcl_{evil}","id":"{evil}","name":"{evil}","owner":"o","grants":[],"allowed_ips":[],
        "status":"active","created_by":"x","created_at":"2026-01-01T00:00:00Z"}}"#
    );
    let raw = "\u{1b}[2J\u{9b}2J\u{202e} no JSON at all";
    for (status, body, arguments) in [
        ("200 OK", me.as_str(), "whoami --json"),
        ("200 OK", &me, "whoami"),
        ("200 OK", &me, "whoami --quiet"),
        ("200 OK", raw, "whoami --json"),
        ("403 Forbidden", &problem, "whoami --json"),
        ("403 Forbidden", &problem, "whoami"),
        ("400 Bad Request", &of_form, "whoami --json"),
        ("200 OK", &made, "token create -n x -p a:b -r x --no-expiry --json"),
        ("200 OK", &made, "token create -n x -p a:b -r x --no-expiry --quiet"),
        ("200 OK", &made, "token create -n x -p a:b -r x --no-expiry"),
    ] {
        let (url, server) = server(status, "", body);
        let (shown, _) = rest(on_a_terminal(&stack, arguments, &[("PORTCULLIS_URL", &url), ("NO_COLOR", "1")]));
        server.join().unwrap();
        assert!(shown.contains('\u{fffd}') || shown.contains("2J"), "{arguments}: {shown:?}");
        assert!(!shown.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{7f}']), "{arguments}: {shown:?}");
    }
}

#[test]
fn a_dumb_terminal_gets_no_colours_by_default() {
    let stack = stack();
    stack.create(["--name", "a", "--role", "viewer", "--resource", "*"]);
    for arguments in ["token list", "token show 0000000000000000"] {
        let (shown, _) = rest(on_a_terminal(&stack, arguments, &[]));
        assert!(shown.contains('\u{1b}'), "{shown:?}");
        for dumb in ["dumb", "", "dumb ", " "] {
            let (shown, _) = rest(on_a_terminal(&stack, arguments, &[("TERM", dumb)]));
            assert!(!shown.contains('\u{1b}'), "TERM={dumb}: {shown:?}");
        }
        let asked = format!("{arguments} --color always");
        let (shown, _) = rest(on_a_terminal(&stack, &asked, &[("TERM", "dumb")]));
        assert!(shown.contains('\u{1b}'), "{shown:?}");
    }
}

#[test]
fn bash_completes_names_with_spaces_and_permissions_with_colons() {
    let stack = stack();
    stack.create(["--name", "GitHub Actions", "--grant", "apps:read@apps/billing"]);
    let mut command = Command::new("/bin/bash");
    command.args(["--noprofile", "--norc", "-i"]).env_clear().env("HOME", stack.home.path()).env("TERM", "dumb");
    let directory = Path::new(env!("CARGO_BIN_EXE_portcullis")).parent().unwrap();
    command.env("PATH", format!("{}:/usr/bin:/bin", directory.display())).env("PS1", "");
    command.env("PORTCULLIS_URL", stack.url()).env("PORTCULLIS_API_TOKEN", stack.admin());
    let mut bash = OsSession::spawn(command).expect("there is a terminal");
    bash.set_expect_timeout(Some(Duration::from_secs(120)));
    bash.send_line("source <(portcullis completions bash); echo read'y'").unwrap();
    bash.expect("ready").expect("the script is read");
    for (typed, completed) in [
        ("GitHub", "<GitHub Actions>"),
        ("GitHub\\ A", "<GitHub Actions>"),
        ("\"GitHub A", "<GitHub Actions>"),
        ("x --grant apps:rea", "<x><--grant><apps:read>"),
        ("x -p builds:w", "<x><-p><builds:write>"),
    ] {
        // Completes the arguments of the command, then prints them: Ctrl-A goes to the beginning of the line.
        bash.send(format!("portcullis token update {typed}\t\u{1}printf '<%s>' \n")).unwrap();
        let printed = bash.expect(format!("<portcullis><token><update>{completed}"));
        assert!(printed.is_ok(), "{typed}: {printed:?}");
    }
}

/// Flags of a request for approval, for a shell.
const REQUEST: &str =
    "approval request --permission releases:write --resource releases/42 --reason 'Deploy 1.4.2' --wait 10m";

#[test]
fn ctrl_c_leaves_a_request_for_approval_pending() {
    let stack = stack();
    let (_, secret) = deployer(&stack);
    let mut session = on_a_terminal_of(120, &stack, REQUEST, &[("PORTCULLIS_API_TOKEN", &secret)]);
    session.expect(format!("{}/console/#/approvals", stack.url())).expect("where to decide");
    session.expect("Waiting for the decision, 10 minutes left").expect("the remaining time");
    session.send("\u{3}").unwrap();
    let (printed, code) = rest(session);
    assert_eq!(code, 8, "{printed}");
    assert!(
        printed.contains("the request is still pending") && printed.contains("portcullis approval end "),
        "{printed}"
    );
    let pending = stack.with_token(&secret, ["approval", "list", "--status", "pending", "--quiet"]).assert().success();
    assert_eq!(crate::support::stdout(&pending).lines().count(), 1);
}

#[test]
fn approve_shows_the_request_and_asks_for_confirmation() {
    let stack = stack();
    let (_, secret) = deployer(&stack);
    let flags = ["approval", "request", "--json", "--link", "https://ci.example.com/7"];
    let requested = stack.with_token(&secret, flags).args(DEPLOY).assert().success();
    let id = crate::support::json(&requested)["id"].as_str().unwrap().to_owned();
    let status = || {
        let shown = stack.with_token(&secret, ["approval", "show", &id, "--json"]).assert().success();
        crate::support::json(&shown)["status"].as_str().unwrap().to_owned()
    };
    // Signs in.
    as_bob(&stack, ["whoami"]).assert().success();
    let approve = |flags: &str, answer: &str| {
        let command = format!("approval approve {id} {flags}");
        let mut command = on_a_terminal_of(120, &stack, &command, &[("PORTCULLIS_API_TOKEN", "")]);
        let asked = command.expect("Approve? [y/N]").expect("a question");
        let asked = String::from_utf8_lossy(asked.before()).into_owned();
        command.send(answer).unwrap();
        (asked, rest(command).1)
    };
    let (asked, code) = approve("--valid-for 5m", "n");
    assert!(asked.contains("This allows any number of requests for 5 minutes:"), "{asked}");
    assert_eq!((code, status().as_str()), (8, "pending"));
    let (asked, code) = approve("", "y");
    for part in ["any number of requests for 15 minutes", "ci", "alice", "Deploy 1.4.2", "https://ci.example.com/7"] {
        assert!(asked.contains(part), "{part} is missing in {asked}");
    }
    assert_eq!((code, status().as_str()), (0, "approved"));
}
