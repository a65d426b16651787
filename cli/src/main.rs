//! The command `portcullis`: a thin client of the HTTP API that `infra/openapi.yaml` describes.
//!
//! Modules import only from modules above them:
//!
//! | module | contents |
//! | --- | --- |
//! | `io_error` | errors of files and connections |
//! | `error`, `outcome` | results of commands, and exit codes |
//! | `position` | positions in text files |
//! | `toml_error` | errors in TOML files |
//! | `json_error` | errors in JSON files |
//! | `flag_value` | parsers of flag values |
//! | `private_file` | files that only their owner can use |
//! | `config` | flags, environment and config file |
//! | `proxy` | HTTP proxy settings of the environment |
//! | `input` | files and standard input |
//! | `output` | data on standard output, messages on standard error |
//! | `prompt` | instructions and confirmation prompts |
//! | `web_browser` | the user's web browser |
//! | `interrupt` | Ctrl-C |
//! | `api` | the HTTP client |
//! | `aws` | access to a deployed stack with AWS credentials |
//! | `credentials` | the credential and its source |
//! | `completion` | completion of the command line |
//! | `context` | context that every command receives |
//! | `reference` | reference text of the help and the manual pages |
//! | `commands` | the commands and their flags |
//! | `args` | the command line |

mod api;
mod args;
mod aws;
mod commands;
mod completion;
mod config;
mod context;
mod credentials;
mod error;
mod flag_value;
mod input;
mod interrupt;
mod io_error;
mod json_error;
mod outcome;
mod output;
mod position;
mod private_file;
mod prompt;
mod proxy;
mod reference;
mod toml_error;
mod web_browser;

use std::process::ExitCode;

use args::Args;
use context::Context;
use error::CliError;
use outcome::Outcome;

fn main() -> ExitCode {
    if completion::respond(args::command) {
        return ExitCode::SUCCESS;
    }
    let args = match Args::read(config::arguments()) {
        Ok(args) => args,
        Err(code) => return code,
    };
    let context = Context::new(args.global);
    match args.command.run(&context) {
        Ok(Outcome::Success) => ExitCode::SUCCESS,
        Ok(Outcome::Negative) => ExitCode::from(1),
        // The reader of standard output closed it, such as `head`.
        Err(CliError::Closed) => ExitCode::SUCCESS,
        Err(error) => {
            context.out.print_error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}
