//! Input that is not a credential: files, and standard input, which only one argument can use.

use std::fs;
use std::io::{self, Read as _, StdinLock};
use std::path::Path;
use std::sync::OnceLock;

use crate::{CliError, io_error};

/// The path that means standard input.
pub(crate) const STDIN: &str = "-";

/// Standard input, for the argument named `argument`.
///
/// # Errors
/// When another argument already uses it.
pub(crate) fn stdin(argument: &str) -> Result<StdinLock<'static>, CliError> {
    static USED_BY: OnceLock<String> = OnceLock::new();
    match USED_BY.set(argument.to_owned()) {
        Ok(()) => Ok(io::stdin().lock()),
        Err(_) => {
            let first = USED_BY.get().map_or("", String::as_str);
            Err(CliError::usage(format!("standard input cannot be used for both {first} and {argument}")))
        }
    }
}

/// Reads a text file, or standard input if the path is `-`. `argument` names it in errors.
///
/// # Errors
/// When it cannot be read, or is not UTF-8.
pub(crate) fn text(path: &Path, argument: &str) -> Result<String, CliError> {
    let mut text = String::new();
    let read = if path == Path::new(STDIN) {
        stdin(argument)?.read_to_string(&mut text).map(|_| text)
    } else {
        fs::read_to_string(path)
    };
    read.map_err(|error| CliError::usage(format!("{}: {}", name(path, argument), io_error::explain(&error))))
}

/// Name of an input in errors: the path, after its flag.
pub(crate) fn name(path: &Path, argument: &str) -> String {
    match (path == Path::new(STDIN), argument.starts_with('-')) {
        (true, _) => "standard input".to_owned(),
        (false, true) => format!("{argument} {}", path.display()),
        (false, false) => path.display().to_string(),
    }
}

/// Strips a leading byte order mark, which some editors write (RFC 8259, section 8.1, lets parsers ignore it).
pub(crate) fn without_bom(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
