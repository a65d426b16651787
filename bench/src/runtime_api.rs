//! Lambda's Runtime API and Extensions API on loopback, for one process. Events go to it one after the other.
//!
//! Sources: [Runtime API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html),
//! [Extensions API](https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html).

mod connection;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Time that a function has for an event.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(10);

/// How a function answered an event.
#[derive(Clone, Debug)]
pub struct Answer {
    /// When the function had received the whole event.
    pub sent: Instant,
    /// When the whole answer had arrived.
    pub received: Instant,
    /// Whether it is an error of the function.
    pub is_error: bool,
    /// The answer.
    pub body: Vec<u8>,
}

/// The two APIs for one process.
#[derive(Debug)]
pub struct RuntimeApi {
    /// The value of `AWS_LAMBDA_RUNTIME_API`.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    delay: Duration,
}

#[derive(Debug, Default)]
struct State {
    event: Arc<[u8]>,
    /// Number of events that were not sent yet.
    queued: usize,
    sent: Option<Instant>,
    answers: Vec<Answer>,
    /// Since when the function has been waiting for its next event.
    idle_since: Option<Instant>,
    init_error: Option<String>,
    stopped: bool,
}

impl RuntimeApi {
    /// Listens on a free port. Each response is sent after `delay`.
    ///
    /// # Errors
    /// When there is none.
    pub fn start(delay: Duration) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let shared = Arc::new(Shared { delay, ..Shared::default() });
        let api = Self { address: listener.local_addr()?, shared };
        let shared = Arc::clone(&api.shared);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if shared.lock().stopped {
                    return;
                }
                let shared = Arc::clone(&shared);
                // A connection ends with the process that opened it.
                thread::spawn(move || drop(shared.serve(stream)));
            }
        });
        Ok(api)
    }

    /// Waits until the function asks for an event; returns when it did.
    ///
    /// # Errors
    /// When it fails to start, or neither asks nor answers for `timeout`.
    pub fn wait_until_idle(&self, timeout: Duration) -> io::Result<Instant> {
        let mut state = self.shared.lock();
        loop {
            let answered = state.answers.len();
            let busy = |state: &mut State| state.idle_since.is_none() && state.init_error.is_none();
            let waited = self.shared.changed.wait_timeout_while(state, timeout, busy);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            match (&state.init_error, state.idle_since) {
                (Some(error), _) => return Err(io::Error::other(format!("the function failed to start: {error}"))),
                (None, Some(since)) => return Ok(since),
                (None, None) if state.answers.len() == answered => {
                    return Err(io::Error::other(format!("the function did nothing for {timeout:?}")));
                }
                (None, None) => {}
            }
        }
    }

    /// Sends the event `times` times, each after the answer to the one before. Returns once the function has
    /// finished the work after its last answer.
    ///
    /// # Errors
    /// When an answer does not come in time.
    pub fn invoke(&self, event: &[u8], times: usize) -> io::Result<Vec<Answer>> {
        self.wait_until_idle(FUNCTION_TIMEOUT)?;
        let mut state = self.shared.lock();
        state.event = event.into();
        state.queued = times;
        state.answers = Vec::with_capacity(times);
        state.idle_since = None;
        drop(state);
        self.shared.changed.notify_all();
        self.wait_until_idle(FUNCTION_TIMEOUT)?;
        Ok(std::mem::take(&mut self.shared.lock().answers))
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.shared.changed.notify_all();
        // Wakes the listener.
        drop(TcpStream::connect(self.address));
    }
}
