//! Ctrl-C, for commands that wait.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::CliError;

/// Calls `first` at the first Ctrl-C from now on. The second one ends the process.
///
/// # Errors
/// When the signal handler cannot be installed.
pub(crate) fn on_interrupt(first: impl Fn() + Send + 'static) -> Result<(), CliError> {
    let is_second = AtomicBool::new(false);
    let handle = move || {
        // The command may be in a network call, and not waiting.
        if is_second.swap(true, Ordering::Relaxed) {
            std::process::exit(CliError::Cancelled.exit_code().into());
        }
        first();
    };
    ctrlc::set_handler(handle).map_err(|error| CliError::usage(format!("cannot handle Ctrl-C: {error}")))
}
