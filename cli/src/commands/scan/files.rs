//! Search of files: all files below the given paths, including hidden and binary ones, and including ignored ones
//! unless `--skip-ignored` is given. `.git` is skipped: its history is read through git.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::detector::{Detector, ScanBuffer, TokenMatch};
use super::findings::{Findings, Part, Source};
use super::ignore_files;
use crate::input::{STDIN, stdin};
use crate::{CliError, config, io_error};

/// Searches all files below the paths, in parallel.
///
/// # Errors
/// When standard input is already in use.
pub(crate) fn search(
    paths: &[PathBuf],
    skip_ignored: bool,
    detector: &Detector,
    findings: &Findings,
) -> Result<(), CliError> {
    let (stdin_paths, paths): (Vec<&PathBuf>, Vec<&PathBuf>) = paths.iter().partition(|path| path.as_os_str() == STDIN);
    if !stdin_paths.is_empty() {
        search_in(Path::new(STDIN), detector.search(&mut ScanBuffer::new(), stdin("PATH")?), findings);
    }
    let unreadable = |path: &Path| findings.add_unread(&format!("{}: not a regular file", path.display()));
    let user_file = config::git_files().into_iter().find(|path| skip_ignored && ignore_files::is_irregular(path));
    user_file.iter().for_each(|path| unreadable(path));
    let mut walk = WalkBuilder::empty();
    for path in paths {
        // The walk follows named links, so their target is searched here, also if the path ends with a slash.
        let link = path.components().as_path();
        if let Ok(target) = fs::read_link(link) {
            add_target(link, &target, detector, findings);
        }
        match ignore_files::irregular_above(path).filter(|_| skip_ignored) {
            Some(irregular) => unreadable(&irregular),
            None => drop(walk.add(path)),
        }
    }
    // The filter requires a static lifetime.
    let irregular = Arc::new(Mutex::new(Vec::new()));
    let skipped = Arc::clone(&irregular);
    walk.hidden(false)
        .ignore(false)
        .parents(skip_ignored)
        .git_ignore(skip_ignored)
        .git_global(skip_ignored && user_file.is_none())
        .git_exclude(skip_ignored)
        .filter_entry(move |entry| {
            let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
            let found = (skip_ignored && is_dir && entry.depth() > 0).then(|| ignore_files::irregular_in(entry.path()));
            match found.flatten() {
                Some(path) => {
                    skipped.lock().unwrap_or_else(PoisonError::into_inner).push(path);
                    false
                }
                None => entry.depth() == 0 || entry.file_name() != ".git",
            }
        });
    walk.build_parallel().run(|| {
        let mut buffer = ScanBuffer::new();
        Box::new(move |entry| {
            visit(entry, &mut buffer, detector, findings);
            WalkState::Continue
        })
    });
    irregular.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|path| unreadable(path));
    Ok(())
}

fn visit(entry: Result<DirEntry, ignore::Error>, buffer: &mut ScanBuffer, detector: &Detector, findings: &Findings) {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) if error.depth().is_some_and(|depth| depth > 0) && is_not_found(&error) => return,
        Err(error) => return findings.add_unread(io_error::without_code(&error.to_string())),
    };
    let is_named = entry.depth() == 0;
    if !is_named {
        let name = entry.file_name().as_encoded_bytes();
        add(entry.path(), Part::Name, &detector.search_name(name), findings);
    }
    // Ignore files that were deleted during the scan.
    let is_error = |error: &io::Error| is_named || error.kind() != io::ErrorKind::NotFound;
    if entry.path_is_symlink() {
        match fs::read_link(entry.path()) {
            Ok(target) => add_target(entry.path(), &target, detector, findings),
            Err(error) if is_error(&error) => add_unread(entry.path(), &error, findings),
            Err(_) => {}
        }
    }
    if is_searched(&entry) {
        let found = File::open(entry.path()).and_then(|file| detector.search(buffer, file));
        if found.as_ref().err().is_none_or(is_error) {
            search_in(entry.path(), found, findings);
        }
    }
}

/// Whether an entry is a regular file. Pipes and devices may never end. Links are followed only if they are named on
/// the command line.
fn is_searched(entry: &DirEntry) -> bool {
    if entry.depth() == 0 { entry.path().is_file() } else { entry.file_type().is_some_and(|kind| kind.is_file()) }
}

fn is_not_found(error: &ignore::Error) -> bool {
    error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn search_in(path: &Path, found: io::Result<Vec<TokenMatch>>, findings: &Findings) {
    match found {
        Ok(found) => {
            findings.add_searched();
            add(path, Part::Contents, &found, findings);
        }
        Err(error) => {
            let path = path.strip_prefix(".").unwrap_or(path);
            add_unread(path, &error, findings);
        }
    }
}

fn add_unread(path: &Path, error: &io::Error, findings: &Findings) {
    findings.add_unread(&format!("{}: {}", path.display(), io_error::explain(error)));
}

fn add_target(link: &Path, target: &Path, detector: &Detector, findings: &Findings) {
    add(link, Part::LinkTarget, &detector.search_name(target.as_os_str().as_encoded_bytes()), findings);
}

fn add(path: &Path, part: Part, found: &[TokenMatch], findings: &Findings) {
    let path = path.strip_prefix(".").unwrap_or(path);
    for found in found {
        findings.add(Source::file(path.as_os_str().as_encoded_bytes()).in_part(part), found);
    }
}
