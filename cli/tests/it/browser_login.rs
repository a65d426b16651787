//! Simulates a sign-in: the waiting command, and the browser, which posts the form and follows redirects.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value;

use crate::support::Stack;

/// A running `portcullis login`.
pub(crate) struct Login {
    pub(crate) child: Child,
    pub(crate) stderr: BufReader<ChildStderr>,
}

/// Result of `portcullis login`.
pub(crate) struct LoginResult {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Response that a browser received.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) headers: String,
    pub(crate) body: String,
}

pub(crate) fn login(stack: &Stack, arguments: &[&str]) -> Login {
    let issuer = format!("{}/dev", stack.url());
    // With umask 000, new files are readable by everyone unless the command restricts them.
    let mut command = Command::new("/bin/sh");
    command.args(["-c", r#"umask 000; exec "$0" "$@""#, env!("CARGO_BIN_EXE_portcullis")]);
    command.env_clear().env("HOME", stack.home.path()).env("PORTCULLIS_URL", stack.url());
    command.env("XDG_CONFIG_HOME", stack.home.path().join("config"));
    // The test does what the browser would do.
    command.env("BROWSER", "/bin/true");
    command.args(["login", "--issuer", &issuer, "--client-id", "portcullis-dev"]).args(arguments);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    Login { child, stderr }
}

impl Login {
    /// The next line with this beginning, trimmed.
    #[track_caller]
    pub(crate) fn line_starting_with(&mut self, beginning: &str) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.stderr.read_line(&mut line).unwrap(), 0, "{beginning} is missing in {all}");
            if line.trim().starts_with(beginning) {
                return line.trim().to_owned();
            }
            all += &line;
        }
    }

    pub(crate) fn finish(mut self) -> LoginResult {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stderr.read_to_string(&mut stderr).unwrap();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        LoginResult { code: self.child.wait().unwrap().code(), stdout, stderr }
    }

    #[track_caller]
    pub(crate) fn fails(self, code: i32, why: &str) {
        let result = self.finish();
        assert_eq!(result.code, Some(code), "{}", result.stderr);
        assert!(result.stderr.contains(why), "{}", result.stderr);
    }
}

/// Sends a request without following redirects: a POST with a form, or a GET.
pub(crate) fn browse(url: &str, form: Option<&str>) -> Page {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .build()
        .into();
    let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
    let response = match form {
        None => agent.get(url).header("accept", "text/html").call(),
        Some(form) => agent
            .post(url)
            .header("accept", "text/html")
            .header("origin", origin)
            .header("content-type", "application/x-www-form-urlencoded")
            .send(form),
    };
    let mut response = response.unwrap();
    let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
    let headers = format!("{:?}", response.headers());
    Page { status: response.status().as_u16(), location, headers, body: response.body_mut().read_to_string().unwrap() }
}

/// Signs in as this user on the page that `login` prints. Returns the redirect URL.
#[track_caller]
pub(crate) fn redirect_after_sign_in(url: &str, user: &str) -> String {
    assert!(browse(url, None).body.contains("Sign in as alice (portcullis-admin)"));
    let (page, query) = url.split_once('?').unwrap();
    let sent = browse(page, Some(&format!("{query}&{user}")));
    assert_eq!(sent.status, 303, "{}", sent.body);
    sent.location.unwrap()
}

pub(crate) const ALICE: &str = "name=alice&groups=portcullis-admin";

#[track_caller]
pub(crate) fn sign_in(stack: &Stack, arguments: &[&str], user: &str) -> LoginResult {
    let mut login = login(stack, arguments);
    let url = login.line_starting_with("http");
    let back = browse(&redirect_after_sign_in(&url, user), None);
    let result = login.finish();
    assert_eq!((result.code, back.status), (Some(0), 200), "{}", result.stderr);
    result
}

pub(crate) fn credentials(stack: &Stack) -> PathBuf {
    stack.home.path().join(".local/share/portcullis/credentials.json")
}

pub(crate) fn stored(stack: &Stack) -> Value {
    let document: Value = serde_json::from_slice(&fs::read(credentials(stack)).unwrap()).unwrap();
    document["sessions"][stack.url()].clone()
}

pub(crate) fn whoami(stack: &Stack) -> assert_cmd::Command {
    let mut command = stack.bare();
    command.env("PORTCULLIS_URL", stack.url()).args(["whoami", "--json"]);
    command
}
