//! Events that `login` waits for: the browser's callback, Ctrl-C, or the timeout.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use super::callback_server::Callback;
use crate::CliError;
use crate::interrupt::on_interrupt;

/// An event.
pub(super) enum Event {
    /// A browser requested the redirect URI.
    Callback(Callback),
    /// Ctrl-C.
    Interrupted,
}

impl From<Callback> for Event {
    fn from(callback: Callback) -> Self {
        Self::Callback(callback)
    }
}

/// Queue of events.
pub(super) struct SignInEvents {
    pub(super) sender: Sender<Event>,
    receiver: Receiver<Event>,
}

impl SignInEvents {
    /// Handles Ctrl-C as an event from now on. The second one ends the process.
    ///
    /// # Errors
    /// When the signal handler cannot be installed.
    pub(super) fn new() -> Result<Self, CliError> {
        let (sender, receiver) = channel();
        let interrupts = sender.clone();
        on_interrupt(move || {
            // Ignore: the receiver is gone, so the command is about to end.
            let _ = interrupts.send(Event::Interrupted);
        })?;
        Ok(Self { sender, receiver })
    }

    /// Waits for the next callback.
    ///
    /// # Errors
    /// On Ctrl-C, and at the deadline.
    pub(super) fn next_callback(&self, deadline: Instant) -> Result<Callback, CliError> {
        match self.receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Event::Callback(callback)) => Ok(callback),
            Ok(Event::Interrupted) => Err(CliError::Cancelled),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Err(timed_out()),
        }
    }

    /// Waits for a duration.
    ///
    /// # Errors
    /// On Ctrl-C, and when the deadline is sooner.
    pub(super) fn pause(&self, duration: Duration, deadline: Instant) -> Result<(), CliError> {
        if Instant::now() + duration > deadline {
            // Wait exactly until the deadline.
            return self.pause_until(deadline).and(Err(timed_out()));
        }
        self.pause_until(Instant::now() + duration)
    }

    fn pause_until(&self, until: Instant) -> Result<(), CliError> {
        match self.receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(_) => Err(CliError::Cancelled),
            Err(_) => Ok(()),
        }
    }
}

fn timed_out() -> CliError {
    CliError::sign_in("timed out waiting for sign-in".to_owned())
}
