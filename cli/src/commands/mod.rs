//! What each command does: one module a command.

pub(crate) mod scan;
mod whoami;

use crate::args::Command;
use crate::{Context, Failure, Outcome};

/// Does what was asked for.
///
/// # Errors
/// Why it was not done.
pub(crate) fn run(command: Command, context: &Context) -> Result<Outcome, Failure> {
    match command {
        Command::Whoami => whoami::run(context),
        Command::Scan(args) => scan::run(&args, context),
    }
}
