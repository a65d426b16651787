//! The deployment under test: the one that the environment names, or one in this process.

use std::collections::HashMap;
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
use super::{Request, Token, leak_check, owner};

/// The deployment under test.
pub(crate) struct Stack {
    pub(super) origin: Origin,
    /// A token that may do everything.
    pub(crate) admin: String,
    in_process: Option<Arc<InProcess>>,
    /// The ids of the tokens that a test has made here.
    made: Mutex<Vec<String>>,
    /// Seconds by which its clock is ahead, where it has one of its own.
    passed: Option<Arc<AtomicI64>>,
}

/// The suite's only inputs, if there are any.
#[expect(clippy::disallowed_methods, reason = "the suite runs against what the environment names")]
fn named_by_environment() -> Option<(String, String)> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    match (variable("PORTCULLIS_E2E_URL"), variable("PORTCULLIS_E2E_TOKEN")) {
        (Some(url), Some(token)) => Some((url, token)),
        (None, None) => None,
        _ => panic!("PORTCULLIS_E2E_URL and PORTCULLIS_E2E_TOKEN go together"),
    }
}

/// The deployment under test. In this process it is one for all tests that are running.
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

/// A deployment of one's own in this process, with other settings than the template's: for
/// what holds for everyone in a deployment, and would be in other tests' way.
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
    /// Lets time pass in a deployment of one's own: nobody waits for it.
    pub(crate) fn advance_clock(&self, seconds: i64) {
        self.passed.as_ref().expect("only a deployment of one's own").fetch_add(seconds, Ordering::SeqCst);
    }

    /// The catalog and its `ETag`.
    #[track_caller]
    pub(crate) fn catalog(&self) -> (Value, String) {
        let answer = self.get("/catalog").bearer(&self.admin).send().expect(200);
        (answer.json(), answer.header("etag").expect("a catalog has an ETag").to_owned())
    }

    /// Puts a catalog in force in a deployment of one's own, and lets the minute pass for
    /// which the authorizer may go on with the one before.
    #[track_caller]
    pub(crate) fn put_catalog(&self, catalog: &Value) {
        let (_, tag) = self.catalog();
        self.request("PUT", "/catalog").bearer(&self.admin).header("If-Match", tag).json(catalog).send().expect(200);
        self.advance_clock(60);
    }

    /// The session of a person in these groups, from the development sign-in of a deployment
    /// in this process.
    #[track_caller]
    pub(crate) fn sign_in(&self, name: &str, groups: &[&str]) -> String {
        let form = format!("name={name}&groups={}", groups.join("%2C"));
        let answer = self.post("/dev/sign-in").form(form).send().expect(200);
        let session = answer.json()["session"].as_str().expect("a session").to_owned();
        leak_check::remember(&session);
        session
    }

    /// The gateway's access log, in this process.
    #[track_caller]
    pub(crate) fn access_log(&self) -> Vec<Value> {
        let file = self.running().data_dir().access_log();
        json_lines(&fs::read(file).expect("there is an access log"))
    }

    /// Everything that lies in the table, read past the product, in this process.
    #[track_caller]
    pub(crate) fn table(&self) -> Vec<HashMap<String, AttributeValue>> {
        let scan = self.running().engine().client.scan().table_name(local::dynamodb::TABLE);
        let runtime = Runtime::new().expect("threads can be started");
        let page = runtime.block_on(scan.send()).expect("the table can be read");
        assert_eq!(page.last_evaluated_key, None, "one page is all of it");
        page.items.unwrap_or_default()
    }

    fn running(&self) -> &local::Running {
        self.in_process.as_ref().expect("only a deployment in this process").running()
    }

    /// Whether nothing stands before the product that could change a request on its way,
    /// or refuse it by rules of its own.
    pub(crate) fn is_in_process(&self) -> bool {
        self.in_process.is_some()
    }

    /// Notes the token in the answer to a create.
    pub(super) fn made(&self, body: &[u8]) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        if let Some(id) = body["id"].as_str() {
            self.made.lock().unwrap_or_else(PoisonError::into_inner).push(id.to_owned());
        }
    }

    /// What this deployment's tokens begin with.
    pub(crate) fn prefix(&self) -> TokenPrefix {
        let (prefix, _) = self.admin.split_once('_').expect("a token has a prefix");
        prefix.parse().expect("the prefix is one")
    }

    /// A request with a method of one's own.
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

    /// A token with these permissions everywhere, that belongs to a new owner.
    #[track_caller]
    pub(crate) fn token<const N: usize>(&self, permissions: [&str; N]) -> Token {
        self.create(json!({ "permissions": permissions.as_slice() }))
    }

    /// A token with these permissions on these resources, that belongs to a new owner.
    #[track_caller]
    pub(crate) fn token_on<const N: usize, const M: usize>(
        &self,
        permissions: [&str; N],
        resources: [&str; M],
    ) -> Token {
        self.create(json!({ "permissions": permissions.as_slice(), "resources": resources.as_slice() }))
    }

    /// A token from a body, in which a name and a new owner are put where there are none.
    #[track_caller]
    pub(crate) fn create(&self, mut body: Value) -> Token {
        for (field, default) in [("name", "e2e".to_owned()), ("owner", owner())] {
            if body.get(field).is_none() {
                body[field] = Value::from(default);
            }
        }
        let answer = self.post("/tokens").bearer(&self.admin).json(&body).send();
        Token::shown_in(&answer.expect(201))
    }
}

impl Drop for Stack {
    /// Leaves nothing behind in a deployment that goes on.
    fn drop(&mut self) {
        if self.is_in_process() {
            return;
        }
        let made = std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner));
        let remove = |some: &[String]| {
            for id in some {
                // Many are gone already; that was the test.
                self.delete(&format!("/tokens/{id}")).bearer(&self.admin).send_malformed();
            }
        };
        thread::scope(|scope| {
            let chunks = made.chunks(made.len().div_ceil(8).max(1));
            let removers: Vec<_> = chunks.map(|some| scope.spawn(move || remove(some))).collect();
            for remover in removers {
                // A test that fails ends here as well; its own message is the one to read.
                assert!(remover.join().is_ok() || thread::panicking(), "a token was left behind");
            }
        });
    }
}

/// The stack of `local` in this process. It lives on threads of its own for as long as a
/// test uses it, and leaves nothing behind.
struct InProcess {
    // Taken when it ends.
    parts: Option<(local::Running, Runtime)>,
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
        // A thread of its own, as a test may be inside a runtime already.
        let started = thread::spawn(|| {
            let runtime = Runtime::new().expect("threads can be started");
            let mut options = local::Options::ephemeral().expect("the template has defaults");
            settings(&mut options);
            let running = runtime.block_on(local::start(options)).expect("the stack starts");
            (running, runtime)
        });
        Self { parts: Some(started.join().expect("the stack starts")) }
    }

    fn running(&self) -> &local::Running {
        &self.parts.as_ref().expect("it runs until it is dropped").0
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        if let Some((running, runtime)) = self.parts.take() {
            let ended = thread::spawn(move || runtime.block_on(running.shutdown())).join();
            // A test that fails ends here as well; its own message is the one to read.
            assert!(ended.is_ok() || thread::panicking(), "the stack did not end cleanly");
        }
    }
}
