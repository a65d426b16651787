//! Check that the files git opens in a repository are regular files. Opening a pipe may block git forever.
//!
//! Loose objects, and files that the configuration or `alternates` names, are not checked: the timeout in `git` covers
//! them.

use std::fs;
use std::path::{Path, PathBuf};

use super::ignore_files::{first_line, is_irregular};

/// Directories of a repository whose files git opens, at any depth.
const OPENED: [&str; 6] = ["info", "logs", "objects/info", "objects/pack", "refs", "reftable"];
/// The socket of git's file system monitor, which a scan does not use.
const MONITOR_SOCKET: &str = "fsmonitor--daemon.ipc";

/// First irregular file of the repository of a directory. The repository is found as git finds it: upwards, `.git`
/// before the directory itself.
pub(super) fn irregular_in_repository(directory: &Path) -> Option<PathBuf> {
    let directory = directory.canonicalize().ok()?;
    for directory in directory.ancestors() {
        for candidate in [git_directory(directory), directory.to_owned()] {
            // Git opens `HEAD` before it knows whether the directory is a repository.
            let head = candidate.join("HEAD");
            if is_irregular(&head) {
                return Some(head);
            }
            if head.symlink_metadata().is_ok() && is_repository(&candidate) {
                return irregular_in_git_directory(&candidate);
            }
        }
    }
    None
}

/// `.git` in a directory, or the directory that a `.git` file names.
fn git_directory(directory: &Path) -> PathBuf {
    let git = directory.join(".git");
    let named = first_line(&git).and_then(|line| Some(line.strip_prefix("gitdir: ")?.trim_end().to_owned()));
    named.map_or(git, |named| directory.join(named))
}

/// Whether a directory is a repository, or the git directory of a worktree.
fn is_repository(directory: &Path) -> bool {
    directory.join("commondir").symlink_metadata().is_ok()
        || ["objects", "refs"].iter().all(|name| directory.join(name).is_dir())
}

fn irregular_in_git_directory(directory: &Path) -> Option<PathBuf> {
    let own = irregular_below(directory);
    let common = || {
        let named = first_line(&directory.join("commondir"))?;
        irregular_below(&directory.join(named.trim_end()).canonicalize().ok()?)
    };
    own.or_else(common)
}

/// First irregular file of a git directory or a common directory, including its worktrees.
fn irregular_below(directory: &Path) -> Option<PathBuf> {
    let worktrees = entries(&directory.join("worktrees")).map(|entry| entry.path()).filter(|path| path.is_dir());
    [directory.to_owned()].into_iter().chain(worktrees).find_map(|directory| {
        let objects = directory.join("objects");
        let direct = irregular_among(&directory, false).or_else(|| irregular_among(&objects, false));
        direct.or_else(|| OPENED.iter().find_map(|name| irregular_among(&directory.join(name), true)))
    })
}

/// First irregular entry of a directory. Links to directories are not followed, because they may form a loop.
fn irregular_among(directory: &Path, is_deep: bool) -> Option<PathBuf> {
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in entries(&directory).filter(|entry| entry.file_name() != MONITOR_SOCKET) {
            match entry.file_type() {
                Ok(kind) if kind.is_file() => {}
                Ok(kind) if kind.is_dir() && is_deep => directories.push(entry.path()),
                _ if is_irregular(&entry.path()) => return Some(entry.path()),
                _ => {}
            }
        }
    }
    None
}

/// Entries of a directory. Errors are ignored: git reports what it cannot read.
fn entries(directory: &Path) -> impl Iterator<Item = fs::DirEntry> + use<> {
    fs::read_dir(directory).into_iter().flatten().flatten()
}
