//! `portcullis completions`: completion scripts.

use clap_complete::Shell;

use crate::{CliError, Context, Outcome, completion};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Shell to print the script for
    shell: Shell,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    context.out.line(&completion::script(args.shell)?)?;
    Ok(Outcome::Success)
}
