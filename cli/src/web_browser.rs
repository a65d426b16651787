//! The user's web browser.

use crate::config::is_set;
use crate::output::Output;
use crate::prompt::instruct;

/// Whether a browser can be opened here: `BROWSER` is set, or there is a desktop and no SSH session.
pub(crate) fn is_available() -> bool {
    let desktop = cfg!(any(target_os = "macos", windows)) || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
    is_set("BROWSER") || (desktop && !is_set("SSH_CONNECTION"))
}

/// Opens a page in the browser, or else asks the user to.
pub(crate) fn open(url: &str, out: &Output) {
    if is_available() && webbrowser::open(url).is_ok() {
        out.note(&format!("Opened {url}"));
    } else {
        instruct(&format!("Open {url} in your browser."));
    }
}
