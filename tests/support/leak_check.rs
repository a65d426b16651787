//! Every secret that this process has seen, to search responses for them.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::raw_http::Received;

/// The start and the end of each secret.
static SEEN: LazyLock<Mutex<HashSet<[u8; TELLING]>>> = LazyLock::new(Mutex::default);

/// Number of secret characters that are no coincidence.
const TELLING: usize = 20;

/// Adds a token that no later response may contain.
pub(crate) fn remember(token: &str) {
    // After the public id: 43 characters of secret and 6 of checksum.
    let (_, hidden) = token.as_bytes().split_at(token.len() - 49);
    let parts = [hidden.first_chunk(), hidden.last_chunk()];
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).extend(parts.into_iter().flatten());
}

/// Panics when the response contains the start or the end of a secret.
pub(crate) fn search(request: &str, response: &Received) {
    let headers = response.headers.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]);
    let text = headers.chain([response.body.as_slice()]).collect::<Vec<_>>().join(&b'\n');
    assert!(!contains_secret(&text), "{request} was answered with a secret in it");
}

/// Whether bytes contain the start or the end of a secret.
pub(crate) fn contains_secret(bytes: &[u8]) -> bool {
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    // Outside runs of letters and digits there are no secrets.
    let runs = bytes.split(|byte| !byte.is_ascii_alphanumeric());
    runs.flat_map(|run| run.array_windows()).any(|part| seen.contains(part))
}
