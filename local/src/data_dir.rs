//! The directory that survives restarts: the database, the admin token, the logs, and a
//! lock so that one process uses it at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempDir};

const DATABASE: &str = "table.sqlite";

/// A directory in use by this process, until it is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    // Held for its lock; the system lets go of that however the process ends.
    _lock: File,
    // Removed with all that is in it when this is dropped.
    _temporary: Option<TempDir>,
}

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// The system does not let it be made or written.
    #[error("cannot use {} for the data: {error}", path.display())]
    Unusable {
        /// The directory, or the file in it.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Somebody else has it.
    #[error("the data directory {} is in use by another portcullis-local", .0.display())]
    InUse(PathBuf),
}

impl DataDir {
    /// Takes a directory, and makes it, for its owner alone, if it is not there.
    ///
    /// # Errors
    /// When it cannot be made or written, or another process uses it.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        Self::take(path, None)
    }

    /// Makes a directory that is removed when this process is done with it.
    ///
    /// # Errors
    /// When the system's temporary directory cannot be written.
    pub fn temporary() -> Result<Self, DataDirError> {
        let made = tempfile::Builder::new().prefix("portcullis-").tempdir();
        let made = made.map_err(|error| unusable(Path::new("(temporary)"), error))?;
        let path = made.path().to_owned();
        Self::take(&path, Some(made))
    }

    fn take(path: &Path, temporary: Option<TempDir>) -> Result<Self, DataDirError> {
        make_private(path).map_err(|error| unusable(path, not_a_directory(path, error)))?;
        // Absolute, so that what is printed can be pasted anywhere.
        let path = path.canonicalize().map_err(|error| unusable(path, error))?;
        let lock = private().truncate(false).open(path.join("lock"));
        let lock = lock.map_err(|error| unusable(&path, error))?;
        match lock.try_lock() {
            Ok(()) => {
                // What is empty is a new database; what SQLite puts beside it gets its mode.
                let database = path.join(DATABASE);
                private().truncate(false).open(&database).map_err(|error| unusable(&database, error))?;
                Ok(Self { path, _lock: lock, _temporary: temporary })
            }
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse(path)),
            Err(TryLockError::Error(error)) => Err(unusable(&path, error)),
        }
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the database is.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Where the admin token is.
    #[must_use]
    pub fn admin_token(&self) -> PathBuf {
        self.path.join("admin-token")
    }

    /// Where the access log is.
    #[must_use]
    pub fn access_log(&self) -> PathBuf {
        self.path.join("access.log")
    }

    /// Where the audit log is, as JSON whatever standard output shows.
    #[must_use]
    pub fn audit_log(&self) -> PathBuf {
        self.path.join("audit.log")
    }

    /// The admin token, if it was written.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read_admin_token(&self) -> Result<Option<String>, DataDirError> {
        match std::fs::read_to_string(self.admin_token()) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unusable(&self.admin_token(), error)),
        }
    }

    /// Writes the admin token, for the owner's eyes only. The file is there whole or not
    /// at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_admin_token(&self, token: &str) -> Result<(), DataDirError> {
        let write = || {
            // A temporary file has mode 0600 from its first moment.
            let mut file = NamedTempFile::new_in(&self.path)?;
            writeln!(file, "{token}")?;
            file.as_file().sync_all()?;
            file.persist(self.admin_token())?;
            Ok(())
        };
        write().map_err(|error| unusable(&self.admin_token(), error))
    }

    /// Opens the access log for appending.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open_access_log(&self) -> Result<File, DataDirError> {
        append(&self.access_log())
    }

    /// Opens the audit log for appending.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open_audit_log(&self) -> Result<File, DataDirError> {
        append(&self.audit_log())
    }
}

fn append(path: &Path) -> Result<File, DataDirError> {
    private().append(true).open(path).map_err(|error| unusable(path, error))
}

/// `create` says "File exists" of a file that stands where the directory should be.
fn not_a_directory(path: &Path, error: io::Error) -> io::Error {
    if path.exists() && !path.is_dir() { io::Error::from(io::ErrorKind::NotADirectory) } else { error }
}

fn unusable(path: &Path, error: io::Error) -> DataDirError {
    DataDirError::Unusable { path: path.to_owned(), error }
}

#[cfg(unix)]
fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_private(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}
