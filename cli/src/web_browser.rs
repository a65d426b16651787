//! The user's web browser.

use crate::config::is_set;
use crate::output::Output;
use crate::prompt::instruct;
use crate::{CliError, io_error};

/// Whether a browser can be opened here: `BROWSER` is set, or there is a desktop and no SSH session.
pub(crate) fn is_available() -> bool {
    let desktop = cfg!(any(target_os = "macos", windows)) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
    is_set("BROWSER") || (desktop && !is_set("SSH_CONNECTION"))
}

/// Opens a page in the browser. If there is none, asks the user to.
///
/// # Errors
/// When the browser cannot be started.
pub(crate) fn open(url: &str, out: &Output) -> Result<(), CliError> {
    if !is_available() {
        instruct(&format!("Open {url} in your browser."));
        return Ok(());
    }
    webbrowser::open(url).map_err(|error| {
        CliError::Unfinished(format!("cannot start the browser: {}; open {url}", io_error::explain(&error)))
    })?;
    out.note(&format!("Opened {url}"));
    Ok(())
}
