//! Whether the files that say what git ignores are regular ones. The library that reads them opens whatever is there,
//! and opening a pipe may never end.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf, absolute};

/// The bytes of the longest path that is read from a file of a worktree.
const MAX_PATH_BYTES: u64 = 16 * 1024;

/// Whether something is there that is neither a file nor a directory, which the library does not read.
pub(super) fn is_irregular(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// The first one that is not regular of those of a path that was named and of the directories above it.
pub(super) fn irregular_above(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().or_else(|_| absolute(path)).ok()?;
    path.ancestors().find_map(irregular_in)
}

/// The first one that is not regular of those of a directory: `.gitignore`, and those of a repository or a worktree
/// that begins there.
pub(super) fn irregular_in(directory: &Path) -> Option<PathBuf> {
    let mut files = vec![directory.join(".gitignore")];
    let git = directory.join(".git");
    if git.is_file() {
        if let Some(own) = first_line(&git).as_deref().and_then(|line| line.strip_prefix("gitdir: ")) {
            let common = Path::new(own).join("commondir");
            if let Some(line) = first_line(&common) {
                // As the library takes it; git's own begin with a dot where they are relative.
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

/// The first line of a file, if that is a regular one.
pub(super) fn first_line(path: &Path) -> Option<String> {
    let file = if path.is_file() { File::open(path).ok()? } else { return None };
    BufReader::new(file.take(MAX_PATH_BYTES)).lines().next()?.ok()
}
