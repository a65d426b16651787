//! Instructions to the user, and questions and confirmation prompts on a terminal.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use console::{Key, Term};

use crate::output::clean;
use crate::{CliError, input, io_error};

/// Prints the impact of an action, asks for confirmation, and reads one key. Any key but `y` declines.
///
/// # Errors
/// When the user declines, or there is no terminal.
pub(crate) fn confirm(impact: &str, question: &str) -> Result<(), CliError> {
    if !is_possible() {
        if !impact.is_empty() {
            instruct(impact);
        }
        return Err(CliError::usage(
            "this command asks for confirmation, but there is no terminal; nothing was changed",
        )
        .with_hint("add --yes to skip the confirmation"));
    }
    let term = Term::stderr();
    let ask = || -> io::Result<bool> {
        if !impact.is_empty() {
            term.write_line(impact)?;
        }
        term.write_str(&format!("{question} [y/N] "))?;
        let yes = matches!(term.read_key_raw()?, Key::Char('y' | 'Y'));
        term.write_line(if yes { "yes" } else { "no" })?;
        Ok(yes)
    };
    match ask() {
        Ok(true) => Ok(()),
        Ok(false) => Err(CliError::Cancelled),
        Err(error) => Err(unreadable(&error)),
    }
}

/// Questions on the terminal.
pub(crate) struct Questions(());

impl Questions {
    /// `None` if there is no terminal to ask on.
    ///
    /// # Errors
    /// When standard input is used for something else.
    pub(crate) fn start() -> Result<Option<Self>, CliError> {
        if is_possible() { input::stdin("questions").map(|_| Some(Self(()))) } else { Ok(None) }
    }

    /// Asks until the answer can be read, and returns it.
    ///
    /// # Errors
    /// When the user ends the input.
    pub(crate) fn ask<T>(&self, question: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<T, CliError> {
        let mut stderr = io::stderr();
        let failed = |error| unreadable(&error);
        loop {
            write!(stderr, "{question}: ").map_err(failed)?;
            let mut answer = String::new();
            if io::stdin().lock().read_line(&mut answer).map_err(failed)? == 0 {
                instruct("");
                return Err(CliError::Cancelled);
            }
            match read(answer.trim()) {
                Ok(value) => return Ok(value),
                Err(why) => instruct(&format!("  {why}")),
            }
        }
    }
}

fn unreadable(error: &io::Error) -> CliError {
    CliError::usage(format!("cannot read from the terminal: {}", io_error::explain(error)))
}

/// Whether the user can be asked.
fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Prints what the user has to do, even with `--quiet`: the command cannot continue without it.
pub(crate) fn instruct(text: &str) {
    // Ignore: stderr is gone.
    let _ = writeln!(io::stderr(), "{}", clean(text));
}
