//! Console of the local stack: built with Node.js at the first request, and again when its sources
//! change. Until then, or if the build fails, a plain page says so.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use std::{fs, io};

use lambda_http::http::StatusCode;
use lambda_http::{Body, Request, Response};
use portcullis::env::Env;
use portcullis::oidc::Provider;
use tokio::process::Command;
use web_console::{Console, Files, Settings};

use crate::StartError;

/// The console and the state of its build.
pub(crate) struct ConsoleBuilder {
    console: Console,
    /// `None` if the console is embedded in this program.
    sources: Option<PathBuf>,
    state: Arc<Mutex<State>>,
}

enum State {
    /// Not requested yet, or the error was shown.
    Unknown,
    Building,
    Built,
    Failed(String),
}

impl ConsoleBuilder {
    pub(crate) fn new(sources: Option<PathBuf>, oidc: Option<&Provider>) -> Result<Self, StartError> {
        let wrong = |error: &dyn std::fmt::Display| StartError::Console(error.to_string());
        let variable = |name: &str| oidc.filter(|_| name == "PORTCULLIS_OIDC_ISSUER").map(|oidc| oidc.issuer.clone());
        let settings = Settings::from_env(Env::from_fn(&variable)).map_err(|error| wrong(&error))?;
        let files = sources.as_ref().map_or(Files::BuiltIn, |sources| Files::Directory(sources.join("dist/site")));
        let console = Console::new(files, &settings).map_err(|error| wrong(&error))?;
        Ok(Self { console, sources, state: Arc::new(Mutex::new(State::Unknown)) })
    }

    pub(crate) fn handle(&self, request: &Request) -> Response<Body> {
        match &self.sources {
            Some(sources) => self.built(sources).unwrap_or_else(|| self.console.handle(request)),
            None => self.console.handle(request),
        }
    }

    /// The page to show instead of the console; `None` if it is built.
    fn built(&self, sources: &Path) -> Option<Response<Body>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Unknown) {
            *state = if is_fresh(sources) { State::Built } else { self.start(sources) };
        }
        match std::mem::replace(&mut *state, State::Unknown) {
            State::Building => {
                *state = State::Building;
                let text = "This takes a few seconds the first time. The page reloads by itself.";
                Some(self.console.message_page(StatusCode::SERVICE_UNAVAILABLE, "Building the console", text, true))
            }
            // The next request retries.
            State::Failed(why) => {
                let text =
                    format!("{why}\n\nTo build it, with Node.js 20 or newer (https://nodejs.org):\n\n  make console\n");
                Some(self.console.message_page(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "The console could not be built",
                    &text,
                    false,
                ))
            }
            State::Built | State::Unknown => {
                *state = State::Built;
                None
            }
        }
    }

    fn start(&self, sources: &Path) -> State {
        let (sources, state) = (sources.to_owned(), Arc::clone(&self.state));
        tokio::spawn(async move {
            let done = build(&sources).await;
            if let Err(why) = &done {
                tracing::warn!("the console could not be built: {why}");
            }
            *state.lock().unwrap_or_else(PoisonError::into_inner) = done.map_or_else(State::Failed, |()| State::Built);
        });
        State::Building
    }
}

/// Installs the dependencies by the lock file, and builds.
async fn build(sources: &Path) -> Result<(), String> {
    npm(sources, &["ci", "--no-audit", "--no-fund", "--loglevel", "error"]).await?;
    npm(sources, &["run", "build", "--silent"]).await
}

async fn npm(sources: &Path, arguments: &[&str]) -> Result<(), String> {
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let mut command = Command::new(program);
    let done = command.args(arguments).current_dir(sources).stdin(Stdio::null()).kill_on_drop(true).output().await;
    let done = done.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "npm is not installed.".to_owned(),
        _ => format!("npm cannot be run: {error}"),
    })?;
    if done.status.success() {
        return Ok(());
    }
    let said = [done.stdout, done.stderr].concat();
    Err(format!("npm {} failed:\n{}", arguments.join(" "), String::from_utf8_lossy(&said).trim_end()))
}

/// Whether the build is newer than its sources and the API description.
fn is_fresh(sources: &Path) -> bool {
    let built = modified(&sources.join("dist/site/index.html"));
    let names = ["src", "public", "index.html", "package.json", "package-lock.json", "vite.config.ts"];
    let changed = names.iter().filter_map(|name| newest(&sources.join(name))).max();
    built.is_some() && changed.is_some() && built >= changed
}

fn newest(path: &Path) -> Option<SystemTime> {
    let below = fs::read_dir(path).into_iter().flatten().flatten().filter_map(|entry| newest(&entry.path()));
    below.chain(modified(path)).max()
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|found| found.modified()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::request::LambdaRequest;
    use serde_json::json;
    use std::time::{Duration, Instant};
    use tempfile::TempDir;

    /// Sources with these files.
    fn sources(files: &[&str]) -> TempDir {
        let sources = tempfile::tempdir().unwrap();
        for name in files {
            let path = sources.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "<p>").unwrap();
        }
        sources
    }

    fn ask(console: &ConsoleBuilder) -> (u16, String) {
        let event = json!({
            "resource": "/console", "path": "/console/", "httpMethod": "GET", "headers": {}, "multiValueHeaders": {},
            "requestContext": {"httpMethod": "GET", "path": "/console/", "resourcePath": "/console"},
        });
        let request = serde_json::from_value::<LambdaRequest>(event).unwrap();
        let response = console.handle(&request.into());
        let Body::Text(text) = response.body() else { panic!("no text") };
        (response.status().as_u16(), text.clone())
    }

    #[tokio::test]
    async fn a_current_build_is_served_at_once() {
        let sources = sources(&["src/main.tsx", "package.json", "dist/site/index.html"]);
        let console = ConsoleBuilder::new(Some(sources.path().to_owned()), None).unwrap();
        assert_eq!(ask(&console), (200, "<p>".to_owned()));
    }

    #[tokio::test]
    async fn changed_sources_are_built_again() {
        let sources = sources(&["dist/site/index.html", "src/deep/new.tsx"]);
        let built = fs::File::open(sources.path().join("dist/site/index.html")).unwrap();
        built.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        let console = ConsoleBuilder::new(Some(sources.path().to_owned()), None).unwrap();
        let (status, text) = ask(&console);
        assert!(status == 503 && text.contains("Building the console"), "{text}");
    }

    #[tokio::test]
    async fn a_failed_build_shows_a_page_with_the_reason() {
        let sources = sources(&["src/main.tsx", "package.json"]);
        let console = ConsoleBuilder::new(Some(sources.path().to_owned()), None).unwrap();
        assert!(ask(&console).1.contains("http-equiv=\"refresh\""), "the page reloads");
        let late = Instant::now() + Duration::from_secs(300);
        let (status, text) = loop {
            let response = ask(&console);
            if !response.1.contains("Building the console") {
                break response;
            }
            assert!(Instant::now() < late, "it never ended");
            tokio::task::yield_now().await;
        };
        assert_eq!(status, 503);
        assert!(text.contains("could not be built") && text.contains("make console"), "{text}");
        assert!(text.contains("npm ci") || text.contains("npm is not installed"), "{text}");
    }
}
