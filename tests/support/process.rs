//! A process of its own for one test.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use tempfile::NamedTempFile;

/// Names the file with the output of a process of [`alone`].
const OUTPUT: &str = "PORTCULLIS_TEST_OUTPUT";

/// Runs the test with this name again in another process, and `body` in that process. Its memory and its output are those
/// of `body` alone. `body` gets the file with the output.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "a variable tells the process of one test from that of all")]
pub(crate) fn alone(test: &str, body: impl FnOnce(&Path)) {
    if let Some(output) = std::env::var_os(OUTPUT) {
        return body(Path::new(&output));
    }
    let output = NamedTempFile::new().unwrap();
    let sink = || File::options().append(true).open(output.path()).unwrap();
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", test, "--nocapture"]).env(OUTPUT, output.path()).env("RUST_BACKTRACE", "full");
    let status = process.stdout(sink()).stderr(sink()).status().unwrap();
    let text = fs::read_to_string(output.path()).unwrap();
    assert!(status.success() && text.contains("1 passed"), "{text}");
}
