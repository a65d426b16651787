//! The command line. A secret has no place on it, and is refused wherever it stands.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};
use portcullis::text::{contains_credential, redact};

#[cfg(feature = "aws")]
use crate::commands::{audit, bootstrap};
use crate::commands::{catalog, completions, exchange, introspect, login, logout, man, scan, token, trust, whoami};
use crate::context::Global;
use crate::{CliError, Context, Outcome};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the answer is no: explain denies, introspect finds nothing, a check finds something
  2  the call or its input is wrong
  3  not let in: no credential, or one that is refused
  4  let in, but not allowed to do this
  5  not there
  6  conflict: changed meanwhile, or not possible as things are
  7  the service cannot be reached, or failed
  8  cancelled";

/// API tokens for APIs on Amazon API Gateway: create, look at, change and end them.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, after_help = EXIT_CODES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What there is to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create tokens, look at them, change and end them
    #[command(subcommand, visible_alias = "api-token")]
    Token(token::Command),
    /// Sign in as a person, with a browser
    Login(login::Args),
    /// Remove a sign-in from this machine
    Logout(logout::Args),
    /// Say who you are, what you may do and until when
    Whoami,
    /// Say what somebody's token is worth, and whether it may make a request
    Introspect(introspect::Args),
    /// Look at the catalog of permissions, roles and routes, check one and put it in force
    #[command(subcommand)]
    Catalog(catalog::Command),
    /// Exchange a CI job's identity for a token of a few minutes
    Exchange(exchange::Args),
    /// Try the catalog's trust rules, which say what identity gets what
    #[command(subcommand)]
    Trust(trust::Command),
    /// Print the completions of a shell
    Completions(completions::Args),
    /// Print the manual page, or write those of all commands into a directory
    Man(man::Args),
    /// Find tokens in files and in git's history, and revoke them
    Scan(scan::Args),
    /// Make the first admin token of a deployed stack, with AWS credentials
    #[cfg(feature = "aws")]
    Bootstrap(bootstrap::Args),
    /// Show a token's requests, from the audit log of a deployed stack or of this machine
    #[cfg(feature = "aws")]
    Audit(audit::Args),
}

impl Command {
    /// Does what was asked for.
    ///
    /// # Errors
    /// Why it was not done.
    pub(crate) fn run(self, context: &Context) -> Result<Outcome, CliError> {
        match self {
            Self::Token(command) => token::run(command, context),
            Self::Login(args) => login::run(&args, context),
            Self::Logout(args) => logout::run(&args, context),
            Self::Exchange(args) => exchange::run(&args, context),
            Self::Trust(command) => trust::run(&command, context),
            Self::Whoami => whoami::run(context),
            Self::Introspect(args) => introspect::run(&args, context),
            Self::Catalog(command) => catalog::run(command, context),
            Self::Completions(args) => completions::run(&args, Args::command(), context),
            Self::Man(args) => man::run(&args, Args::command(), context),
            Self::Scan(args) => scan::run(&args, context),
            #[cfg(feature = "aws")]
            Self::Bootstrap(args) => bootstrap::run(&args, context),
            #[cfg(feature = "aws")]
            Self::Audit(args) => audit::run(&args, context),
        }
    }
}

/// Flags that people try, and that would put a secret where others can read it.
const OF_SECRETS: [&str; 5] = ["--api-token", "--token", "--secret", "--password", "--bearer"];
const REFUSED: &str = "\
error: a secret on the command line is refused: other users of this machine can see the command line, and shells keep it
hint: use the environment variable PORTCULLIS_API_TOKEN, or --api-token-file with a path or - for standard input
";

impl Args {
    /// Reads the command line. What is wrong with it is said on standard error, and nothing that
    /// looks like a token is repeated.
    pub(crate) fn read(arguments: Vec<OsString>) -> Result<Self, ExitCode> {
        if arguments.iter().skip(1).any(|argument| holds_a_secret(&argument.to_string_lossy())) {
            complain(REFUSED);
            return Err(ExitCode::from(2));
        }
        Self::try_parse_from(arguments).map_err(|error| {
            if error.use_stderr() && redact(&error.to_string()) != error.to_string() {
                complain(&redact(&error.to_string()));
            } else {
                // Nothing is left to do if it cannot be printed.
                let _ = error.print();
            }
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        })
    }
}

/// Whether an argument is a flag that asks for a secret, or contains a token or a JWT.
fn holds_a_secret(argument: &str) -> bool {
    let (flag, _) = argument.split_once('=').unwrap_or((argument, ""));
    OF_SECRETS.contains(&flag) || contains_credential(argument)
}

fn complain(text: &str) {
    // Nobody is left to be told when this cannot be written.
    let _ = io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent_in_itself() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_free_text_may_begin_with_a_hyphen_in_every_command() {
        fn check(command: &clap::Command) {
            for text in ["owner", "name", "description", "comment", "resource"] {
                let flag = command.get_arguments().find(|flag| flag.get_long() == Some(text));
                assert!(flag.is_none_or(clap::Arg::is_allow_hyphen_values_set), "{} --{text}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&Args::command());
    }

    #[test]
    fn no_flag_takes_a_value_that_may_be_left_out() {
        fn check(command: &clap::Command) {
            for flag in command.get_arguments().filter(|argument| !argument.is_positional()) {
                let least = flag.get_num_args().map_or(0, |values| values.min_values());
                assert!(!flag.get_action().takes_values() || least > 0, "{}: {flag}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        let mut command = Args::command();
        command.build();
        check(&command);
    }
}
