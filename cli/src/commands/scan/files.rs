//! The files that are here: every one below the paths that were named, hidden ones and binary
//! ones as well; what git ignores unless that is to be left out. Of a repository, `.git` is left
//! out: its history is read through git.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::find::{Finder, Window};
use super::findings::{Findings, Source};

/// Standard input, among the paths.
pub(crate) const STDIN: &str = "-";

/// Searches every file below the paths, side by side.
pub(crate) fn search(paths: &[PathBuf], skip_ignored: bool, finder: &Finder, findings: &Findings) {
    let (stdin, paths): (Vec<&PathBuf>, Vec<&PathBuf>) = paths.iter().partition(|path| path.as_os_str() == STDIN);
    if !stdin.is_empty() {
        search_in(Path::new(STDIN), finder.search(&mut Window::new(), io::stdin().lock()), findings);
    }
    let mut walk = WalkBuilder::empty();
    for path in &paths {
        walk.add(path);
    }
    walk.hidden(false)
        .ignore(false)
        .parents(skip_ignored)
        .git_ignore(skip_ignored)
        .git_global(skip_ignored)
        .git_exclude(skip_ignored)
        .filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git");
    walk.build_parallel().run(|| {
        let mut window = Window::new();
        Box::new(move |entry| {
            visit(entry, &mut window, finder, findings);
            WalkState::Continue
        })
    });
}

fn visit(entry: Result<DirEntry, ignore::Error>, window: &mut Window, finder: &Finder, findings: &Findings) {
    match entry {
        Ok(entry) if is_searched(&entry) => {
            let found = File::open(entry.path()).and_then(|file| finder.search(window, file));
            // What was deleted meanwhile has nothing in it any more.
            if entry.depth() == 0 || !matches!(&found, Err(error) if error.kind() == io::ErrorKind::NotFound) {
                search_in(entry.path(), found, findings);
            }
        }
        Ok(_) => {}
        Err(error) if error.depth().is_some_and(|depth| depth > 0) && is_gone(&error) => {}
        Err(error) => findings.unread(&error.to_string()),
    }
}

/// Whether it is a file. What was named may also be a pipe; elsewhere, a pipe or a device is
/// nothing that would come to an end, and a link leads to what is searched elsewhere or is not of
/// this tree.
fn is_searched(entry: &DirEntry) -> bool {
    match entry.file_type() {
        Some(kind) if entry.depth() == 0 => !kind.is_dir() && !entry.path().is_dir(),
        kind => kind.is_some_and(|kind| kind.is_file()),
    }
}

fn is_gone(error: &ignore::Error) -> bool {
    error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn search_in(path: &Path, found: io::Result<Vec<super::find::Found>>, findings: &Findings) {
    let path = path.strip_prefix(".").unwrap_or(path);
    match found {
        Ok(found) => {
            findings.searched();
            for found in found {
                findings.add(Source::file(path.as_os_str().as_encoded_bytes()), &found);
            }
        }
        Err(error) => findings.unread(&format!("{}: {error}", path.display())),
    }
}
