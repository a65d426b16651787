//! Instructions to the user, and confirmation prompts on a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use console::{Key, Term};

use crate::CliError;
use crate::output::clean;

/// Prints the impact of an action, asks for confirmation, and reads one key. Any key but `y` declines.
///
/// # Errors
/// When the user declines, or there is no terminal.
pub(crate) fn confirm(impact: &str, question: &str) -> Result<(), CliError> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(CliError::usage("this command asks for confirmation, but there is no terminal")
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
        Err(error) => Err(CliError::usage(format!("cannot read from the terminal: {error}"))),
    }
}

/// Prints what the user has to do, even with `--quiet`: the command cannot continue without it.
pub(crate) fn instruct(text: &str) {
    // Ignore: stderr is gone.
    let _ = writeln!(io::stderr(), "{}", clean(text));
}
