//! Storage directory: the database, the admin token, the logs, and a lock that keeps other processes
//! out.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempDir};

const DATABASE: &str = "table.sqlite";

/// A data directory, locked by this process until it is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    // Holds the lock, which the system releases when the process ends.
    _lock: File,
    // Removed with its contents when dropped.
    _temporary: Option<TempDir>,
}

/// The data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It cannot be created or written.
    #[error("cannot use {} as the data directory: {error}", path.display())]
    Unusable {
        /// The directory, or the file in it.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// Another process uses it.
    #[error("the data directory {} is in use by another portcullis-local", .0.display())]
    InUse(PathBuf),
}

impl DataDir {
    /// Opens a directory. Creates it if missing, with access for its owner only.
    ///
    /// # Errors
    /// It cannot be created or written, or another process uses it.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        Self::take(path, None)
    }

    /// Creates a temporary directory that is removed when dropped.
    ///
    /// # Errors
    /// The system's temporary directory cannot be written.
    pub fn temporary() -> Result<Self, DataDirError> {
        let made = tempfile::Builder::new().prefix("portcullis-").tempdir();
        let made = made.map_err(|error| unusable(Path::new("(temporary)"), error))?;
        let path = made.path().to_owned();
        Self::take(&path, Some(made))
    }

    fn take(path: &Path, temporary: Option<TempDir>) -> Result<Self, DataDirError> {
        make_private(path).map_err(|error| unusable(path, not_a_directory(path, error)))?;
        // Absolute, so that printed paths work in any directory.
        let path = path.canonicalize().map_err(|error| unusable(path, error))?;
        let lock = private().truncate(false).open(path.join("lock"));
        let lock = lock.map_err(|error| unusable(&path, error))?;
        match lock.try_lock() {
            Ok(()) => {
                // An empty file is a new database; SQLite copies its mode to the files beside it.
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

    /// Path of the database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Path of the admin token.
    #[must_use]
    pub fn admin_token(&self) -> PathBuf {
        self.path.join("admin-token")
    }

    /// Path of the access log.
    #[must_use]
    pub fn access_log(&self) -> PathBuf {
        self.path.join("access.log")
    }

    /// Path of the audit log, which is always JSON.
    #[must_use]
    pub fn audit_log(&self) -> PathBuf {
        self.path.join("audit.log")
    }

    /// Path of the change log.
    #[must_use]
    pub fn change_log(&self) -> PathBuf {
        self.path.join("changes.log")
    }

    /// Reads the admin token, if the file exists.
    ///
    /// # Errors
    /// The file exists but cannot be read.
    pub fn read_admin_token(&self) -> Result<Option<String>, DataDirError> {
        match std::fs::read_to_string(self.admin_token()) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unusable(&self.admin_token(), error)),
        }
    }

    /// Writes the admin token atomically, readable by its owner only.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_admin_token(&self, token: &str) -> Result<(), DataDirError> {
        let write = || {
            // A temporary file is created with mode 0600.
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
    /// The file cannot be written.
    pub fn open_access_log(&self) -> Result<File, DataDirError> {
        append(&self.access_log())
    }

    /// Opens the audit log for appending.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn open_audit_log(&self) -> Result<File, DataDirError> {
        append(&self.audit_log())
    }

    /// Opens the change log for appending.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn open_change_log(&self) -> Result<File, DataDirError> {
        append(&self.change_log())
    }
}

fn append(path: &Path) -> Result<File, DataDirError> {
    private().append(true).open(path).map_err(|error| unusable(path, error))
}

/// `create` reports "File exists" if the path is a file.
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
