//! Every secret that this process has seen, so that every answer can be searched for them.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::raw_http::Received;

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// So many characters of one secret do not get into an answer by accident.
const TELLING: usize = 20;

/// From now on no answer may hold this token.
pub(crate) fn remember(token: &str) {
    // Behind the public id: 43 characters of secret and 6 of checksum.
    let (_, hidden) = token.split_at(token.len() - 49);
    SEEN.lock().unwrap_or_else(PoisonError::into_inner).insert(hidden.to_owned());
}

/// Fails when the answer holds a secret, or its first or last part.
pub(crate) fn search(asked: &str, answer: &Received) {
    let headers = answer.headers.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    let body = String::from_utf8_lossy(&answer.body);
    let text: String = headers.chain([&*body]).collect::<Vec<_>>().join("\n");
    for secret in SEEN.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let (start, end) = (&secret[..TELLING], &secret[secret.len() - TELLING..]);
        assert!(!text.contains(start) && !text.contains(end), "{asked} was answered with a secret in it");
    }
}
