//! The command line. Arguments that contain a secret are refused.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use portcullis::text::{contains_credential, redact};

use crate::commands::{
    approval, audit, bootstrap, catalog, completions, doctor, exchange, introspect, login, logout, man, restore_check,
    scan, token, trust, whoami,
};
use crate::context::Global;
use crate::reference::{examples, exit_codes};
use crate::{CliError, Context, Outcome};

/// Create, view, edit and revoke API tokens for APIs on Amazon API Gateway.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, after_help = exit_codes())]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create, view, edit and revoke tokens
    #[command(subcommand, visible_alias = "api-token")]
    Token(token::Command),
    /// Request approvals, wait for them, and decide requests
    #[command(subcommand)]
    Approval(approval::Command),
    /// Sign in with a browser, and remember the service
    Login(login::Args),
    /// Sign out on this machine
    Logout(logout::Args),
    /// Show who you are and what you can do
    Whoami,
    /// Show whether a token is active, and whether it can make a request
    Introspect(introspect::Args),
    /// Show, validate and publish the permission catalog
    #[command(subcommand)]
    Catalog(catalog::Command),
    /// Exchange a CI job's OIDC token for a short-lived API token
    Exchange(exchange::Args),
    /// Test trust rules against an identity
    #[command(subcommand)]
    Trust(trust::Command),
    /// Print the completion script for a shell
    Completions(completions::Args),
    /// Print the manual page, or write the pages of all commands to a directory
    Man(man::Args),
    /// Find tokens in files and git history, and revoke them
    Scan(scan::Args),
    /// Create the first admin token of a deployed stack, with AWS credentials
    Bootstrap(bootstrap::Args),
    /// Show a token's requests from the audit log
    Audit(audit::Args),
    /// Check a deployed stack and the APIs that use its authorizer, with AWS credentials
    Doctor(doctor::Args),
    /// Revoke or disable the tokens that a table restored from a backup accepts again, with AWS credentials
    RestoreCheck(restore_check::Args),
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// When the command fails.
    pub(crate) fn run(self, context: &Context) -> Result<Outcome, CliError> {
        match self {
            Self::Token(command) => token::run(command, context),
            Self::Approval(command) => approval::run(command, context),
            Self::Login(args) => login::run(&args, context),
            Self::Logout(args) => logout::run(&args, context),
            Self::Exchange(args) => exchange::run(&args, context),
            Self::Trust(command) => trust::run(&command, context),
            Self::Whoami => whoami::run(context),
            Self::Introspect(args) => introspect::run(&args, context),
            Self::Catalog(command) => catalog::run(command, context),
            Self::Completions(args) => completions::run(&args, context),
            Self::Man(args) => man::run(&args, command(), context),
            Self::Scan(args) => scan::run(&args, context),
            Self::Bootstrap(args) => bootstrap::run(&args, context),
            Self::Audit(args) => audit::run(&args, context),
            Self::Doctor(args) => doctor::run(&args, context),
            Self::RestoreCheck(args) => restore_check::run(&args, context),
        }
    }
}

/// The command line's definition, with examples in the help.
pub(crate) fn command() -> clap::Command {
    examples::add(Args::command(), "")
}

/// Flags that would take a secret as their value.
const SECRET_FLAGS: [&str; 5] = ["--api-token", "--token", "--secret", "--password", "--bearer"];
const SECRET_REFUSED: &str = "\
error: secrets are not accepted on the command line: other users can see them, and shells save them in their history
hint: set PORTCULLIS_API_TOKEN, or use --api-token-file with a path, or - for standard input
";

impl Args {
    /// Parses the command line. Prints errors to standard error, with tokens redacted.
    pub(crate) fn read(arguments: Vec<OsString>) -> Result<Self, ExitCode> {
        if arguments.iter().skip(1).any(|argument| contains_secret(&argument.to_string_lossy())) {
            print_error(SECRET_REFUSED);
            return Err(ExitCode::from(2));
        }
        Self::parse(arguments).map_err(|error| {
            if error.use_stderr() && redact(&error.to_string()) != error.to_string() {
                print_error(&redact(&error.to_string()));
            } else {
                // Ignore: the error cannot be printed.
                let _ = error.print();
            }
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        })
    }

    /// Parses the command line.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Result<Self, clap::Error> {
        let mut command = command();
        let mut matches = command.try_get_matches_from_mut(arguments)?;
        Self::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
    }
}

/// Whether an argument is a flag for a secret, or contains a token or a JWT.
fn contains_secret(argument: &str) -> bool {
    let (flag, _) = argument.split_once('=').unwrap_or((argument, ""));
    SECRET_FLAGS.contains(&flag) || contains_credential(argument)
}

fn print_error(text: &str) {
    // Ignore: stderr is gone.
    let _ = io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_definition_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn free_text_values_may_begin_with_a_hyphen() {
        fn check(command: &clap::Command) {
            for text in ["owner", "name", "description", "comment", "resource"] {
                let flag = command.get_arguments().find(|flag| flag.get_long() == Some(text));
                assert!(flag.is_none_or(clap::Arg::is_allow_hyphen_values_set), "{} --{text}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        check(&command());
    }

    #[test]
    fn no_flag_has_an_optional_value() {
        fn check(command: &clap::Command) {
            for flag in command.get_arguments().filter(|argument| !argument.is_positional()) {
                let least = flag.get_num_args().map_or(0, |values| values.min_values());
                assert!(!flag.get_action().takes_values() || least > 0, "{}: {flag}", command.get_name());
            }
            command.get_subcommands().for_each(check);
        }
        let mut command = command();
        command.build();
        check(&command);
    }
}
