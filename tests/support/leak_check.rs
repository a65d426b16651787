//! Every secret that this process has seen, to search responses for them.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::raw_http::Received;

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Number of secret characters that are no coincidence.
const TELLING: usize = 20;

/// Adds a token that no later response may contain.
pub(crate) fn remember(token: &str) {
    // After the public id: 43 characters of secret and 6 of checksum.
    let (_, hidden) = token.split_at(token.len() - 49);
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(hidden.to_owned());
}

/// Panics when the response contains the start or the end of a secret.
pub(crate) fn search(request: &str, response: &Received) {
    let headers = response.headers.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    let body = String::from_utf8_lossy(&response.body);
    let text: String = headers.chain([&*body]).collect::<Vec<_>>().join("\n");
    for secret in SEEN.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let (start, end) = (&secret[..TELLING], &secret[secret.len() - TELLING..]);
        assert!(!text.contains(start) && !text.contains(end), "{request} was answered with a secret in it");
    }
}
