//! What `login` waits for: the browser that comes back, Ctrl-C, or the end of its patience.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::callback_server::Callback;
use crate::CliError;

/// What can happen.
pub(super) enum Event {
    /// A browser has come to the redirect URI.
    Callback(Callback),
    /// Ctrl-C.
    Interrupted,
}

impl From<Callback> for Event {
    fn from(callback: Callback) -> Self {
        Self::Callback(callback)
    }
}

/// What happens.
pub(super) struct Events {
    pub(super) sender: Sender<Event>,
    receiver: Receiver<Event>,
}

impl Events {
    /// From now on Ctrl-C is an event, and the end if it comes twice.
    ///
    /// # Errors
    /// Where the system does not let it be one.
    pub(super) fn new() -> Result<Self, CliError> {
        let (sender, receiver) = channel();
        let interrupts = sender.clone();
        let twice = AtomicBool::new(false);
        let interrupted = move || {
            // Between two waits it may be the network that takes its time.
            if twice.swap(true, Ordering::Relaxed) {
                std::process::exit(8);
            }
            // It fails when nobody waits any more; then the little that is left is done.
            let _ = interrupts.send(Event::Interrupted);
        };
        ctrlc::set_handler(interrupted)
            .map_err(|error| CliError::usage(format!("Ctrl-C cannot be waited for: {error}")))?;
        Ok(Self { sender, receiver })
    }

    /// The next browser that comes.
    ///
    /// # Errors
    /// On Ctrl-C, and when it is too late.
    pub(super) fn next_callback(&self, deadline: Instant) -> Result<Callback, CliError> {
        match self.receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Event::Callback(callback)) => Ok(callback),
            Ok(Event::Interrupted) => Err(CliError::Cancelled),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(timed_out()),
        }
    }

    /// Waits.
    ///
    /// # Errors
    /// On Ctrl-C, and when that would be too late.
    pub(super) fn pause(&self, duration: Duration, deadline: Instant) -> Result<(), CliError> {
        if Instant::now() + duration > deadline {
            // Not a moment longer than was said, and not a moment less.
            return self.pause_until(deadline).and(Err(timed_out()));
        }
        self.pause_until(Instant::now() + duration)
    }

    fn pause_until(&self, moment: Instant) -> Result<(), CliError> {
        match self.receiver.recv_timeout(moment.saturating_duration_since(Instant::now())) {
            Ok(_) => Err(CliError::Cancelled),
            Err(_) => Ok(()),
        }
    }
}

fn timed_out() -> CliError {
    CliError::SignIn("nobody has signed in in time".to_owned())
}
