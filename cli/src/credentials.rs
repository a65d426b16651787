//! The credential: `--api-token-file`, `PORTCULLIS_API_TOKEN`, the profile's token file, or a stored
//! sign-in. Messages name its source, never its value.

mod keyring;
pub(crate) mod oidc_client;
mod renewal;
pub(crate) mod session;
pub(crate) mod store;

use std::io::Read as _;
use std::path::Path;

use clap::ValueEnum as _;
use portcullis::https_url::Url;
use zeroize::Zeroizing;

use crate::api::Credential;
use crate::config::{Config, variable};
use crate::output::Output;
use crate::{CliError, input, io_error};
use store::{StorageChoice, Store};

/// Maximum size of a credential. Tokens have about 70 characters, sessions a few thousand.
const MAX_BYTES: u64 = 16 * 1024;

/// Finds the credential for the service at this URL.
///
/// # Errors
/// When there is none, or the configured one cannot be read.
pub(crate) fn find(config: &Config, url: &Url, out: &Output) -> Result<Credential, CliError> {
    match configured(config, url, out)? {
        Some(credential) => Ok(credential),
        None => {
            renewal::current_session(url, out.now())?.map(|session| session.credential()).ok_or(CliError::NoCredential)
        }
    }
}

/// Finds the credential for completion: without standard input, a renewal, messages or errors.
pub(crate) fn find_silently(config: &Config, url: &Url, out: &Output) -> Option<Credential> {
    if config.token_file_flag() == Some(Path::new(input::STDIN)) {
        return None;
    }
    configured(config, url, out).ok()?.or_else(|| {
        let session = Store::open()?.get(url).ok()??;
        session.is_valid_at(out.now()).then(|| session.credential())
    })
}

/// The credential of the flag, the variable or the profile.
fn configured(config: &Config, url: &Url, out: &Output) -> Result<Option<Credential>, CliError> {
    if let Some(path) = config.token_file_flag() {
        let secret = read(path, "--api-token-file", out)?;
        return Ok(Some(Credential::new(secret, format!("--api-token-file {}", path.display()))));
    }
    if let Some(text) = Config::token_variable()? {
        let secret = single_word(&text, "PORTCULLIS_API_TOKEN")?;
        return Ok(Some(Credential::new(secret, "PORTCULLIS_API_TOKEN")));
    }
    if let Some(path) = config.profile_of(url)?.and_then(|profile| profile.api_token_file) {
        let secret = read(&path, "the profile's api_token_file", out)?;
        return Ok(Some(Credential::new(secret, format!("the profile's api_token_file {}", path.display()))));
    }
    Ok(None)
}

/// Where to store a sign-in, from the flag or `PORTCULLIS_CREDENTIALS`.
///
/// # Errors
/// When the variable has another value, or is not UTF-8.
pub(crate) fn storage_choice(flag: Option<StorageChoice>) -> Result<Option<StorageChoice>, CliError> {
    if flag.is_some() {
        return Ok(flag);
    }
    let Some(value) = variable("PORTCULLIS_CREDENTIALS")? else { return Ok(None) };
    let storage = StorageChoice::from_str(&value, false);
    storage.map(Some).map_err(|_| CliError::usage("PORTCULLIS_CREDENTIALS must be file or keyring"))
}

/// Reads a secret from a file, or from standard input if the path is `-`. `source` names it in errors.
///
/// # Errors
/// When it cannot be read, or is not a single word.
pub(crate) fn read(path: &Path, source: &str, out: &Output) -> Result<Zeroizing<String>, CliError> {
    let mut text = Zeroizing::new(String::new());
    let read = if path == Path::new(input::STDIN) {
        input::stdin(source)?.take(MAX_BYTES).read_to_string(&mut text)
    } else {
        warn_if_readable_by_others(path, out);
        std::fs::File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text))
    };
    read.map_err(|error| CliError::usage(format!("{source} {}: {}", path.display(), io_error::explain(&error))))?;
    single_word(&text, source)
}

fn single_word(text: &str, source: &str) -> Result<Zeroizing<String>, CliError> {
    let word = text.trim();
    if word.is_empty() {
        return Err(CliError::usage(format!("{source} is empty")));
    }
    if !word.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(CliError::usage(format!("{source} must contain only the token, on one line")));
    }
    Ok(Zeroizing::new(word.to_owned()))
}

/// Warns if other users can read a file with a secret.
#[cfg(unix)]
fn warn_if_readable_by_others(path: &Path, out: &Output) {
    use std::os::unix::fs::PermissionsExt as _;
    if let Ok(metadata) = std::fs::metadata(path)
        && metadata.is_file()
        && metadata.permissions().mode() & 0o077 != 0
    {
        out.warn(&format!("other users can read {0}; run chmod 600 {0}", path.display()));
    }
}

#[cfg(not(unix))]
fn warn_if_readable_by_others(_path: &Path, _out: &Output) {}
