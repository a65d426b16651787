//! Cache of a provider's JWKS. Keys are cached for an hour. An unknown key ID causes a refresh, at most once a
//! minute.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::JwtError;
use super::fetch_document::{DocumentFetcher, FetchError};
use super::verification_key::UsableKeys;
use crate::clock::Timestamp;
use crate::https_url::Url;

/// TTL of the keys: a withdrawn key is rejected within it.
const JWKS_TTL_SECONDS: i64 = 3600;
/// Minimum time between two refreshes for unknown key IDs, so that made-up IDs cost the provider at most one
/// request a minute. A new key may be delayed by as much.
const UNKNOWN_KID_COOLDOWN_SECONDS: i64 = 60;
/// Delay after a failed refresh, so that an unavailable provider does not get a request for each session.
const FAILURE_COOLDOWN_SECONDS: i64 = 5;

const MAX_DISCOVERY_BYTES: usize = 64 * 1024;
const MAX_KEYS_BYTES: usize = 128 * 1024;

pub(super) struct JwksCache {
    /// Issuer that the discovery document must name.
    issuer: String,
    discovery: Url,
    fetch: DocumentFetcher,
    keys: RwLock<Option<Arc<CachedJwks>>>,
    /// Held during a refresh; other requests wait for its result.
    refreshing: Mutex<RefreshState>,
}

/// State of previous refreshes.
#[derive(Default)]
struct RefreshState {
    failure: Option<Failure>,
    /// Time of the last refresh for an unknown key ID.
    last_unknown_kid: Option<Timestamp>,
}

struct CachedJwks {
    keys: UsableKeys,
    at: Timestamp,
}

struct Failure {
    at: Timestamp,
    error: FetchError,
}

/// The relevant fields of a discovery document.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl JwksCache {
    pub(super) fn new(issuer: String, url: &Url, fetch: DocumentFetcher) -> Self {
        let discovery = url.below("/.well-known/openid-configuration");
        Self { issuer, discovery, fetch, keys: RwLock::default(), refreshing: Mutex::default() }
    }

    /// The keys with this ID for this algorithm; empty if the provider has none.
    pub(super) async fn key(
        &self,
        kid: &str,
        algorithm: Algorithm,
        now: Timestamp,
    ) -> Result<Vec<DecodingKey>, JwtError> {
        let known = |cached: &CachedJwks| cached.keys.matching(kid, algorithm);
        if let Some(keys) = self.cached(now).map(|cached| known(&cached)).filter(|keys| !keys.is_empty()) {
            return Ok(keys);
        }
        let mut state = self.refreshing.lock().await;
        let cached = self.cached(now);
        if let Some(cached) = &cached {
            let known = known(cached);
            if !known.is_empty()
                || state.last_unknown_kid.is_some_and(|at| within(at, UNKNOWN_KID_COOLDOWN_SECONDS, now))
            {
                return Ok(known);
            }
            state.last_unknown_kid = Some(now);
        }
        let just_failed = state.failure.as_ref().filter(|failure| within(failure.at, FAILURE_COOLDOWN_SECONDS, now));
        let fetched = match just_failed {
            Some(failure) => Err(failure.error.clone()),
            None => Box::pin(self.refresh()).await,
        };
        match fetched {
            Ok(keys) => {
                let found = keys.matching(kid, algorithm);
                let fresh = Some(Arc::new(CachedJwks { keys, at: now }));
                *self.keys.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                state.failure = None;
                Ok(found)
            }
            Err(error) => {
                if just_failed.is_none() {
                    tracing::warn!(%error, "could not fetch the provider's keys");
                    state.failure = Some(Failure { at: now, error: error.clone() });
                }
                // A failed refresh does not invalidate keys within their TTL.
                if cached.is_some() { Ok(Vec::new()) } else { Err(JwtError::Unavailable(error.to_string())) }
            }
        }
    }

    fn cached(&self, now: Timestamp) -> Option<Arc<CachedJwks>> {
        let cached = self.keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        cached.filter(|cached| within(cached.at, JWKS_TTL_SECONDS, now))
    }

    /// The issuer must match the expected one, or one provider could speak for another
    /// ([Discovery 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation)).
    async fn refresh(&self) -> Result<UsableKeys, FetchError> {
        let provider = self.fetch.origin_of(&self.discovery)?;
        let document = provider.get(&self.discovery, MAX_DISCOVERY_BYTES).await?;
        let found: Discovery =
            serde_json::from_slice(&document).map_err(|_| FetchError::Other("invalid discovery document"))?;
        if found.issuer != self.issuer {
            return Err(FetchError::Other("the discovery document names another issuer"));
        }
        let jwks_url = Url::parse(&found.jwks_uri).filter(|url| url.is_https() || !self.discovery.is_https());
        let jwks_url = jwks_url.ok_or(FetchError::Other("the discovery document has no https jwks_uri"))?;
        let is_same = jwks_url.origin() == self.discovery.origin();
        let keys_origin = if is_same { provider } else { self.fetch.origin_of(&jwks_url)? };
        let document = keys_origin.get(&jwks_url, MAX_KEYS_BYTES).await?;
        UsableKeys::read(&document).ok_or(FetchError::Other("invalid JWKS"))
    }
}

/// Whether less than this many seconds have passed since a time. A clock that was set back counts as more.
fn within(then: Timestamp, seconds: i64, now: Timestamp) -> bool {
    then <= now && now < then.plus_seconds(seconds)
}

impl fmt::Debug for JwksCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwksCache({})", self.issuer)
    }
}
