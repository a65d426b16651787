//! Files and directories that only their owner can use, whatever the umask.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// Makes new files accessible to their owner only.
#[cfg(unix)]
pub(crate) fn private(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

#[cfg(not(unix))]
pub(crate) fn private(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    options
}

/// Creates a directory and its missing parents.
pub(crate) fn create_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Creates or replaces a file in an existing directory. Writes a temporary file and renames it, so that readers never
/// see a partial file and a full disk loses nothing.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    // Created with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
