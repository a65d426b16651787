//! Waits for the decision on a request.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portcullis::api_types::Approval;
use portcullis::text::counted;

use crate::CliError;
use crate::api::ApiResponse;
use crate::interrupt::on_interrupt;
use crate::output::Output;

/// First pause between two requests. Each following one is longer by half, up to the maximum.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const MAX_PAUSE: Duration = Duration::from_secs(10);
/// Maximum pause while requests fail. After each failure, the pause is twice as long.
const MAX_PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(60);
/// How often the remaining time is printed if standard error is no terminal. CI systems end jobs without output.
const REPORT_INTERVAL: Duration = Duration::from_secs(60);

/// What ended the wait.
pub(super) enum Waited {
    /// The request is no longer pending.
    Decided(ApiResponse),
    /// The time is over. The error is that of the last request, if it failed.
    TimedOut(Option<CliError>),
    /// Ctrl-C.
    Interrupted,
}

/// Ctrl-C, as an event.
pub(super) struct Interrupts(Receiver<()>);

impl Interrupts {
    /// Handles Ctrl-C as an event from now on. The second one ends the process.
    ///
    /// # Errors
    /// When the signal handler cannot be installed.
    pub(super) fn new() -> Result<Self, CliError> {
        let (sender, receiver) = channel();
        on_interrupt(move || {
            // Ignore: the receiver is gone, so the command is about to end.
            let _ = sender.send(());
        })?;
        Ok(Self(receiver))
    }

    /// Waits for a duration. Returns false on Ctrl-C.
    fn pause(&self, duration: Duration) -> bool {
        matches!(self.0.recv_timeout(duration), Err(RecvTimeoutError::Timeout))
    }
}

/// Waits until the request is decided, and shows the remaining time. `poll` reads the request.
///
/// # Errors
/// When the request cannot be read, and repeating it would not help.
pub(super) fn for_decision(
    poll: impl Fn() -> Result<ApiResponse, CliError>,
    wait: Duration,
    interrupts: &Interrupts,
    out: &Output,
) -> Result<Waited, CliError> {
    let bar = out.progress("Waiting for the decision");
    let started = Instant::now();
    let (mut reports, mut is_failing) = (Reports { last: wait }, false);
    let show = |left: Duration, failure: Option<&CliError>| {
        bar.set_message(format!("Waiting for the decision, {} left", remaining(left)));
        if bar.is_hidden() && reports.is_due(left) {
            out.note(&format!("Still waiting, {} left.", remaining(left)));
        }
        if let Some(error) = failure.filter(|_| !is_failing) {
            bar.suspend(|| out.warn(&format!("{error}; trying again")));
        }
        is_failing = failure.is_some();
    };
    let waited = poll_until_decided(poll, wait, || started.elapsed(), |time| interrupts.pause(time), show);
    bar.finish_and_clear();
    waited
}

/// Polls until the request is decided. `elapsed` is the time since the start. `pause` waits for a duration, and returns
/// false to stop. `show` gets the remaining time before each pause, and the error if the last request failed.
fn poll_until_decided(
    poll: impl Fn() -> Result<ApiResponse, CliError>,
    wait: Duration,
    elapsed: impl Fn() -> Duration,
    mut pause: impl FnMut(Duration) -> bool,
    mut show: impl FnMut(Duration, Option<&CliError>),
) -> Result<Waited, CliError> {
    let (mut next, mut failure) = (FIRST_PAUSE, None);
    loop {
        let left = wait.saturating_sub(elapsed());
        if left.is_zero() {
            return Ok(Waited::TimedOut(failure));
        }
        show(left, failure.as_ref());
        if !pause(next.min(left)) {
            return Ok(Waited::Interrupted);
        }
        let polled = poll().and_then(|response| Ok((response.read::<Approval>()?, response)));
        failure = match polled {
            Ok((approval, _)) if approval.status == "pending" => None,
            Ok((_, response)) => return Ok(Waited::Decided(response)),
            Err(error) if error.is_transient() => Some(error),
            Err(error) => return Err(error),
        };
        next = if failure.is_some() { (next * 2).min(MAX_PAUSE_AFTER_FAILURE) } else { (next * 3 / 2).min(MAX_PAUSE) };
    }
}

/// When the remaining time was printed.
struct Reports {
    /// The remaining time then, or else the whole time.
    last: Duration,
}

impl Reports {
    /// Whether it is to be printed again, at this remaining time.
    fn is_due(&mut self, left: Duration) -> bool {
        let is_due = self.last.saturating_sub(left) >= REPORT_INTERVAL;
        if is_due {
            self.last = left;
        }
        is_due
    }
}

/// `29 minutes`, rounded up; seconds only in the last minute.
fn remaining(left: Duration) -> String {
    let seconds = left.as_millis().div_ceil(1000);
    if seconds < 60 { counted(seconds, "second") } else { counted(seconds.div_ceil(60), "minute") }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use portcullis::api_types::Problem;
    use zeroize::Zeroizing;

    use super::*;
    use crate::error::ApiError;

    fn response(status: &str) -> ApiResponse {
        let body = serde_json::json!({
            "id": "01KEZ4RNR0D4B8Q7V1W2X3Y4Z5", "token_id": "0123456789abcdef", "token_name": "ci", "owner": "alice",
            "permission": "releases:write", "resource": "releases/42", "reason": "Deploy", "link": null,
            "status": status, "uses": "any", "valid_for": 900,
            "created_at": "2027-01-15T08:00:00Z", "lapses_at": "2027-01-16T08:00:00Z",
            "decided_at": null, "decided_by": null, "comment": null, "expires_at": null, "used_at": null,
            "ended_at": null, "ended_by": null,
        });
        ApiResponse { created: false, etag: None, body: Zeroizing::new(body.to_string()) }
    }

    fn refused(status: u16) -> CliError {
        CliError::Refused(ApiError::new(status, Problem::default(), String::new(), None, "/approvals/x"))
    }

    /// Waits for 10 minutes of simulated time. `poll` gets the time of the request. Returns the pauses in seconds, too.
    fn wait(poll: impl Fn(Duration) -> Result<ApiResponse, CliError>) -> (Result<Waited, CliError>, Vec<u64>) {
        let (now, pauses) = (Cell::new(Duration::ZERO), RefCell::new(Vec::new()));
        let pause = |time: Duration| {
            pauses.borrow_mut().push(time.as_secs());
            now.set(now.get() + time);
            true
        };
        let minutes = Duration::from_secs(600);
        let waited = poll_until_decided(|| poll(now.get()), minutes, || now.get(), pause, |_, _| ());
        (waited, pauses.into_inner())
    }

    #[test]
    fn the_pauses_grow_to_10_seconds_and_the_last_request_is_at_the_deadline() {
        let last = Cell::new(Duration::ZERO);
        let (waited, pauses) = wait(|at| {
            last.set(at);
            Ok(response("pending"))
        });
        assert!(matches!(waited, Ok(Waited::TimedOut(None))));
        assert!(pauses.starts_with(&[1, 1, 2, 3, 5, 7, 10, 10]), "{pauses:?}");
        assert_eq!(last.get(), Duration::from_secs(600));
    }

    #[test]
    fn failures_of_the_service_do_not_end_the_wait_and_slow_it_down() {
        let failures: [fn() -> CliError; 3] =
            [|| CliError::Unreachable("timed out".to_owned()), || refused(429), || refused(503)];
        for failure in failures {
            let (waited, pauses) = wait(|at| match at.as_secs() {
                100.. => Ok(response("approved")),
                _ => Err(failure()),
            });
            assert!(matches!(waited, Ok(Waited::Decided(_))));
            assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60]);
            assert!(matches!(wait(|_| Err(failure())).0, Ok(Waited::TimedOut(Some(_)))));
        }
    }

    #[test]
    fn a_refused_credential_ends_the_wait() {
        for status in [401, 403, 404] {
            let (waited, pauses) = wait(|_| Err(refused(status)));
            assert!(waited.is_err_and(|error| !error.is_transient()));
            assert_eq!(pauses, [1]);
        }
    }

    #[test]
    fn every_status_but_pending_ends_the_wait() {
        for status in ["approved", "rejected", "lapsed", "expired", "used", "ended", "later"] {
            assert!(matches!(wait(|_| Ok(response(status))).0, Ok(Waited::Decided(_))), "{status}");
        }
    }

    #[test]
    fn the_remaining_time_is_reported_once_a_minute() {
        let mut reports = Reports { last: Duration::from_secs(300) };
        let due: Vec<_> = (0..300).rev().filter(|left| reports.is_due(Duration::from_secs(*left))).collect();
        assert_eq!(due, [240, 180, 120, 60, 0]);
    }

    #[test]
    fn the_remaining_time_is_rounded_up_to_minutes() {
        let shown = [500, 1000, 59_000, 59_001, 61_000, 1_800_000].map(|ms| remaining(Duration::from_millis(ms)));
        assert_eq!(shown, ["1 second", "1 second", "59 seconds", "1 minute", "2 minutes", "30 minutes"]);
    }
}
