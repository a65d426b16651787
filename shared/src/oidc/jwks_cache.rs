//! The provider's keys: kept for an hour, and fetched again for an id that nobody knows,
//! once a minute at most.

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

/// For how long keys are taken for good: a provider that withdraws one is heard within it.
const JWKS_TTL_SECONDS: i64 = 3600;
/// Between two fetches for ids that nobody knows. Whoever makes ids up costs the provider
/// one fetch a minute. A new key is known at once, if nobody has made one up just before.
const UNKNOWN_KID_COOLDOWN_SECONDS: i64 = 60;
/// After a fetch that failed, so that a provider that is down is not asked by every request.
const FAILURE_COOLDOWN_SECONDS: i64 = 5;

const MAX_DISCOVERY_BYTES: usize = 64 * 1024;
const MAX_KEYS_BYTES: usize = 128 * 1024;

pub(super) struct JwksCache {
    /// As it has to stand in the discovery document.
    issuer: String,
    discovery: Url,
    fetch: DocumentFetcher,
    kept: RwLock<Option<Arc<CachedJwks>>>,
    /// Held by whoever fetches; the others wait, and find what it brought.
    fetching: Mutex<RefreshState>,
}

/// What is remembered of the fetches before.
#[derive(Default)]
struct RefreshState {
    failure: Option<Failure>,
    /// When the last one was made for an id that nobody knew.
    for_unknown: Option<Timestamp>,
}

struct CachedJwks {
    keys: UsableKeys,
    at: Timestamp,
}

struct Failure {
    at: Timestamp,
    error: FetchError,
}

/// The part of a discovery document that is needed.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl JwksCache {
    pub(super) fn new(issuer: String, url: &Url, fetch: DocumentFetcher) -> Self {
        let discovery = url.below("/.well-known/openid-configuration");
        Self { issuer, discovery, fetch, kept: RwLock::default(), fetching: Mutex::default() }
    }

    /// The keys with an id that are for an algorithm; none where the provider has none.
    pub(super) async fn key(
        &self,
        kid: &str,
        algorithm: Algorithm,
        now: Timestamp,
    ) -> Result<Vec<DecodingKey>, JwtError> {
        let known = |kept: &CachedJwks| kept.keys.fitting(kid, algorithm);
        if let Some(keys) = self.cached(now).map(|kept| known(&kept)).filter(|keys| !keys.is_empty()) {
            return Ok(keys);
        }
        let mut fetches = self.fetching.lock().await;
        let kept = self.cached(now);
        if let Some(kept) = &kept {
            let known = known(kept);
            if !known.is_empty() || fetches.for_unknown.is_some_and(|at| within(at, UNKNOWN_KID_COOLDOWN_SECONDS, now))
            {
                return Ok(known);
            }
            fetches.for_unknown = Some(now);
        }
        let just_failed = fetches.failure.as_ref().filter(|failure| within(failure.at, FAILURE_COOLDOWN_SECONDS, now));
        let fetched = match just_failed {
            Some(failure) => Err(failure.error.clone()),
            None => self.refresh().await,
        };
        match fetched {
            Ok(keys) => {
                let found = keys.fitting(kid, algorithm);
                let fresh = Some(Arc::new(CachedJwks { keys, at: now }));
                *self.kept.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                fetches.failure = None;
                Ok(found)
            }
            Err(error) => {
                if just_failed.is_none() {
                    tracing::warn!(%error, "the provider's keys were not fetched");
                    fetches.failure = Some(Failure { at: now, error: error.clone() });
                }
                // Keys that are still good know everyone whom they knew before.
                if kept.is_some() { Ok(Vec::new()) } else { Err(JwtError::Unavailable(error.to_string())) }
            }
        }
    }

    fn cached(&self, now: Timestamp) -> Option<Arc<CachedJwks>> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner).clone();
        kept.filter(|kept| within(kept.at, JWKS_TTL_SECONDS, now))
    }

    /// The issuer has to be the one asked for: otherwise one provider could speak for another
    /// ([Discovery 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation)).
    async fn refresh(&self) -> Result<UsableKeys, FetchError> {
        let document = self.fetch.get(&self.discovery, MAX_DISCOVERY_BYTES).await?;
        let found: Discovery =
            serde_json::from_slice(&document).map_err(|_| FetchError::Other("the discovery document is none"))?;
        if found.issuer != self.issuer {
            return Err(FetchError::Other("the discovery document is another issuer's"));
        }
        let place = Url::parse(&found.jwks_uri).filter(|url| url.is_https() || !self.discovery.is_https());
        let place = place.ok_or(FetchError::Other("the discovery document has no https jwks_uri"))?;
        let document = self.fetch.get(&place, MAX_KEYS_BYTES).await?;
        UsableKeys::read(&document).ok_or(FetchError::Other("the key set is none"))
    }
}

/// Whether something of then is still so. A clock that was set back makes it old.
fn within(then: Timestamp, seconds: i64, now: Timestamp) -> bool {
    then <= now && now < then.plus_seconds(seconds)
}

impl fmt::Debug for JwksCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.issuer)
    }
}
