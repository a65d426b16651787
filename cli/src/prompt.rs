//! What a person has to do or to answer: instructions, and questions on a terminal before what cannot be undone.

use std::io::{self, IsTerminal as _, Write as _};

use console::{Key, Term};

use crate::CliError;
use crate::output::clean;

/// Says what will break, asks, and waits for `y`. Anything else is a no.
///
/// # Errors
/// Where the answer is no, or nobody is there to ask.
pub(crate) fn ask(what: &str, question: &str) -> Result<(), CliError> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Err(CliError::usage("this cannot be undone, and there is no terminal to ask on")
            .with_hint("add --yes to do it without being asked"));
    }
    let term = Term::stderr();
    let said = || -> io::Result<bool> {
        if !what.is_empty() {
            term.write_line(what)?;
        }
        term.write_str(&format!("{question} [y/N] "))?;
        let yes = matches!(term.read_key_raw()?, Key::Char('y' | 'Y'));
        term.write_line(if yes { "yes" } else { "no" })?;
        Ok(yes)
    };
    match said() {
        Ok(true) => Ok(()),
        Ok(false) => Err(CliError::Cancelled),
        Err(error) => Err(CliError::usage(format!("the terminal cannot be asked: {error}"))),
    }
}

/// Says what a person has to do: with `--quiet` as well, as nothing goes on without it.
pub(crate) fn instruct(text: &str) {
    // Nobody is left to be told when this cannot be written.
    let _ = writeln!(io::stderr(), "{}", clean(text));
}
