//! `portcullis`: tokens from the command line. A thin client of the HTTP API that
//! `infra/openapi.yaml` describes.
//!
//! A module imports only from those above it:
//!
//! | module | is |
//! | --- | --- |
//! | `error`, `outcome` | how a command ends, and its exit code |
//! | `toml_error` | what is wrong with a file of TOML |
//! | `config` | flag over environment over config file |
//! | `proxy` | the proxy for a host, as the environment names it |
//! | `input` | files and standard input |
//! | `output` | data on standard output, talk on standard error |
//! | `prompt` | instructions and questions on a terminal |
//! | `api` | the HTTP client |
//! | `aws` | a deployed stack, seen with AWS credentials; with the feature of that name |
//! | `credentials` | the credential, and where it came from |
//! | `context` | what every command is given |
//! | `commands` | what each command does, and its flags |
//! | `args` | the command line: all commands, and what runs each |
//!
//! Without that feature it knows nothing of AWS: whatever it does, anybody can do with curl.

mod api;
mod args;
#[cfg(feature = "aws")]
mod aws;
mod commands;
mod config;
mod context;
mod credentials;
mod error;
mod input;
mod outcome;
mod output;
mod prompt;
mod proxy;
mod toml_error;

use std::process::ExitCode;

use args::Args;
use context::Context;
use error::CliError;
use outcome::Outcome;

fn main() -> ExitCode {
    let args = match Args::read(config::arguments()) {
        Ok(args) => args,
        Err(code) => return code,
    };
    let context = Context::new(args.global);
    match args.command.run(&context) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::No) => ExitCode::from(1),
        // Whoever was reading has read enough.
        Err(CliError::Closed) => ExitCode::SUCCESS,
        Err(failure) => {
            context.out.print_error(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
