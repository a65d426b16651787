//! A deployment in this process, and the built command in a clean environment.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Deployment of one test, with a home directory for the command.
pub(crate) struct Stack {
    // Taken by `drop`.
    parts: Option<(local::RunningStack, Runtime)>,
    pub(crate) home: TempDir,
}

/// Starts a deployment.
pub(crate) fn stack() -> Stack {
    stack_with(|_| {})
}

/// Starts a deployment with changed settings.
pub(crate) fn stack_with(settings: impl FnOnce(&mut local::Options)) -> Stack {
    // One at a time: each opens a database.
    static STARTING: Mutex<()> = Mutex::new(());
    let _one = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = Runtime::new().expect("threads can be started");
    let mut options = local::Options::ephemeral().expect("the template has defaults");
    options.settings.limits.live_tokens = 0;
    settings(&mut options);
    let running = runtime.block_on(local::start(options)).expect("the stack starts");
    Stack { parts: Some((running, runtime)), home: TempDir::new().expect("a directory can be made") }
}

impl Stack {
    pub(crate) fn running(&self) -> &local::RunningStack {
        &self.parts.as_ref().expect("it runs until it is dropped").0
    }

    pub(crate) fn url(&self) -> String {
        self.running().url()
    }

    pub(crate) fn audit_log(&self) -> std::path::PathBuf {
        self.running().data_dir().audit_log()
    }

    pub(crate) fn admin(&self) -> &str {
        self.running().admin_token()
    }

    /// The command, with only a home directory in its environment.
    pub(crate) fn bare(&self) -> Command {
        bare(self.home.path())
    }

    /// The command, with URL and admin token in its environment.
    pub(crate) fn portcullis<const N: usize>(&self, arguments: [&str; N]) -> Command {
        self.with_token(self.admin(), arguments)
    }

    /// The command, with the URL and this token in its environment.
    pub(crate) fn with_token<const N: usize>(&self, token: &str, arguments: [&str; N]) -> Command {
        let mut command = self.bare();
        command.env("PORTCULLIS_URL", self.url()).env("PORTCULLIS_API_TOKEN", token).args(arguments);
        command
    }

    /// Creates a token, and returns the response.
    #[track_caller]
    pub(crate) fn create<const N: usize>(&self, arguments: [&str; N]) -> Value {
        let mut command = self.portcullis(["token", "create", "--json", "--no-expiry"]);
        json(&command.args(arguments).assert().success())
    }

    /// Creates a token without the command, which is faster.
    pub(crate) fn create_directly(&self, body: &Value) {
        let authorization = format!("Bearer {}", self.admin());
        let request = ureq::post(format!("{}/tokens", self.url())).header("authorization", authorization);
        request.send(body.to_string()).expect("the token is created");
    }

    /// Calls the protected API.
    pub(crate) fn call_demo(&self, path: &str, token: &str) {
        let request = ureq::get(format!("{}/demo{path}", self.url()));
        request.header("authorization", format!("Bearer {token}")).call().expect("the token is accepted");
    }

    /// Calls the echo API with a token that may not make this request.
    #[track_caller]
    pub(crate) fn call_demo_denied(&self, path: &str, token: &str) {
        let request = ureq::get(format!("{}/demo{path}", self.url()));
        let response = request.header("authorization", format!("Bearer {token}")).call();
        assert!(matches!(response, Err(ureq::Error::StatusCode(403))), "{response:?}");
    }
}

/// Waits for something that the service writes after its response.
#[track_caller]
pub(crate) fn eventually(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !condition() {
        assert!(Instant::now() < deadline, "timed out");
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some((running, runtime)) = self.parts.take() {
            let joined = thread::spawn(move || runtime.block_on(running.shutdown())).join();
            // If the test has failed, its own message matters more.
            assert!(joined.is_ok() || thread::panicking(), "the stack did not shut down cleanly");
        }
    }
}

/// The command, with only a home directory in its environment.
pub(crate) fn bare(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.env_clear().env("HOME", home).env("XDG_CONFIG_HOME", home.join("config"));
    command
}

#[track_caller]
pub(crate) fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).expect("text")
}

#[track_caller]
pub(crate) fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).expect("text")
}

#[track_caller]
pub(crate) fn json(assert: &Assert) -> Value {
    serde_json::from_slice(&assert.get_output().stdout).expect("one JSON document")
}
