//! Cache of authorizer responses for one API and stage, as in API Gateway: a response applies to every
//! method and path of its caller until its TTL ends, even if the token is revoked.
//!
//! The key consists of the identity sources: the `Authorization` header, as a digest because it is
//! secret, and the source IP.

use super::authorizer_response::AuthorizerResponse;
use super::incoming_request::IncomingRequest;
use http::header::AUTHORIZATION;
use portcullis::clock::Timestamp;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Maximum number of cached responses.
const MAX_ENTRIES: usize = 1_000;

/// Cache of one API and stage.
#[derive(Debug)]
pub(crate) struct AuthorizerCache {
    ttl_seconds: u32,
    entries: Mutex<BTreeMap<Key, Entry>>,
}

/// Key of a cached response.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    authorization: [u8; 32],
    source_ip: IpAddr,
}

#[derive(Debug)]
struct Entry {
    response: Arc<AuthorizerResponse>,
    until: Timestamp,
}

impl AuthorizerCache {
    /// A cache with this TTL in seconds.
    pub(crate) fn new(ttl_seconds: u32) -> Self {
        Self { ttl_seconds, entries: Mutex::default() }
    }

    /// The cached response, unless it is expired.
    pub(super) fn find(&self, key: &Key, now: Timestamp) -> Option<Arc<AuthorizerResponse>> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(key).filter(|entry| now < entry.until)?;
        Some(Arc::clone(&entry.response))
    }

    /// Caches the response to a request. The TTL starts when the request was received, so that a
    /// change takes effect at most one TTL later.
    pub(super) fn keep(&self, key: Key, response: Arc<AuthorizerResponse>, received: Timestamp) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MAX_ENTRIES && !entries.contains_key(&key) {
            make_room(&mut entries, received);
        }
        entries.insert(key, Entry { response, until: received.plus_seconds(self.ttl_seconds.into()) });
    }

    /// Removes all responses.
    pub(crate) fn empty(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Key {
    /// The key of a request; `None` if an identity source is missing or empty, in which case API
    /// Gateway refuses the request.
    pub(super) fn from_request(incoming: &IncomingRequest) -> Option<Self> {
        let values = || incoming.headers.get_all(AUTHORIZATION).iter().map(http::HeaderValue::as_bytes);
        if values().all(<[u8]>::is_empty) {
            return None;
        }
        let mut digest = Sha256::new();
        // Each value with its length, so that different lists of values have different digests.
        for value in values() {
            digest.update(value.len().to_be_bytes());
            digest.update(value);
        }
        Some(Self { authorization: digest.finalize().into(), source_ip: incoming.source_ip })
    }
}

/// Removes expired entries or, if there are none, the one that expires first.
fn make_room(entries: &mut BTreeMap<Key, Entry>, now: Timestamp) {
    entries.retain(|_, entry| now < entry.until);
    if entries.len() < MAX_ENTRIES {
        return;
    }
    let oldest = entries.iter().min_by_key(|(_, entry)| entry.until).map(|(key, _)| key.clone());
    if let Some(oldest) = oldest {
        entries.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::tests::fixture::get;
    use serde_json::json;

    const TTL: u32 = 60;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn response(principal: &str) -> Arc<AuthorizerResponse> {
        let response = json!({"principalId": principal, "policyDocument": {"Statement": []}});
        Arc::new(AuthorizerResponse::read(&response).unwrap())
    }

    fn incoming(authorization: &[&str], source_ip: [u8; 4]) -> IncomingRequest {
        let mut incoming = get("/demo/x");
        incoming.source_ip = source_ip.into();
        for value in authorization {
            incoming.headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        incoming
    }

    fn key(authorization: &[&str]) -> Option<Key> {
        Key::from_request(&incoming(authorization, [192, 0, 2, 7]))
    }

    fn token(number: usize) -> Key {
        key(&[&format!("Bearer {number}")]).unwrap()
    }

    #[test]
    fn an_answer_is_kept_until_its_time_is_over_and_not_a_moment_longer() {
        let cache = AuthorizerCache::new(TTL);
        cache.keep(token(1), response("one"), at(0));
        assert_eq!(cache.find(&token(1), at(0)).unwrap().principal_id, "one");
        let last = Timestamp::from_millis(at(60).millis() - 1);
        assert!(cache.find(&token(1), last).is_some());
        assert!(cache.find(&token(1), at(60)).is_none());
        assert!(cache.find(&token(2), at(0)).is_none());
    }

    #[test]
    fn the_key_is_the_whole_authorization_and_the_address() {
        let one = key(&["Bearer a"]);
        assert!(one.is_some());
        assert_eq!(one, key(&["Bearer a"]));
        let others =
            [&["Bearer b"][..], &["bearer a"], &["Bearer a", "Bearer a"], &["Bearer a", ""], &["Bearer ", "a"]];
        for other in others {
            assert_ne!(key(other), one, "{other:?}");
        }
        assert_ne!(key(&["x", "yz"]), key(&["xy", "z"]));
        assert_ne!(Key::from_request(&incoming(&["Bearer a"], [192, 0, 2, 8])), one);
    }

    #[test]
    fn without_an_authorization_there_is_no_key() {
        for missing in [&[][..], &[""], &["", ""]] {
            assert_eq!(key(missing), None, "{missing:?}");
        }
        let mut incoming = get("/demo/x");
        incoming.headers.insert("x-api-token", "a".parse().unwrap());
        assert_eq!(Key::from_request(&incoming), None);
    }

    #[test]
    fn an_emptied_cache_has_no_answer_and_keeps_the_next_ones() {
        let cache = AuthorizerCache::new(TTL);
        cache.keep(token(1), response("one"), at(0));
        cache.keep(token(2), response("two"), at(0));
        cache.empty();
        assert!(cache.find(&token(1), at(0)).is_none() && cache.find(&token(2), at(0)).is_none());
        cache.keep(token(1), response("again"), at(1));
        assert_eq!(cache.find(&token(1), at(1)).unwrap().principal_id, "again");
    }

    #[test]
    fn no_header_can_be_read_out_of_the_cache() {
        let cache = AuthorizerCache::new(TTL);
        cache.keep(key(&["Bearer SECRET"]).unwrap(), response("one"), at(0));
        let debug = format!("{cache:?}");
        assert!(debug.contains("one") && !debug.contains("SECRET"), "{debug}");
    }

    #[test]
    fn a_full_cache_gives_up_what_has_expired_and_then_the_oldest() {
        let cache = AuthorizerCache::new(TTL);
        let size = || cache.entries.lock().unwrap().len();
        for number in 0..MAX_ENTRIES {
            cache.keep(token(number), response("x"), at(if number == 7 { -1 } else { 0 }));
        }
        cache.keep(token(8), response("again"), at(1));
        assert_eq!(size(), MAX_ENTRIES, "an existing response is replaced");
        cache.keep(token(MAX_ENTRIES), response("new"), at(2));
        assert_eq!(size(), MAX_ENTRIES);
        assert!(cache.find(&token(7), at(2)).is_none(), "the oldest is gone");
        assert!(cache.find(&token(6), at(2)).is_some());
        assert!(cache.find(&token(MAX_ENTRIES), at(2)).is_some());
        cache.keep(token(MAX_ENTRIES + 1), response("newer"), at(60));
        assert_eq!(size(), 3, "all that has expired is gone");
        assert!(cache.find(&token(8), at(60)).is_some() && cache.find(&token(MAX_ENTRIES), at(60)).is_some());
    }
}
