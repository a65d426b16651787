//! What each command does: one module a command.

pub(crate) mod login;
pub(crate) mod logout;
mod whoami;

use crate::args::Command;
use crate::{Context, Failure, Outcome};

/// Does what was asked for.
///
/// # Errors
/// Why it was not done.
pub(crate) fn run(command: Command, context: &Context) -> Result<Outcome, Failure> {
    match command {
        Command::Login(args) => login::run(&args, context),
        Command::Logout(args) => logout::run(&args, context),
        Command::Whoami => whoami::run(context),
    }
}
