//! What each command does: one module a command.

#[cfg(feature = "aws")]
pub(crate) mod audit;
#[cfg(feature = "aws")]
pub(crate) mod bootstrap;
pub(crate) mod catalog;
pub(crate) mod completions;
pub(crate) mod exchange;
pub(crate) mod introspect;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod man;
pub(crate) mod scan;
pub(crate) mod token;
pub(crate) mod trust;
mod whoami;

use crate::args::Command;
use crate::{Context, Failure, Outcome};

/// Does what was asked for.
///
/// # Errors
/// Why it was not done.
pub(crate) fn run(command: Command, context: &Context) -> Result<Outcome, Failure> {
    match command {
        Command::Token(command) => token::run(command, context),
        Command::Login(args) => login::run(&args, context),
        Command::Logout(args) => logout::run(&args, context),
        Command::Exchange(args) => exchange::run(&args, context),
        Command::Trust(command) => trust::run(&command, context),
        Command::Whoami => whoami::run(context),
        Command::Introspect(args) => introspect::run(&args, context),
        Command::Catalog(command) => catalog::run(command, context),
        Command::Completions(args) => completions::run(&args, context),
        Command::Man(args) => man::run(&args, context),
        Command::Scan(args) => scan::run(&args, context),
        #[cfg(feature = "aws")]
        Command::Bootstrap(args) => bootstrap::run(&args, context),
        #[cfg(feature = "aws")]
        Command::Audit(args) => audit::run(&args, context),
    }
}
