//! `portcullis man`: manual pages.

use std::path::PathBuf;

use clap::Command;

use crate::{CliError, Context, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Directory to write the pages of all commands to [default: print the main page]
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, command: Command, context: &Context) -> Result<Outcome, CliError> {
    match &args.directory {
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page).map_err(CliError::Output)?;
            context.out.line(String::from_utf8_lossy(&page).trim_end())?;
        }
        Some(directory) => {
            let written =
                std::fs::create_dir_all(directory).and_then(|()| clap_mangen::generate_to(command, directory));
            written.map_err(|error| CliError::usage(format!("cannot write to {}: {error}", directory.display())))?;
            context.out.note(&format!("Wrote the manual pages to {}.", directory.display()));
        }
    }
    Ok(Outcome::Success)
}
