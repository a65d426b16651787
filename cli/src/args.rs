//! The command line. A secret has no place on it, and is refused wherever it stands.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};
use portcullis::text::{contains_credential, redact};

#[cfg(feature = "aws")]
use crate::commands::{audit, bootstrap};
use crate::commands::{catalog, completions, exchange, introspect, login, logout, man, scan, token, trust};

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

/// The flags that every command has.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Where the service is [env: PORTCULLIS_URL]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Which profile of the config file is used [env: PORTCULLIS_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// A file with your token, or - for standard input [env for the token itself: PORTCULLIS_API_TOKEN]
    #[arg(long, global = true, value_name = "PATH|-")]
    pub(crate) api_token_file: Option<PathBuf>,
    /// Print the service's JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print the least: a secret or an id alone, and nothing on standard error but errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Do not ask before what cannot be undone
    #[arg(short, long, global = true)]
    pub(crate) yes: bool,
    /// When to use colours; auto is on a terminal, unless NO_COLOR is set or TERM is dumb or empty
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
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
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent_in_itself() {
        Args::command().debug_assert();
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
