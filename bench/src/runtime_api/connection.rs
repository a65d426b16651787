//! The server's side of the Runtime API: one thread per connection.

use std::io::{self, Write as _};
use std::net::TcpStream;
use std::sync::{MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use portcullis::clock::Clock;

use super::{Answer, FUNCTION_TIMEOUT, Shared, State};
use crate::http1::{Request, RequestReader, respond, response};

const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:bench";

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = RequestReader::default();
        while let Some(request) = reader.next(&mut stream)? {
            let received = Instant::now();
            thread::sleep(self.delay);
            let path = request.path.as_str();
            if path.ends_with("/invocation/next") {
                self.send_event(&mut stream)?;
            } else if path.ends_with("/extension/event/next") {
                self.wait_until_stopped();
            } else if path.ends_with("/extension/register") {
                respond(&mut stream, "200 OK", &[("Lambda-Extension-Identifier", "bench")], b"{}")?;
            } else {
                self.note_answer(request, received);
                respond(&mut stream, "202 Accepted", &[("Content-Type", "application/json")], br#"{"status":"OK"}"#)?;
            }
        }
        Ok(())
    }

    fn send_event(&self, stream: &mut TcpStream) -> io::Result<()> {
        let mut state = self.lock();
        if state.queued == 0 {
            state.idle_since = Some(Instant::now());
            self.changed.notify_all();
            let none = |state: &mut State| state.queued == 0 && !state.stopped;
            state = self.changed.wait_while(state, none).unwrap_or_else(PoisonError::into_inner);
        }
        if state.stopped {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        state.queued -= 1;
        let id = format!("8476a536-e9f4-11e8-9739-{:012}", state.queued);
        let deadline = Clock::system().now().millis() + i64::try_from(FUNCTION_TIMEOUT.as_millis()).unwrap_or(i64::MAX);
        let headers = [
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", id.as_str()),
            ("Lambda-Runtime-Deadline-Ms", &deadline.to_string()),
            ("Lambda-Runtime-Invoked-Function-Arn", FUNCTION_ARN),
            ("Lambda-Runtime-Trace-Id", "Root=1-5e6722a7-cc56a1b2c3d4e5f60718293a;Sampled=0"),
        ];
        let bytes = response("200 OK", &headers, &state.event);
        // From here on the function works. The lock keeps its answer waiting until the time is noted.
        state.sent = Some(Instant::now());
        stream.write_all(&bytes)
    }

    fn note_answer(&self, request: Request, received: Instant) {
        let mut state = self.lock();
        let path = request.path.as_str();
        if path.ends_with("/init/error") {
            state.init_error = Some(String::from_utf8_lossy(&request.body).into_owned());
            self.changed.notify_all();
        } else if let Some(sent) = state.sent.take() {
            state.answers.push(Answer { sent, received, is_error: path.ends_with("/error"), body: request.body });
        }
    }

    /// A function without extensions never gets here; the others learn of no event.
    fn wait_until_stopped(&self) {
        drop(self.changed.wait_while(self.lock(), |state| !state.stopped));
    }
}
