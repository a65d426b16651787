//! The system's keyring: the macOS Keychain, the Windows Credential Manager (at most 2,560 bytes, less than
//! some sessions need) or the Secret Service of a Linux desktop.

use keyring::{Entry, Error};

use super::session::Session;

const SERVICE: &str = "portcullis";

/// Session of a service. `None` if it was removed from the keyring.
///
/// # Errors
/// When the keyring cannot be read.
pub(super) fn get(url: &str) -> Result<Option<Session>, String> {
    match entry(url)?.get_secret().map(zeroize::Zeroizing::new) {
        Ok(secret) => {
            serde_json::from_slice(&secret).map(Some).map_err(|_| "the entry has an unknown format".to_owned())
        }
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// # Errors
/// When it cannot be stored.
pub(super) fn put(url: &str, session: &Session) -> Result<(), String> {
    let secret = serde_json::to_vec(session).map(zeroize::Zeroizing::new).map_err(|error| error.to_string())?;
    entry(url)?.set_secret(&secret).map_err(|error| error.to_string())
}

/// # Errors
/// When it cannot be removed.
pub(super) fn remove(url: &str) -> Result<(), String> {
    match entry(url)?.delete_credential() {
        Ok(()) | Err(Error::NoEntry) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

fn entry(url: &str) -> Result<Entry, String> {
    if let Err(error) = Entry::store_status() {
        return Err(error.to_string());
    }
    Entry::new(SERVICE, url).map_err(|error| error.to_string())
}
