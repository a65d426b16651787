//! Storage of sign-ins: in the system's keyring, or in a file that only its owner can read. The file lists
//! all sign-ins, and where each is stored.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use clap::ValueEnum;
use portcullis::https_url::Url;
use serde::{Deserialize, Serialize};

use super::keyring;
use super::session::Session;
use crate::private_file::{self, create_private_dir, private};
use crate::{CliError, config, io_error};

/// Where to store a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StorageChoice {
    /// In a file that only you can read
    File,
    /// In the system's keyring
    Keyring,
}

/// The sign-ins stored on this machine.
pub(crate) struct Store {
    dir: PathBuf,
}

/// The store, locked for writing.
pub(crate) struct StoreGuard<'a> {
    store: &'a Store,
    // Closing it releases the lock.
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
    /// Opens the store in the data directory. `None` without a home directory.
    pub(crate) fn open() -> Option<Self> {
        config::data_dir().map(|dir| Self { dir })
    }

    /// The session of a service.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn get(&self, url: &Url) -> Result<Option<Session>, CliError> {
        match self.read()?.sessions.remove(url.as_str()) {
            None => Ok(None),
            Some(StoredIn::File(session)) => Ok(Some(session)),
            Some(StoredIn::Keyring) => keyring::get(url.as_str())
                .map_err(|why| CliError::sign_in(format!("cannot read the sign-in from the system's keyring: {why}"))),
        }
    }

    /// URLs of the services with a stored sign-in.
    ///
    /// # Errors
    /// When the list cannot be read.
    pub(crate) fn urls(&self) -> Result<Vec<String>, CliError> {
        Ok(self.read()?.sessions.into_keys().collect())
    }

    /// Locks the store for writing. Waits for other commands.
    ///
    /// # Errors
    /// When the lock file cannot be written.
    pub(crate) fn lock(&self) -> Result<StoreGuard<'_>, CliError> {
        let locked = || -> io::Result<File> {
            create_private_dir(&self.dir)?;
            let file = private(File::options().write(true).create(true)).open(self.dir.join("credentials.lock"))?;
            file.lock()?;
            Ok(file)
        };
        let lock = locked().map_err(|error| self.io_error("write to", &error))?;
        Ok(StoreGuard { store: self, _lock: lock })
    }

    fn path(&self) -> PathBuf {
        self.dir.join("credentials.json")
    }

    fn read(&self) -> Result<Document, CliError> {
        let text = match fs::read(self.path()) {
            Ok(text) => zeroize::Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Document::default()),
            Err(error) => return Err(self.io_error("read", &error)),
        };
        serde_json::from_slice(&text).map_err(|_| {
            let path = self.path();
            CliError::usage(format!("{} has an unknown format", path.display()))
                .with_hint("delete it, and sign in again")
        })
    }

    fn io_error(&self, action: &str, error: &io::Error) -> CliError {
        CliError::usage(format!("cannot {action} {}: {}", self.path().display(), io_error::explain(error)))
    }
}

impl StoreGuard<'_> {
    /// Stores a new sign-in: as chosen, or else in the keyring if there is one. Returns the place, for messages.
    ///
    /// # Errors
    /// When it cannot be stored.
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
                    let error = CliError::usage(format!("cannot store the sign-in in the system's keyring: {why}"));
                    return Err(error.with_hint("use --store file to store it in a file that only you can read"));
                }
            },
        };
        let was_in_keyring = self.replace(url.as_str(), Some(stored_in))?;
        if was_in_keyring && place != "the system's keyring" {
            self.remove_from_keyring(url.as_str())?;
        }
        Ok(place)
    }

    /// Replaces a sign-in, in the same place.
    ///
    /// # Errors
    /// When it cannot be stored.
    pub(crate) fn put(&mut self, url: &Url, session: &Session) -> Result<(), CliError> {
        match self.store.read()?.sessions.get(url.as_str()) {
            Some(StoredIn::Keyring) => self.add(url, session, Some(StorageChoice::Keyring)).map(drop),
            _ => self.replace(url.as_str(), Some(StoredIn::File(session.clone()))).map(drop),
        }
    }

    /// Removes a sign-in.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(crate) fn remove(&mut self, url: &str) -> Result<(), CliError> {
        // The keyring first: without its list entry, the sign-in could not be found again.
        if matches!(self.store.read()?.sessions.get(url), Some(StoredIn::Keyring)) {
            self.remove_from_keyring(url)?;
        }
        self.replace(url, None).map(drop)
    }

    fn remove_from_keyring(&self, url: &str) -> Result<(), CliError> {
        keyring::remove(url)
            .map_err(|why| CliError::usage(format!("cannot remove the sign-in from the system's keyring: {why}")))
    }

    /// Replaces an entry. Returns whether the previous sign-in was in the keyring.
    fn replace(&mut self, url: &str, stored_in: Option<StoredIn>) -> Result<bool, CliError> {
        let mut document = self.store.read()?;
        let before = match stored_in {
            Some(stored_in) => document.sessions.insert(url.to_owned(), stored_in),
            None => document.sessions.remove(url),
        };
        let write = || -> io::Result<()> {
            let text = zeroize::Zeroizing::new(serde_json::to_vec_pretty(&document)?);
            private_file::replace(&self.store.path(), &text)
        };
        write().map_err(|error| self.store.io_error("write", &error))?;
        Ok(matches!(before, Some(StoredIn::Keyring)))
    }
}
