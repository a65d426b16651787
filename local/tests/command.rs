//! Tests of the program `portcullis-local`: its output, its files and its errors.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use tempfile::TempDir;

/// A running program, killed when dropped.
struct Started {
    child: Child,
    stdout: BufReader<ChildStdout>,
    welcome: String,
}

impl Started {
    /// Starts it on any port and waits for the banner.
    fn new(args: &[&str]) -> Self {
        let mut command = program();
        command.args(["--listen", "127.0.0.1:0"]).args(args);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let welcome = read_welcome(&mut stdout);
        Self { child, stdout, welcome }
    }

    fn in_dir(dir: &Path) -> Self {
        Self::new(&["--data-dir", dir.to_str().unwrap()])
    }

    fn url(&self) -> &str {
        let (_, rest) = self.welcome.split_once(" at ").unwrap();
        rest.lines().next().unwrap()
    }

    /// The banner's commands for a token.
    fn curl_lines(&self) -> Vec<&str> {
        self.welcome.lines().filter(|line| line.contains("curl ") && !line.contains("SESSION")).collect()
    }

    /// The banner's command to sign in.
    fn session_line(&self) -> &str {
        self.welcome.lines().find(|line| line.starts_with("SESSION=")).unwrap()
    }

    /// Stops it with a signal. Returns the remaining output and the exit code.
    fn end(mut self, signal: &str) -> (String, Option<i32>) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (rest, self.child.wait().unwrap().code())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Ignore: the test may have stopped it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_portcullis-local"))
}

/// Reads the banner.
fn read_welcome(from: &mut impl BufRead) -> String {
    let mut text = String::new();
    while !text.contains("Press Ctrl-C to stop") {
        assert_ne!(from.read_line(&mut text).unwrap(), 0, "it stopped after: {text}");
    }
    text
}

/// Runs it with invalid arguments, and returns its one line of output.
fn refused(args: &[&str]) -> String {
    let mut command = program();
    command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    // A program that starts would run forever, so its first line decides.
    let mut said = String::new();
    if stdout.read_line(&mut said).unwrap() > 0 {
        drop(Started { child, stdout, welcome: String::new() });
        panic!("{args:?} was accepted: {said}");
    }
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    let complaint = String::from_utf8(stderr).unwrap();
    assert!(!status.success(), "{args:?} was accepted");
    assert_eq!(complaint.lines().count(), 1, "{args:?}: {complaint}");
    assert!(complaint.starts_with("portcullis-local: "), "{complaint}");
    complaint
}

fn bash(script: &str) -> String {
    let output = Command::new("bash").args(["-c", script]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn data_dir() -> (TempDir, std::path::PathBuf) {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().canonicalize().unwrap().join("data");
    (parent, dir)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_three_lines_that_it_prints_create_use_and_revoke_a_token() {
    let parent = tempfile::tempdir().unwrap();
    // A path that needs quoting.
    let dir = parent.path().canonicalize().unwrap().join("it's $HOME here");
    let started = Started::in_dir(&dir);
    assert!(started.welcome.contains(dir.join("admin-token").to_str().unwrap()));
    let lines = started.curl_lines();
    assert_eq!(lines.len(), 3, "{}", started.welcome);
    let again = format!("{} -w '%{{http_code}}'", lines[1].trim_end_matches("; echo"));
    let script = format!("{}\necho \"[$PORTCULLIS_API_TOKEN]\"\n{}\n{}\n{again}", lines[0], lines[1], lines[2]);
    let said = bash(&script);
    assert!(said.contains("[pcl_"), "created: {said}");
    assert!(said.contains(r#""path":"/apps/billing""#), "called: {said}");
    assert!(said.contains(r#""status":"revoked""#), "revoked: {said}");
    assert!(said.ends_with("401"), "called again: {said}");
    let (audit, code) = started.end("-INT");
    assert_eq!(code, Some(0));
    assert!(audit.contains("allow POST /tokens"), "{audit}");
    assert!(audit.contains("deny  GET /apps/billing") && audit.contains("revoked"), "{audit}");
}

#[test]
fn the_development_sign_in_hands_out_a_session_and_says_what_it_is() {
    let started = Started::new(&["--ephemeral"]);
    let page = format!("{}/dev/sign-in", started.url());
    assert!(started.welcome.contains("(development only)"), "{}", started.welcome);
    assert!(started.session_line().contains(&format!("curl -sS {page} ")), "{}", started.welcome);
    let said = bash(&format!("curl -sS {page} -d 'name=alice&groups=portcullis-admin,other&expires_in=3600'"));
    let response: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(response["owner"], "alice");
    assert_eq!(response["groups"], serde_json::json!(["portcullis-admin", "other"]));
    assert_eq!(response["development_only"], true);
    assert!(response["expires_at"].as_str().unwrap().ends_with('Z'), "{said}");
    assert_eq!(response["session"].as_str().unwrap().split('.').count(), 3, "{said}");
    let said = bash(&format!("{}\necho \"[$SESSION]\"", started.session_line()));
    assert!(said.contains("[eyJ"), "{said}");
    let foreign = bash(&format!("curl -sS {page} -d name=alice -H 'Origin: http://evil.example'"));
    assert!(foreign.contains("forbidden") && !foreign.contains("eyJ"), "{foreign}");
    let (audit, code) = started.end("-INT");
    assert_eq!(code, Some(0));
    assert!(!audit.contains("eyJ") && !audit.contains("/dev"), "{audit}");
}

#[test]
fn with_a_provider_the_banner_names_it_without_development_sign_in() {
    let provider = ["--oidc-issuer", "https://id.example.com", "--oidc-audience", "portcullis"];
    let started = Started::new(&[&["--ephemeral"][..], &provider].concat());
    assert!(started.welcome.contains("sessions of https://id.example.com with the audience portcullis are accepted"));
    assert!(!started.welcome.contains("/dev/sign-in"), "{}", started.welcome);
    let status =
        bash(&format!("curl -sS {}/dev/sign-in -d name=alice -o /dev/null -w '%{{http_code}}'", started.url()));
    assert_eq!(status, "404");
    assert_eq!(started.end("-INT").1, Some(0));
}

#[test]
fn help_names_every_flag() {
    let output = program().arg("--help").output().unwrap();
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for flag in [
        "--listen <ADDRESS:PORT>",
        "127.0.0.1:9050",
        "--data-dir <DIR>",
        ".portcullis",
        "--ephemeral",
        "--prefix",
        "--max-tokens-per-owner",
        "--token-management",
        "owners, admins",
        "--authorizer-cache-seconds <N>",
        "--oidc-issuer <URL>",
        "--oidc-audience <TEXT>",
        "--oidc-groups-claim",
        "--oidc-owner-claim",
        "--log",
        "json, pretty",
    ] {
        assert!(help.contains(flag), "{flag} is not in {help}");
    }
}

#[test]
fn a_bad_flag_is_one_clear_line() {
    for (args, about) in [
        (&["--nope"][..], "--nope"),
        (&["--prefix", "Bad"], "lower-case"),
        (&["--prefix", "p"], "lower-case"),
        (&["--prefix", "abcdefghijklmnopq"], "lower-case"),
        (&["--prefix", ""], "--prefix"),
        (&["--listen", "nonsense"], "--listen"),
        (&["--listen", "127.0.0.1:99999"], "--listen"),
        (&["--log", "xml"], "json, pretty"),
        (&["--max-tokens-per-owner", "-1"], "-1"),
        (&["--max-tokens-per-owner", "many"], "--max-tokens-per-owner"),
        (&["--token-management", "nobody"], "owners, admins"),
        (&["--authorizer-cache-seconds", "3601"], "0..=3600"),
        (&["--authorizer-cache-seconds", "-1"], "-1"),
        (&["--oidc-issuer", "https://id.example.com"], "--oidc-audience"),
        (&["--oidc-audience", "portcullis"], "--oidc-issuer"),
        (&["--oidc-groups-claim", "roles"], "--oidc-issuer"),
        (&["--oidc-owner-claim", "email"], "--oidc-issuer"),
        (&["--oidc-issuer", "http://id.example.com", "--oidc-audience", "x"], "https"),
        (&["--oidc-issuer", "https://id.example.com", "--oidc-audience", ""], "--oidc-audience"),
        (&["--ephemeral", "--data-dir", "x"], "--ephemeral"),
        (&["stray"], "stray"),
    ] {
        let line = refused(args);
        assert!(line.contains(about), "{args:?}: {line}");
        assert!(!line.contains("Usage"), "{args:?}: {line}");
    }
}

#[test]
fn a_port_in_use_is_one_clear_line_and_leaves_no_directory_behind() {
    let (_parent, dir) = data_dir();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let line = refused(&["--listen", &address, "--data-dir", dir.to_str().unwrap()]);
    assert!(line.contains(&format!("cannot listen on {address}")), "{line}");
    assert!(!dir.exists());
}

#[test]
fn a_directory_that_cannot_be_made_is_one_clear_line() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let below = file.path().join("data");
    let line = refused(&["--listen", "127.0.0.1:0", "--data-dir", below.to_str().unwrap()]);
    assert!(line.contains("as the data directory: "), "{line}");
    assert!(line.contains(below.to_str().unwrap()), "{line}");
}

#[test]
fn an_invalid_database_is_a_one_line_error() {
    let (_parent, dir) = data_dir();
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("table.sqlite"), "this is no database\n".repeat(100)).unwrap();
    let line = refused(&["--listen", "127.0.0.1:0", "--data-dir", dir.to_str().unwrap()]);
    assert!(line.contains("database"), "{line}");
}

#[test]
fn a_second_user_of_a_data_directory_is_refused_and_the_first_goes_on() {
    let (_parent, dir) = data_dir();
    let first = Started::in_dir(&dir);
    let line = refused(&["--listen", "127.0.0.1:0", "--data-dir", dir.to_str().unwrap()]);
    assert!(line.contains("is in use by another portcullis-local"), "{line}");
    let me =
        bash(&format!("curl -sS {}/me -H \"x-api-token: $(cat {})\"", first.url(), dir.join("admin-token").display()));
    assert!(me.contains("\"first admin\""), "{me}");
    assert_eq!(first.end("-INT").1, Some(0));
    assert_eq!(Started::in_dir(&dir).end("-INT").1, Some(0), "the lock is released");
}

#[test]
fn a_restart_keeps_the_tokens_and_a_killed_process_loses_none() {
    let (_parent, dir) = data_dir();
    let token_file = dir.join("admin-token");
    let first = Started::in_dir(&dir);
    let admin = fs::read_to_string(&token_file).unwrap();
    let created = format!(
        "{} >/dev/null 2>&1; printf %s \"$PORTCULLIS_API_TOKEN\"",
        first.curl_lines()[0].trim_end_matches("; echo")
    );
    let token = bash(&created);
    assert!(token.starts_with("pcl_"), "{token}");
    first.end("-KILL");

    let second = Started::in_dir(&dir);
    assert_eq!(fs::read_to_string(&token_file).unwrap(), admin);
    let call = format!("PORTCULLIS_API_TOKEN={token}; {}", second.curl_lines()[1]);
    let said = bash(&call);
    assert!(said.contains(r#""path":"/apps/billing""#), "{said}");
    assert_eq!(second.end("-TERM").1, Some(0));
}

#[test]
fn an_ephemeral_stack_leaves_nothing_behind_however_it_is_asked_to_end() {
    for signal in ["-INT", "-TERM"] {
        let temporary = tempfile::tempdir().unwrap();
        let mut command = program();
        command.args(["--listen", "127.0.0.1:0", "--ephemeral"]);
        command.env("TMPDIR", temporary.path());
        let started = Started::spawn(command);
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 1);
        assert_eq!(started.end(signal).1, Some(0));
        assert_eq!(fs::read_dir(temporary.path()).unwrap().count(), 0, "{signal}");
    }
}

#[test]
fn written_files_are_readable_by_their_owner_only() {
    let (_parent, dir) = data_dir();
    let started = Started::in_dir(&dir);
    bash(started.curl_lines()[1]);
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&dir.join("admin-token")), 0o600);
    assert_eq!(mode(&dir.join("access.log")), 0o600);
    assert_eq!(mode(&dir.join("table.sqlite")), 0o600);
    let token = fs::read_to_string(dir.join("admin-token")).unwrap();
    assert!(token.starts_with("pcl_") && token.ends_with('\n') && token.len() == 70, "{token}");
    let log = fs::read_to_string(dir.join("access.log")).unwrap();
    let line: serde_json::Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(line["status_code"], 401);
}

#[test]
fn with_json_standard_output_is_the_audit_log_alone() {
    let mut child = program()
        .args(["--listen", "127.0.0.1:0", "--ephemeral", "--log", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let welcome = read_welcome(&mut stderr);
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let started = Started { child, stdout, welcome };
    bash(&started.curl_lines().join("\n"));
    let (audit, code) = started.end("-INT");
    assert_eq!(code, Some(0));
    let lines: Vec<serde_json::Value> = audit.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{audit}");
    assert_eq!(lines[1]["path"], "/apps/billing");
    assert_eq!(lines[1]["rbac_decision"], "allow");
    assert!(!audit.contains("pcl_"), "{audit}");
}

#[test]
fn the_prefix_that_was_asked_for_is_the_tokens() {
    let started = Started::new(&["--ephemeral", "--prefix", "acme2"]);
    let said =
        bash(&format!("{}\necho \"[$PORTCULLIS_API_TOKEN]\"\n{}", started.curl_lines()[0], started.curl_lines()[2]));
    assert!(said.contains("[acme2_"), "{said}");
    assert!(said.contains(r#""status":"revoked""#), "the id is found behind a longer prefix: {said}");
    assert_eq!(started.end("-INT").1, Some(0));
}

#[test]
fn listening_where_others_can_reach_it_is_warned_of() {
    let mut command = program();
    command.args(["--listen", "0.0.0.0:0", "--ephemeral"]);
    let (open, closed) = (Started::spawn(command), Started::new(&["--ephemeral"]));
    assert!(open.welcome.contains("Warning: other machines can reach this address"), "{}", open.welcome);
    assert!(!closed.welcome.contains("Warning"), "{}", closed.welcome);
    assert!(open.welcome.contains("The development sign-in is off"), "{}", open.welcome);
    assert!(!open.welcome.contains("/dev/sign-in"), "{}", open.welcome);
    assert_eq!((open.end("-INT").1, closed.end("-INT").1), (Some(0), Some(0)));
}
