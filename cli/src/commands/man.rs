//! `portcullis man`: manual pages.

use std::path::{Path, PathBuf};
use std::{fs, io};

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use crate::reference::{ENVIRONMENT, EXIT_CODES, FILES, examples};
use crate::{CliError, Context, Outcome, io_error};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Directory to write the pages of all commands to [default: print the main page]
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, command: Command, context: &Context) -> Result<Outcome, CliError> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    match &args.directory {
        None => {
            let page = page(command, "").map_err(CliError::Output)?;
            context.out.line(String::from_utf8_lossy(&page).trim_end())?;
        }
        Some(directory) => {
            let written = fs::create_dir_all(directory).and_then(|()| write_pages(command, "", directory));
            written.map_err(|error| {
                CliError::usage(format!("cannot write to {}: {}", directory.display(), io_error::explain(&error)))
            })?;
            context.out.note(&format!("Wrote the manual pages to {}.", directory.display()));
        }
    }
    Ok(Outcome::Success)
}

/// Writes the pages of a command and of its subcommands. `path` is the command without the program's name.
fn write_pages(command: Command, path: &str, directory: &Path) -> io::Result<()> {
    for subcommand in command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()) {
        let path = format!("{path} {}", subcommand.get_name());
        write_pages(subcommand.clone(), path.trim_start(), directory)?;
    }
    let name = Man::new(command.clone()).get_filename();
    fs::write(directory.join(name), page(command, path)?)
}

/// The page of a command.
fn page(command: Command, path: &str) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    // The sections below replace the text after the help.
    Man::new(command.after_help(None)).render(&mut page)?;
    let mut roff = Roff::new();
    let exit_codes = EXIT_CODES.map(|(code, meaning)| (code.to_string(), meaning));
    add_list(&mut roff, "EXIT STATUS", exit_codes.iter().map(|(code, meaning)| (code.as_str(), *meaning)));
    add_list(&mut roff, "ENVIRONMENT", ENVIRONMENT);
    add_list(&mut roff, "FILES", FILES);
    add_examples(&mut roff, examples::of(path));
    roff.to_writer(&mut page)?;
    Ok(page)
}

fn add_list<'a>(roff: &mut Roff, heading: &str, items: impl IntoIterator<Item = (&'a str, &'a str)>) {
    roff.control("SH", [heading]);
    for (name, meaning) in items {
        roff.control("TP", []).text([bold(name)]).text([roman(meaning)]);
    }
}

fn add_examples(roff: &mut Roff, examples: &[examples::Example]) {
    if examples.is_empty() {
        return;
    }
    roff.control("SH", ["EXAMPLES"]);
    for (what, line) in examples {
        roff.control("PP", []);
        if !what.is_empty() {
            roff.text([roman(format!("{what}:"))]);
        }
        roff.control("RS", ["4"]).control("nf", []).text([bold(*line)]).control("fi", []).control("RE", []);
    }
}
