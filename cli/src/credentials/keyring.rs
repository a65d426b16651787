//! The system's keyring: the macOS keychain, Windows' credential manager (which takes 2,560 bytes,
//! less than some sessions have), the Secret Service of a Linux desktop.

use keyring::{Entry, Error};

use super::session::Session;

const SERVICE: &str = "portcullis";

/// The session of a service. None where somebody else has removed it.
///
/// # Errors
/// Why it cannot be had.
pub(super) fn get(url: &str) -> Result<Option<Session>, String> {
    match entry(url)?.get_secret().map(zeroize::Zeroizing::new) {
        Ok(secret) => serde_json::from_slice(&secret).map(Some).map_err(|_| "it is not what was stored".to_owned()),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// # Errors
/// Why it was not stored.
pub(super) fn put(url: &str, session: &Session) -> Result<(), String> {
    let secret = serde_json::to_vec(session).map(zeroize::Zeroizing::new).map_err(|error| error.to_string())?;
    entry(url)?.set_secret(&secret).map_err(|error| error.to_string())
}

/// # Errors
/// Why it is still there.
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
