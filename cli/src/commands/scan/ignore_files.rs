//! Check that git ignore files are regular files. The `ignore` library opens any file, and opening a pipe may block
//! forever.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf, absolute};

/// Maximum length in bytes of a path in a file of a worktree.
const MAX_PATH_BYTES: u64 = 16 * 1024;

/// Whether a path exists and is neither a file nor a directory. The library does not read directories.
pub(super) fn is_irregular(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// First irregular ignore file of a path and of the directories above it.
pub(super) fn irregular_above(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().or_else(|_| absolute(path)).ok()?;
    path.ancestors().find_map(irregular_in)
}

/// First irregular ignore file of a directory: `.gitignore`, and those of a repository or worktree in it.
pub(super) fn irregular_in(directory: &Path) -> Option<PathBuf> {
    let mut files = vec![directory.join(".gitignore")];
    let git = directory.join(".git");
    if git.is_file() {
        if let Some(own) = first_line(&git).as_deref().and_then(|line| line.strip_prefix("gitdir: ")) {
            let common = Path::new(own).join("commondir");
            if let Some(line) = first_line(&common) {
                // Resolved as the library does it; relative paths written by git begin with a dot.
                let shared = if line.starts_with('.') { Path::new(own).join(line) } else { line.into() };
                files.push(shared.join("info/exclude"));
            }
            files.push(common);
        }
    } else {
        files.push(git.join("info/exclude"));
    }
    files.into_iter().find(|file| is_irregular(file))
}

/// First line of a regular file.
pub(super) fn first_line(path: &Path) -> Option<String> {
    let file = if path.is_file() { File::open(path).ok()? } else { return None };
    BufReader::new(file.take(MAX_PATH_BYTES)).lines().next()?.ok()
}
