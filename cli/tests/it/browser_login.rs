//! Somebody signs in: the command that waits, and the browser, which follows the links, posts
//! the form and goes where it is sent.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value;

use crate::support::Stack;

/// `portcullis login`, while it waits for somebody.
pub(crate) struct Login {
    pub(crate) child: Child,
    pub(crate) stderr: BufReader<ChildStderr>,
}

/// How it ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// What a browser got.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) headers: String,
    pub(crate) body: String,
}

pub(crate) fn login(stack: &Stack, arguments: &[&str]) -> Login {
    let issuer = format!("{}/dev", stack.url());
    // Where every new file is open to all, unless the command sees to it.
    let mut command = Command::new("/bin/sh");
    command.args(["-c", r#"umask 000; exec "$0" "$@""#, env!("CARGO_BIN_EXE_portcullis")]);
    command.env_clear().env("HOME", stack.home.path()).env("PORTCULLIS_URL", stack.url());
    // A browser that does nothing: what it would do, the test does.
    command.env("BROWSER", "/bin/true");
    command.args(["login", "--issuer", &issuer, "--client-id", "portcullis-dev"]).args(arguments);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    Login { child, stderr }
}

impl Login {
    /// The next line that begins with this, without blanks around it.
    #[track_caller]
    pub(crate) fn said(&mut self, beginning: &str) -> String {
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

    pub(crate) fn ended(mut self) -> Ended {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stderr.read_to_string(&mut stderr).unwrap();
        self.child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        Ended { code: self.child.wait().unwrap().code(), stdout, stderr }
    }

    #[track_caller]
    pub(crate) fn fails(self, code: i32, why: &str) {
        let ended = self.ended();
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        assert!(ended.stderr.contains(why), "{}", ended.stderr);
    }
}

/// A browser's request: a form is posted, and no redirect is followed.
pub(crate) fn browse(url: &str, form: Option<&str>) -> Page {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .build()
        .into();
    let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
    let answer = match form {
        None => agent.get(url).header("accept", "text/html").call(),
        Some(form) => agent
            .post(url)
            .header("accept", "text/html")
            .header("origin", origin)
            .header("content-type", "application/x-www-form-urlencoded")
            .send(form),
    };
    let mut answer = answer.unwrap();
    let location = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
    let headers = format!("{:?}", answer.headers());
    Page { status: answer.status().as_u16(), location, headers, body: answer.body_mut().read_to_string().unwrap() }
}

/// Opens the page that `login` names and answers as this person; where the browser is sent.
#[track_caller]
pub(crate) fn answered(url: &str, person: &str) -> String {
    assert!(browse(url, None).body.contains("Sign in as alice (portcullis-admin)"));
    let (page, question) = url.split_once('?').unwrap();
    let sent = browse(page, Some(&format!("{question}&{person}")));
    assert_eq!(sent.status, 303, "{}", sent.body);
    sent.location.unwrap()
}

pub(crate) const ALICE: &str = "name=alice&groups=portcullis-admin";

#[track_caller]
pub(crate) fn sign_in(stack: &Stack, arguments: &[&str], person: &str) -> Ended {
    let mut login = login(stack, arguments);
    let url = login.said("http");
    let back = browse(&answered(&url, person), None);
    let ended = login.ended();
    assert_eq!((ended.code, back.status), (Some(0), 200), "{}", ended.stderr);
    ended
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
