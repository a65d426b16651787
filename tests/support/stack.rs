//! The deployment under test: the one in the environment variables, or one in this process.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::{fs, thread};

use aws_sdk_dynamodb::types::AttributeValue;
use portcullis::clock::Clock;
use portcullis::secret::TokenPrefix;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::audit_log::json_lines;
use super::raw_http::Origin;
use super::{Request, Token, leak_check, owner, with_resources};
use crate::roles::RoleCheck;

/// The deployment under test.
pub(crate) struct Stack {
    pub(super) origin: Origin,
    /// A token with all permissions.
    pub(crate) admin: String,
    in_process: Option<Arc<InProcess>>,
    /// IDs of the tokens that the test created.
    made: Mutex<Vec<String>>,
    /// Seconds by which its clock is ahead; `None` for a shared deployment.
    passed: Option<Arc<AtomicI64>>,
}

/// URL and admin token of a deployment, if the environment names one.
#[expect(clippy::disallowed_methods, reason = "the suite runs against what the environment names")]
fn named_by_environment() -> Option<(String, String)> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    match (variable("PORTCULLIS_E2E_URL"), variable("PORTCULLIS_E2E_TOKEN")) {
        (Some(url), Some(token)) => Some((url, token)),
        (None, None) => None,
        _ => panic!("PORTCULLIS_E2E_URL and PORTCULLIS_E2E_TOKEN go together"),
    }
}

/// The deployment under test. In this process, all running tests share one.
pub(crate) fn stack() -> Stack {
    let (url, admin, in_process) = match named_by_environment() {
        Some((url, admin)) => (url, admin, None),
        None => {
            let shared = InProcess::shared();
            (shared.running().url(), shared.running().admin_token().to_owned(), Some(shared))
        }
    };
    leak_check::remember(&admin);
    Stack { origin: Origin::parse(&url), admin, in_process, made: Mutex::default(), passed: None }
}

/// A separate deployment in this process: for tests that change settings, the catalog or the
/// clock, which apply to a whole deployment.
pub(crate) fn isolated_stack(settings: impl FnOnce(&mut local::Options) + Send + 'static) -> Stack {
    let passed = Arc::new(AtomicI64::new(0));
    let ahead = Arc::clone(&passed);
    let own = InProcess::start(move |options| {
        let system = Clock::system();
        options.clock = Clock::from_fn(move || system.now().plus_seconds(ahead.load(Ordering::SeqCst)));
        settings(options);
    });
    let (url, admin) = (own.running().url(), own.running().admin_token().to_owned());
    leak_check::remember(&admin);
    let in_process = Some(Arc::new(own));
    Stack { origin: Origin::parse(&url), admin, in_process, made: Mutex::default(), passed: Some(passed) }
}

impl Stack {
    /// Moves the clock of an isolated stack ahead.
    pub(crate) fn advance_clock(&self, seconds: i64) {
        self.passed.as_ref().expect("only a deployment of one's own").fetch_add(seconds, Ordering::SeqCst);
    }

    /// The catalog and its `ETag`.
    #[track_caller]
    pub(crate) fn catalog(&self) -> (Value, String) {
        let response = self.get("/catalog").bearer(&self.admin).send().expect(200);
        (response.json(), response.header("etag").expect("a catalog has an ETag").to_owned())
    }

    /// Replaces the catalog of an isolated stack, and moves its clock past the minute for which
    /// the authorizer caches the previous one.
    #[track_caller]
    pub(crate) fn put_catalog(&self, catalog: &Value) {
        self.replace_catalog(catalog);
        self.advance_clock(60);
    }

    /// Replaces the catalog. The functions may use the previous one for a minute.
    #[track_caller]
    pub(crate) fn replace_catalog(&self, catalog: &Value) {
        let (_, tag) = self.catalog();
        self.request("PUT", "/catalog").bearer(&self.admin).header("If-Match", tag).json(catalog).send().expect(200);
    }

    /// Signs in at the development provider; returns the session. In this process only.
    #[track_caller]
    pub(crate) fn sign_in(&self, name: &str, groups: &[&str]) -> String {
        let form = format!("name={name}&groups={}", groups.join("%2C"));
        let response = self.post("/dev/sign-in").form(form).send().expect(200);
        let session = response.json()["session"].as_str().expect("a session").to_owned();
        leak_check::remember(&session);
        session
    }

    /// The gateway's access log. In this process only.
    #[track_caller]
    pub(crate) fn access_log(&self) -> Vec<Value> {
        let file = self.running().data_dir().access_log();
        json_lines(&fs::read(file).expect("there is an access log"))
    }

    /// The change log. In this process only.
    #[track_caller]
    pub(crate) fn change_log(&self) -> Vec<Value> {
        let file = self.running().data_dir().change_log();
        json_lines(&fs::read(file).expect("there is a change log"))
    }

    /// The directory with its database and its logs. In this process only.
    pub(crate) fn data_dir(&self) -> &Path {
        self.running().data_dir().path()
    }

    /// All items of the table, read directly. In this process only.
    #[track_caller]
    pub(crate) fn table(&self) -> Vec<HashMap<String, AttributeValue>> {
        let scan = self.running().engine().client.scan().table_name(local::dynamodb::TABLE);
        let runtime = Runtime::new().expect("threads can be started");
        let page = runtime.block_on(scan.send()).expect("the table can be read");
        assert_eq!(page.last_evaluated_key, None, "one page is all of it");
        page.items.unwrap_or_default()
    }

    /// Puts an item into the table, past every function. In this process only.
    #[track_caller]
    pub(crate) fn put_item(&self, item: HashMap<String, AttributeValue>) {
        let put = self.running().engine().client.put_item().table_name(local::dynamodb::TABLE).set_item(Some(item));
        Runtime::new().expect("threads can be started").block_on(put.send()).expect("the item can be put");
    }

    fn running(&self) -> &local::RunningStack {
        self.in_process.as_ref().expect("only a deployment in this process").running()
    }

    /// Whether requests reach the product directly, without a gateway that could change or refuse
    /// them.
    pub(crate) fn is_in_process(&self) -> bool {
        self.in_process.is_some()
    }

    /// Records the token in the response to a create.
    pub(super) fn made(&self, body: &[u8]) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        if let Some(id) = body["id"].as_str() {
            self.made.lock().unwrap_or_else(PoisonError::into_inner).push(id.to_owned());
        }
    }

    /// The token prefix of this deployment.
    pub(crate) fn prefix(&self) -> TokenPrefix {
        let (prefix, _) = self.admin.split_once('_').expect("a token has a prefix");
        prefix.parse().expect("the prefix is one")
    }

    /// A request with any method.
    pub(crate) fn request(&self, method: &str, path: &str) -> Request<'_> {
        Request::new(self, method, path)
    }

    pub(crate) fn get(&self, path: &str) -> Request<'_> {
        self.request("GET", path)
    }

    pub(crate) fn post(&self, path: &str) -> Request<'_> {
        self.request("POST", path)
    }

    pub(crate) fn delete(&self, path: &str) -> Request<'_> {
        self.request("DELETE", path)
    }

    /// Creates a token with these permissions on all resources, for a new owner.
    #[track_caller]
    pub(crate) fn token<const N: usize>(&self, permissions: [&str; N]) -> Token {
        self.create(json!({ "permissions": permissions.as_slice() }))
    }

    /// Creates a token with these permissions on these resources, for a new owner.
    #[track_caller]
    pub(crate) fn token_on<const N: usize, const M: usize>(
        &self,
        permissions: [&str; N],
        resources: [&str; M],
    ) -> Token {
        self.create(json!({ "permissions": permissions.as_slice(), "resources": resources.as_slice() }))
    }

    /// Creates a token from a body. A missing name and owner are filled in; without resources it gets all.
    #[track_caller]
    pub(crate) fn create(&self, mut body: Value) -> Token {
        for (field, default) in [("name", "e2e".to_owned()), ("owner", owner())] {
            if body.get(field).is_none() {
                body[field] = Value::from(default);
            }
        }
        let response = self.post("/tokens").bearer(&self.admin).json(&with_resources(body)).send();
        Token::shown_in(&response.expect(201))
    }
}

impl Drop for Stack {
    /// Deletes the test's tokens from a deployment that outlives the test.
    fn drop(&mut self) {
        if self.is_in_process() {
            return;
        }
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        let remove = |some: &[String]| {
            for id in some {
                // The test may have deleted it already.
                self.delete(&format!("/tokens/{id}")).bearer(&self.admin).send_malformed();
            }
        };
        thread::scope(|scope| {
            let chunks = made.chunks(made.len().div_ceil(8).max(1));
            let removers: Vec<_> = chunks.map(|some| scope.spawn(move || remove(some))).collect();
            for remover in removers {
                // If the test failed already, its own message is the one to read.
                assert!(remover.join().is_ok() || thread::panicking(), "a token was left behind");
            }
        });
    }
}

/// The stack of `local` in this process, on its own threads, for as long as a test uses it.
struct InProcess {
    // Taken by `drop`.
    parts: Option<(local::RunningStack, Runtime)>,
    roles: RoleCheck,
}

impl InProcess {
    fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<InProcess>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let started = Arc::new(Self::start(|_| {}));
            *shared = Arc::downgrade(&started);
            started
        })
    }

    fn start(settings: impl FnOnce(&mut local::Options) + Send + 'static) -> Self {
        // On a separate thread, as a test may already be inside a runtime.
        let roles = RoleCheck::default();
        let check = roles.check();
        let started = thread::spawn(|| {
            let runtime = Runtime::new().expect("threads can be started");
            let mut options = local::Options::ephemeral().expect("the template has defaults");
            options.call_check = Some(check);
            settings(&mut options);
            let running = runtime.block_on(local::start(options)).expect("the stack starts");
            (running, runtime)
        });
        Self { parts: Some(started.join().expect("the stack starts")), roles }
    }

    fn running(&self) -> &local::RunningStack {
        &self.parts.as_ref().expect("it runs until it is dropped").0
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        if let Some((running, runtime)) = self.parts.take() {
            let ended = thread::spawn(move || runtime.block_on(running.shutdown())).join();
            // If the test failed already, its own message is the one to read.
            assert!(ended.is_ok() || thread::panicking(), "the stack did not end cleanly");
            let denied = self.roles.denied();
            if thread::panicking() && !denied.is_empty() {
                eprintln!("{denied:#?}");
            }
            assert!(denied.is_empty() || thread::panicking(), "{denied:#?}");
        }
    }
}
