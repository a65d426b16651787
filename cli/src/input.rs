//! What a command reads that is no credential: the text of a file, or standard input, which one reader alone can have.

use std::fs;
use std::io::{self, Read as _, StdinLock};
use std::path::Path;
use std::sync::OnceLock;

use crate::CliError;

/// Standard input, among paths.
pub(crate) const STDIN: &str = "-";

/// Standard input, for the argument that is called `what`.
///
/// # Errors
/// Where another argument has it already: it would find nothing there.
pub(crate) fn stdin(what: &str) -> Result<StdinLock<'static>, CliError> {
    static TAKEN: OnceLock<String> = OnceLock::new();
    match TAKEN.set(what.to_owned()) {
        Ok(()) => Ok(io::stdin().lock()),
        Err(_) => {
            let first = TAKEN.get().map_or("", String::as_str);
            Err(CliError::usage(format!("standard input cannot hold both {first} and {what}")))
        }
    }
}

/// The text of a file, or of standard input where the path is `-`. `what` names the argument in an error.
///
/// # Errors
/// Where it cannot be read, or is not UTF-8.
pub(crate) fn text(path: &Path, what: &str) -> Result<String, CliError> {
    let mut text = String::new();
    let read = if path == Path::new(STDIN) {
        stdin(what)?.read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    read.map_err(|error| CliError::usage(format!("{what} {}: {error}", path.display())))
}

/// A text without the byte order mark that some editors put before it (RFC 8259, section 8.1, lets a parser ignore it).
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
