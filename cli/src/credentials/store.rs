//! Where sign-ins are kept: in the system's keyring, or in a file that only its owner can read.
//! The file lists them all, and so says where each of them is.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use portcullis::https_url::Url;
use serde::{Deserialize, Serialize};

use super::keyring;
use super::session::Session;
use crate::{CliError, config};

/// Where somebody wants sign-ins to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StorageChoice {
    /// In a file that only you can read
    File,
    /// In the system's keyring
    Keyring,
}

/// The sign-ins of a person on this machine.
pub(crate) struct Store {
    dir: PathBuf,
}

/// The store, while nobody else writes to it.
pub(crate) struct StoreGuard<'a> {
    store: &'a Store,
    // Let go of when it is closed.
    _lock: File,
}

#[derive(Default, Deserialize, Serialize)]
struct Document {
    sessions: BTreeMap<String, StoredIn>,
}

#[derive(Deserialize, Serialize)]
#[serde(tag = "stored_in", rename_all = "snake_case")]
enum StoredIn {
    File(Session),
    Keyring,
}

impl Store {
    /// `$XDG_DATA_HOME/portcullis`, or where the platform keeps data. None without a home.
    pub(crate) fn open() -> Option<Self> {
        config::data_dir().map(|dir| Self { dir })
    }

    /// The sign-in at a service.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub(crate) fn get(&self, url: &Url) -> Result<Option<Session>, CliError> {
        match self.read()?.sessions.remove(url.as_str()) {
            None => Ok(None),
            Some(StoredIn::File(session)) => Ok(Some(session)),
            Some(StoredIn::Keyring) => keyring::get(url.as_str()).map_err(|why| {
                CliError::SignIn(format!("the sign-in is in the system's keyring, which cannot be read: {why}"))
            }),
        }
    }

    /// The services at which somebody is signed in.
    ///
    /// # Errors
    /// Where the list cannot be read.
    pub(crate) fn urls(&self) -> Result<Vec<String>, CliError> {
        Ok(self.read()?.sessions.into_keys().collect())
    }

    /// Waits until nobody else writes.
    ///
    /// # Errors
    /// Where nothing can be written at all.
    pub(crate) fn lock(&self) -> Result<StoreGuard<'_>, CliError> {
        let locked = || -> io::Result<File> {
            create_private_dir(&self.dir)?;
            let file = private(File::options().write(true).create(true)).open(self.dir.join("credentials.lock"))?;
            file.lock()?;
            Ok(file)
        };
        let lock = locked().map_err(|error| self.failed("written to", &error))?;
        Ok(StoreGuard { store: self, _lock: lock })
    }

    fn path(&self) -> PathBuf {
        self.dir.join("credentials.json")
    }

    fn read(&self) -> Result<Document, CliError> {
        let text = match fs::read(self.path()) {
            Ok(text) => zeroize::Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Document::default()),
            Err(error) => return Err(self.failed("read", &error)),
        };
        serde_json::from_slice(&text).map_err(|_| {
            let path = self.path();
            CliError::usage(format!("{} is not what this version has written", path.display()))
                .with_hint("remove it, and sign in again")
        })
    }

    fn failed(&self, what: &str, error: &io::Error) -> CliError {
        CliError::usage(format!("{} cannot be {what}: {error}", self.path().display()))
    }
}

impl StoreGuard<'_> {
    /// Stores a new sign-in where it was chosen, or else in the keyring if there is one. Says
    /// where that is.
    ///
    /// # Errors
    /// Where it cannot be stored there.
    pub(crate) fn add(
        &mut self,
        url: &Url,
        session: &Session,
        storage: Option<StorageChoice>,
    ) -> Result<String, CliError> {
        let in_file = self.store.path().display().to_string();
        let (stored_in, place) = match storage {
            Some(StorageChoice::File) => (StoredIn::File(session.clone()), in_file),
            storage => match (keyring::put(url.as_str(), session), storage) {
                (Ok(()), _) => (StoredIn::Keyring, "the system's keyring".to_owned()),
                (Err(_), None) => (StoredIn::File(session.clone()), in_file),
                (Err(why), Some(_)) => {
                    let failure = CliError::usage(format!("the system's keyring does not take the sign-in: {why}"));
                    return Err(failure.with_hint("add --store file to store it in a file that only you can read"));
                }
            },
        };
        let was_in_keyring = self.replace(url.as_str(), Some(stored_in))?;
        if was_in_keyring && place != "the system's keyring" {
            self.forget(url.as_str())?;
        }
        Ok(place)
    }

    /// Stores a sign-in where the one before was.
    ///
    /// # Errors
    /// Where it cannot be stored there.
    pub(crate) fn put(&mut self, url: &Url, session: &Session) -> Result<(), CliError> {
        match self.store.read()?.sessions.get(url.as_str()) {
            Some(StoredIn::Keyring) => self.add(url, session, Some(StorageChoice::Keyring)).map(drop),
            _ => self.replace(url.as_str(), Some(StoredIn::File(session.clone()))).map(drop),
        }
    }

    /// Removes a sign-in.
    ///
    /// # Errors
    /// Where it is still there.
    pub(crate) fn remove(&mut self, url: &str) -> Result<(), CliError> {
        // The list last: what it does not name, nobody removes.
        if matches!(self.store.read()?.sessions.get(url), Some(StoredIn::Keyring)) {
            self.forget(url)?;
        }
        self.replace(url, None).map(drop)
    }

    fn forget(&self, url: &str) -> Result<(), CliError> {
        keyring::remove(url)
            .map_err(|why| CliError::usage(format!("the sign-in is still in the system's keyring: {why}")))
    }

    /// Writes the file anew, beside it and then in its place: whoever reads it sees the one or the
    /// other, and a full disk costs nothing. Says whether the one before was in the keyring.
    fn replace(&mut self, url: &str, stored_in: Option<StoredIn>) -> Result<bool, CliError> {
        let mut document = self.store.read()?;
        let before = match stored_in {
            Some(stored_in) => document.sessions.insert(url.to_owned(), stored_in),
            None => document.sessions.remove(url),
        };
        let write = || -> io::Result<()> {
            // Mode 0600 from its beginning.
            let mut file = tempfile::NamedTempFile::new_in(&self.store.dir)?;
            let text = zeroize::Zeroizing::new(serde_json::to_vec_pretty(&document)?);
            file.write_all(&text)?;
            file.as_file().sync_all()?;
            file.persist(self.store.path())?;
            Ok(())
        };
        write().map_err(|error| self.store.failed("written", &error))?;
        Ok(matches!(before, Some(StoredIn::Keyring)))
    }
}

/// Options of which a file that is made is for its owner alone, whatever the umask.
#[cfg(unix)]
pub(crate) fn private(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

#[cfg(not(unix))]
pub(crate) fn private(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    options
}

/// Makes a directory for its owner alone, and those above it that are not there.
fn create_private_dir(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}
