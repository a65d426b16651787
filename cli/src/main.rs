//! `portcullis`: tokens from the command line. A thin client of the HTTP API that
//! `infra/openapi.yaml` describes.
//!
//! | module | is |
//! | --- | --- |
//! | `args` | the command line |
//! | `config` | flag over environment over config file |
//! | `credentials` | the credential, and where it came from |
//! | `api` | the HTTP client |
//! | `proxy` | the proxy for a host, as the environment names it |
//! | `input` | files and standard input |
//! | `error` | what went wrong, as a person would say it, and its exit code |
//! | `output` | data on standard output, talk on standard error |
//! | `prompt` | questions on a terminal |
//! | `commands` | what each command does |
//! | `aws` | a deployed stack, seen with AWS credentials; with the feature of that name |
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
mod output;
mod prompt;
mod proxy;

use std::process::ExitCode;

use args::Args;
use context::Context;
use error::Failure;

/// How a command ended that went well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is done.
    Done,
    /// The answer to what was asked is no.
    No,
}

fn main() -> ExitCode {
    let args = match Args::read(config::arguments()) {
        Ok(args) => args,
        Err(code) => return code,
    };
    let (command, context) = Context::of(args);
    match commands::run(command, &context) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::No) => ExitCode::from(1),
        // Whoever was reading has read enough.
        Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(failure) => {
            context.out.complain(&failure);
            ExitCode::from(failure.exit_code())
        }
    }
}
