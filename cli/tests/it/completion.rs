//! Completion of the command line.

use std::net::TcpListener;
use std::time::Duration;

use assert_cmd::Command;

use crate::approval::{as_bob, deployer};
use crate::support::{Stack, bare, stack, stderr, stdout};

const CREATE: [&str; 4] = ["token", "create", "--name", "x"];

/// The command, as fish runs it to complete the last of these words.
fn completing(mut command: Command, words: &[&str]) -> Command {
    command.env("PORTCULLIS_COMPLETE", "fish").args(["--", "portcullis"]).args(words);
    command
}

/// The completions of the last word.
fn completions(stack: &Stack, words: &[&str]) -> Vec<String> {
    let assert = completing(stack.portcullis([]), words).assert().success();
    assert_eq!(stderr(&assert), "");
    stdout(&assert).lines().map(str::to_owned).collect()
}

#[test]
fn tokens_are_completed_by_name_or_id() {
    let stack = stack();
    let create = |name: &str| {
        let made = stack.create(["--name", name, "--grant", "apps:read@apps/billing"]);
        made["id"].as_str().unwrap().to_owned()
    };
    let [actions, twin, other_twin, revoked] = ["GitHub Actions", "twin", "twin", "old"].map(create);
    stack.portcullis(["token", "revoke", &revoked, "--yes"]).assert().success();
    let all = completions(&stack, &["token", "show", ""]);
    for line in [
        format!("GitHub Actions\t{actions}, active, owner admin"),
        format!("{twin}\ttwin, active, owner admin"),
        format!("{other_twin}\ttwin, active, owner admin"),
        format!("{revoked}\told, revoked, owner admin"),
    ] {
        assert!(all.contains(&line), "{line}: {all:?}");
    }
    for command in ["update", "rotate", "disable", "revoke", "delete", "events", "usage", "tighten", "explain"] {
        let found = completions(&stack, &["token", command, "GitHub A"]);
        assert_eq!(found, [format!("GitHub Actions\t{actions}, active, owner admin")], "{command}");
    }
    assert_eq!(completions(&stack, &["token", "enable", "GitHub A"]), [""; 0]);
    let revocable = completions(&stack, &["token", "revoke", ""]);
    assert!(!revocable.is_empty() && !revocable.iter().any(|line| line.contains(&revoked)), "{revocable:?}");
    stack.portcullis(["token", "disable", &twin]).assert().success();
    let enableable = completions(&stack, &["token", "enable", ""]);
    assert_eq!(enableable[0], format!("{twin}\ttwin, disabled, owner admin"));
    assert!(!enableable.iter().any(|line| line.contains(", active, ")), "{enableable:?}");
    assert!(!completions(&stack, &["token", "disable", ""]).iter().any(|line| line.contains(&twin)));
    let (start, _) = actions.split_at(8);
    assert_eq!(
        completions(&stack, &["token", "show", start]),
        [format!("{actions}\tGitHub Actions, active, owner admin")]
    );
    assert!(completions(&stack, &["token", "revoke", &twin, "GitHub A"])[0].starts_with("GitHub Actions"));
}

#[test]
fn roles_and_permissions_are_completed_from_the_catalog() {
    let stack = stack();
    let of_create = |words: &[&str]| completions(&stack, &[&CREATE[..], words].concat());
    assert_eq!(of_create(&["--role", "dep"]), ["deployer\tFull deploy capabilities"]);
    assert_eq!(of_create(&["--permission", "apps:r"]), ["apps:read\tView apps", "apps:restart\tRestart an app"]);
    assert_eq!(of_create(&["-p", "apps:rea"]), ["apps:read\tView apps"]);
    assert_eq!(
        of_create(&["--grant", "apps:read,builds:w"]),
        ["apps:read,builds:write\tStart, edit and delete builds"]
    );
    assert!(of_create(&["--grant", "apps:read@a"]).is_empty());
}

#[test]
fn approvals_are_completed_by_what_can_be_done_with_them() {
    let stack = stack();
    let (_, secret) = deployer(&stack);
    let request = |resource: &str| {
        let mut command = stack.with_token(&secret, ["approval", "request", "--reason", "r", "--quiet"]);
        let made = command.args(["--permission", "releases:write", "--resource", resource]).assert().success();
        stdout(&made).trim().to_owned()
    };
    let [pending, approved, rejected] = ["releases/1", "releases/2", "releases/3"].map(request);
    as_bob(&stack, ["approval", "approve", &approved, "--yes"]).assert().success();
    as_bob(&stack, ["approval", "reject", &rejected]).assert().success();
    let completed = |command: &str| {
        let found = completions(&stack, &["approval", command, "0"]);
        let known = [("pending", &pending), ("approved", &approved), ("rejected", &rejected)];
        let names = known.into_iter().filter(|(_, id)| found.iter().any(|line| line.starts_with(*id)));
        (names.map(|(name, _)| name).collect::<Vec<_>>(), found.len())
    };
    assert_eq!(completed("show"), (vec!["pending", "approved", "rejected"], 3));
    assert_eq!(completed("approve"), (vec!["pending"], 1));
    assert_eq!(completed("reject"), (vec!["pending"], 1));
    assert_eq!(completed("end"), (vec!["pending", "approved"], 2));
    let line = format!("{pending}\treleases:write on releases/1, pending, token ci of alice");
    assert_eq!(completions(&stack, &["approval", "approve", "01"]), [line]);
    let permissions = completions(&stack, &["approval", "request", "--permission", "releases:w"]);
    assert_eq!(permissions, ["releases:write\tCreate and deploy releases"]);
}

#[test]
fn without_access_to_the_catalog_the_own_permissions_are_completed() {
    let stack = stack();
    let made = stack.create(["--name", "x", "--grant", "apps:read,tokens:write@*"]);
    let command = stack.with_token(made["token"].as_str().unwrap(), []);
    let assert = completing(command, &[&CREATE[..], &["--permission", ""]].concat()).assert().success();
    assert_eq!(stdout(&assert), "apps:read\ntokens:write\n");
}

#[test]
fn completion_uses_the_flags_of_the_line() {
    let stack = stack();
    let file = stack.home.path().join("token");
    std::fs::write(&file, stack.admin()).unwrap();
    let words = ["--url", &stack.url(), &format!("--api-token-file={}", file.display()), "token", "show", "first"];
    let assert = completing(stack.bare(), &words).assert().success();
    assert!(stdout(&assert).starts_with("first admin\t"), "{}", stdout(&assert));
    // The file is readable by others, of which other commands warn.
    assert_eq!(stderr(&assert), "");
}

#[test]
fn failing_completion_prints_nothing_and_ends() {
    let home = tempfile::tempdir().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let with_url = |token: &str| {
        let mut command = bare(home.path());
        command.env("PORTCULLIS_URL", &url).env("PORTCULLIS_API_TOKEN", token);
        command
    };
    for (command, words) in [
        (bare(home.path()), &["token", "show", "x"][..]),
        (with_url(""), &["token", "show", "x"]),
        (with_url("pcl_x"), &["token", "show", "x"]),
        (with_url("pcl_x"), &["token", "show", "--api-token-file", "-", "x"]),
        (with_url("pcl_x"), &["--profile", "unknown", "token", "show", "x"]),
        (with_url("pcl_x"), &["token", "create", "--role", "x"]),
    ] {
        let assert = completing(command, words).timeout(Duration::from_secs(120)).assert().success();
        assert_eq!((stdout(&assert), stderr(&assert)), (String::new(), String::new()), "{words:?}");
    }
}

#[test]
fn the_script_of_each_shell_calls_the_command() {
    let home = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = stdout(&bare(home.path()).args(["completions", shell]).assert().success());
        assert!(script.contains("PORTCULLIS_COMPLETE") && script.contains("portcullis"), "{shell}: {script}");
    }
}

#[test]
fn profiles_are_completed_from_the_config_file() {
    let stack = stack();
    let directory = stack.home.path().join("config/portcullis");
    std::fs::create_dir_all(&directory).unwrap();
    let profiles = "[profiles.prod]\nurl = \"https://prod.example\"\n[profiles.test]\nurl = \"https://test.example\"\n";
    std::fs::write(directory.join("config.toml"), profiles).unwrap();
    assert_eq!(completions(&stack, &["whoami", "--profile", "p"]), ["prod\thttps://prod.example"]);
}
