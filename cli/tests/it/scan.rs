//! `portcullis scan`: files, git repositories, and revocation by a deployment.

use std::fs;
use std::path::Path;
use std::process::Command as Program;

use portcullis::secret::PlaintextToken;
use serde_json::json;
use tempfile::TempDir;

use crate::support::{bare, json, stack, stderr, stdout};

/// Generates a token of no deployment. Returns the token and its id.
pub(crate) fn token(prefix: &str) -> (String, String) {
    let secret = PlaintextToken::generate(&prefix.parse().unwrap(), &mut rand::rngs::SysRng).unwrap();
    (secret.expose_secret().to_owned(), secret.id().to_string())
}

pub(crate) fn scan(home: &Path, at: &Path, arguments: &[&str]) -> assert_cmd::assert::Assert {
    bare(home).current_dir(at).arg("scan").args(arguments).assert()
}

pub(crate) fn git(at: &Path, arguments: &[&str]) {
    let mut program = Program::new("git");
    program.current_dir(at).args(["-c", "user.name=t", "-c", "user.email=t@example.com"]).args(arguments);
    program.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    let output = program.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A repository with one commit.
pub(crate) fn repository() -> TempDir {
    let at = TempDir::new().unwrap();
    git(at.path(), &["init", "-q", "-b", "main"]);
    fs::write(at.path().join("README"), "nothing\n").unwrap();
    git(at.path(), &["add", "."]);
    git(at.path(), &["commit", "-qm", "begin"]);
    at
}

#[test]
fn a_token_in_a_file_is_found_and_its_secret_is_not_printed() {
    let (home, at) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (secret, id) = token("pcl");
    fs::create_dir(at.path().join("deep")).unwrap();
    fs::write(at.path().join("deep/.env"), format!("A=1\nTOKEN=\"{secret}\"\n")).unwrap();
    let mut wrong = secret.clone();
    wrong.replace_range(30..31, if &secret[30..31] == "x" { "y" } else { "x" });
    fs::write(at.path().join("typo"), &wrong).unwrap();
    let found = scan(home.path(), at.path(), &["--json"]).code(1);
    let document = json(&found);
    assert_eq!(document["findings"].as_array().unwrap().len(), 1, "{document}");
    let finding = &document["findings"][0];
    assert_eq!((&finding["line"], &finding["column"], &finding["token_id"]), (&json!(2), &json!(8), &json!(id)));
    assert!(finding["path"].as_str().unwrap().ends_with("deep/.env"));
    let printed = scan(home.path(), at.path(), &[]).code(1);
    let all = stdout(&printed) + &stderr(&printed);
    assert!(all.contains(&id) && !all.contains(&secret[20..]), "{all}");
    assert_eq!(stdout(&scan(home.path(), at.path(), &["-q"]).code(1)).trim(), id);
}

#[test]
fn scan_exits_with_0_without_tokens_of_the_given_prefix() {
    let (home, at) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    scan(home.path(), at.path(), &[]).code(0);
    fs::write(at.path().join("x"), token("other").0).unwrap();
    scan(home.path(), at.path(), &[]).code(1);
    scan(home.path(), at.path(), &["--prefix", "pcl"]).code(0);
    scan(home.path(), at.path(), &["--prefix", "other"]).code(1);
    scan(home.path(), at.path(), &["nowhere"]).code(2);
}

#[test]
fn tokens_are_found_in_binary_files_utf_16_and_across_buffers() {
    let (home, at) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (secret, _) = token("pcl");
    let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let binary = [b"\0\xff\0".as_slice(), secret.as_bytes(), b"\0"].concat();
    for (name, bytes) in [("binary", binary), ("wide", [b"\xff\xfe".as_slice(), &wide].concat())] {
        fs::write(at.path().join(name), bytes).unwrap();
    }
    for before in [256 * 1024 - 30, 256 * 1024 - 1, 512 * 1024 - 40] {
        fs::write(
            at.path().join(format!("at-{before}")),
            ["x".repeat(before - 1), "\n".to_owned(), secret.clone()].concat(),
        )
        .unwrap();
    }
    let document = json(&scan(home.path(), at.path(), &["--json"]).code(1));
    assert_eq!(document["findings"].as_array().unwrap().len(), 5, "{document}");
}

#[test]
fn a_deleted_token_is_found_in_the_history_with_its_commit() {
    let (home, at) = (TempDir::new().unwrap(), repository());
    let (secret, id) = token("pcl");
    fs::write(at.path().join("old.txt"), format!("\n{secret}\n")).unwrap();
    git(at.path(), &["add", "."]);
    git(at.path(), &["commit", "-qm", "add"]);
    git(at.path(), &["rm", "-q", "old.txt"]);
    git(at.path(), &["commit", "-qm", "remove"]);
    scan(home.path(), at.path(), &[]).code(0);
    let document = json(&scan(home.path(), at.path(), &["--history", "--json"]).code(1));
    let finding = &document["findings"][0];
    assert_eq!((&finding["path"], &finding["line"], &finding["token_id"]), (&json!("old.txt"), &json!(2), &json!(id)));
    assert_eq!(finding["commit"].as_str().unwrap().len(), 40);
    // The commits of a change, as in a pipeline.
    scan(home.path(), at.path(), &["--range", "HEAD~1..HEAD"]).code(0);
    scan(home.path(), at.path(), &["--history", "--range", "HEAD~2..HEAD"]).code(1);
    let unknown = stderr(&scan(home.path(), at.path(), &["--range", "no-such-ref"]).code(2));
    assert!(unknown.contains("--range no-such-ref"), "{unknown}");
}

#[test]
fn staged_scans_search_only_staged_changes() {
    let (home, at) = (TempDir::new().unwrap(), repository());
    let secret = token("pcl").0;
    fs::write(at.path().join("beside"), &secret).unwrap();
    scan(home.path(), at.path(), &["--staged"]).code(0);
    git(at.path(), &["add", "beside"]);
    fs::write(at.path().join("beside"), "taken out again, but not from the index").unwrap();
    scan(home.path(), at.path(), &["--staged"]).code(1);
}

#[test]
fn ignored_files_are_searched_unless_skipped() {
    let (home, at) = (TempDir::new().unwrap(), repository());
    fs::write(at.path().join(".gitignore"), ".env\n").unwrap();
    fs::write(at.path().join(".env"), token("pcl").0).unwrap();
    scan(home.path(), at.path(), &[]).code(1);
    scan(home.path(), at.path(), &["--skip-ignored"]).code(0);
}

#[test]
fn found_tokens_are_revoked_without_a_credential_after_confirmation() {
    let stack = stack();
    let made = stack.create(["--name", "leaked", "--grant", "apps:read@*"]);
    let at = TempDir::new().unwrap();
    fs::write(at.path().join("log"), made["token"].as_str().unwrap()).unwrap();
    let scan = |arguments: &[&str]| {
        let mut command = stack.bare();
        command.env("PORTCULLIS_URL", stack.url()).current_dir(at.path()).arg("scan").args(arguments).assert()
    };
    let id = made["id"].as_str().unwrap();
    let status = || json(&stack.portcullis(["token", "show", id, "--json"]).assert().success())["status"].clone();
    scan(&["--revoke"]).code(2);
    assert_eq!(status(), "active");
    scan(&["--revoke", "--yes"]).code(1);
    assert_eq!(status(), "revoked");
}

#[cfg(unix)]
#[test]
#[expect(clippy::disallowed_methods, reason = "git and its hook need the PATH that there is")]
fn the_pre_commit_hook_blocks_commits_with_tokens() {
    use std::os::unix::fs::PermissionsExt as _;
    let at = repository();
    let hook = at.path().join(".git/hooks/pre-commit");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/pre-commit/pre-commit"), &hook).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_portcullis")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let commit = |text: &str| {
        fs::write(at.path().join("file"), text).unwrap();
        git(at.path(), &["add", "file"]);
        let mut program = Program::new("git");
        program.current_dir(at.path()).args(["-c", "user.name=t", "-c", "user.email=t@example.com"]);
        program.args(["commit", "-qm", "x"]).env("PATH", &path).output().unwrap()
    };
    let (secret, id) = token("pcl");
    let refused = commit(&secret);
    let printed = String::from_utf8_lossy(&[refused.stdout, refused.stderr].concat()).into_owned();
    assert!(!refused.status.success() && printed.contains(&id) && !printed.contains(&secret), "{printed}");
    assert!(commit("nothing secret\n").status.success());
}

#[test]
fn tokens_with_a_foreign_prefix_are_not_sent_to_the_service() {
    let stack = stack();
    let at = TempDir::new().unwrap();
    let made = stack.create(["--name", "found", "--grant", "apps:read@apps/x"]);
    let (foreign, id) = token("acme");
    fs::write(at.path().join("both"), format!("{}\n{foreign}\n", made["token"].as_str().unwrap())).unwrap();
    // The service would accept the foreign token like its own, so only the warning shows that it was not sent.
    for quiet in [false, true] {
        let mut command = stack.bare();
        command.current_dir(at.path()).env("PORTCULLIS_URL", stack.url()).args(["scan", "--revoke", "--yes"]);
        let result = if quiet { command.arg("-q") } else { &mut command }.assert().code(7);
        let printed = stderr(&result);
        assert!(printed.contains(&format!("acme {id}: not sent: the prefix belongs to another service")), "{printed}");
    }
    let shown = stack.portcullis(["token", "show", "--json", made["id"].as_str().unwrap()]).assert().success();
    assert_eq!(json(&shown)["status"], "revoked");
}

#[test]
fn staged_files_may_have_any_name() {
    let home = TempDir::new().unwrap();
    let at = repository();
    let (secret, _) = token("pcl");
    // The last commit message contains a token, which a file name would find if it were taken for a revision.
    git(at.path(), &["commit", "-q", "--allow-empty", "-m", &secret]);
    fs::write(at.path().join("q\nHEAD"), "clean").unwrap();
    fs::write(at.path().join("nl\n2 z"), "clean").unwrap();
    git(at.path(), &["add", "."]);
    scan(home.path(), at.path(), &["--staged"]).code(0);
    fs::write(at.path().join("a\nb c"), &secret).unwrap();
    git(at.path(), &["add", "."]);
    let found = json(&scan(home.path(), at.path(), &["--staged", "--json"]).code(1));
    assert_eq!(found["findings"].as_array().unwrap().len(), 1, "{found}");
    assert!(found["findings"][0]["path"].as_str().unwrap().ends_with("b c"), "{found}");
}
