//! `portcullis completions`: completion scripts.

use clap::Command;
use clap_complete::Shell;

use crate::{CliError, Context, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Shell to print the script for
    shell: Shell,
}

pub(crate) fn run(args: &Args, mut command: Command, context: &Context) -> Result<Outcome, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "portcullis", &mut script);
    context.out.line(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Outcome::Success)
}
