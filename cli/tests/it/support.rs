//! A deployment in this process, and the built command in an environment of its own.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A deployment of a test's own, and a home directory for the command.
pub(crate) struct Stack {
    // Taken when it ends.
    parts: Option<(local::Running, Runtime)>,
    pub(crate) home: TempDir,
}

/// Starts a deployment.
pub(crate) fn stack() -> Stack {
    stack_with(|_| {})
}

/// Starts a deployment with other settings than the template's.
pub(crate) fn stack_with(settings: impl FnOnce(&mut local::Options)) -> Stack {
    // One start at a time: each opens a database of its own.
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
    fn running(&self) -> &local::Running {
        &self.parts.as_ref().expect("it runs until it is dropped").0
    }

    pub(crate) fn url(&self) -> String {
        self.running().url()
    }

    #[cfg(feature = "aws")]
    pub(crate) fn audit_log(&self) -> std::path::PathBuf {
        self.running().data_dir().audit_log()
    }

    pub(crate) fn admin(&self) -> &str {
        self.running().admin_token()
    }

    /// The command, with nothing in its environment but a home directory.
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

    /// Makes a token, and shows it as the service's JSON.
    #[track_caller]
    pub(crate) fn create<const N: usize>(&self, arguments: [&str; N]) -> Value {
        let mut command = self.portcullis(["token", "create", "--json", "--no-expiry"]);
        json(&command.args(arguments).assert().success())
    }

    /// Makes a token without the command: where many are needed, and how does not matter.
    pub(crate) fn create_directly(&self, body: &Value) {
        let authorization = format!("Bearer {}", self.admin());
        let request = ureq::post(format!("{}/tokens", self.url())).header("authorization", authorization);
        request.send(body.to_string()).expect("the token is made");
    }

    /// Calls the API that is protected.
    pub(crate) fn call_demo(&self, path: &str, token: &str) {
        let request = ureq::get(format!("{}/demo{path}", self.url()));
        request.header("authorization", format!("Bearer {token}")).call().expect("the token opens it");
    }
}

/// Waits for what the service writes down after it has answered.
#[track_caller]
pub(crate) fn eventually(is_so: impl Fn() -> bool) {
    let late = Instant::now() + Duration::from_secs(120);
    while !is_so() {
        assert!(Instant::now() < late, "it never came");
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some((running, runtime)) = self.parts.take() {
            let ended = thread::spawn(move || runtime.block_on(running.shutdown())).join();
            // A test that fails ends here as well; its own message is the one to read.
            assert!(ended.is_ok() || thread::panicking(), "the stack did not end cleanly");
        }
    }
}

/// The command, with nothing in its environment but a home directory.
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
