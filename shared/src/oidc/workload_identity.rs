//! Identities of CI jobs: ID tokens of the issuers that trust rules name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};

use super::JwtError;
use super::fetch_document::DocumentFetcher;
use super::jwks_cache::JwksCache;
use crate::clock::Timestamp;
use crate::https_url::Url;
use crate::oidc::unverified_jwt::{RegisteredClaims, UnverifiedJwt};
use crate::secret::TokenDigest;

/// An identity that was parsed but not verified.
pub struct UnverifiedIdentity<'a> {
    jwt: UnverifiedJwt<'a>,
    id: String,
}

/// An identity whose signature and times were verified.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkloadIdentity {
    /// All its claims.
    pub claims: Map<String, Value>,
    /// Its issuer.
    pub issuer: String,
    /// Identifier for replay detection: the `jti`, or the digest of the signing input.
    pub id: String,
    /// Time from which it counts as expired.
    pub refused_from: Timestamp,
}

/// Verifies identities, caching the keys of their issuers.
#[derive(Clone, Debug)]
pub struct WorkloadIdentityVerifier {
    timeout: Duration,
    issuers: Arc<Mutex<HashMap<String, Arc<JwksCache>>>>,
}

impl WorkloadIdentityVerifier {
    /// An empty cache, with a timeout for each document of an issuer.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        Self { timeout, issuers: Arc::default() }
    }

    /// Parses an identity without I/O.
    ///
    /// # Errors
    /// When no key and no trust rule could make it valid.
    pub fn read(jwt: &str) -> Result<UnverifiedIdentity<'_>, JwtError> {
        let jwt = UnverifiedJwt::read(jwt).map_err(JwtError::Malformed)?;
        let jti = jwt.claims.jti().map_err(JwtError::Malformed)?;
        // The signature is not part of the ID, because it could be rewritten into another valid one.
        let id = jti.map_or_else(|| digest(jwt.signing_input), str::to_owned);
        Ok(UnverifiedIdentity { jwt, id })
    }

    /// Verifies the signature and the times of an identity.
    ///
    /// `trusts` says whether a rule accepts an issuer and an audience; keys are fetched only for accepted
    /// issuers. The `azp` is not checked, because its meaning differs between issuers (Google puts the service
    /// account there); a trust rule may have a condition for it.
    ///
    /// # Errors
    /// Why the identity is rejected, or that its issuer is unavailable.
    pub async fn verify(
        &self,
        identity: UnverifiedIdentity<'_>,
        trusts: impl Fn(&str, &dyn Fn(&str) -> bool) -> bool,
        now: Timestamp,
    ) -> Result<WorkloadIdentity, JwtError> {
        let UnverifiedIdentity { jwt, id } = identity;
        let RegisteredClaims { iss, aud, .. } = &jwt.claims;
        if !trusts(iss, &|audience| aud.contains(audience)) {
            return Err(JwtError::Malformed("no trust rule for this issuer and audience"));
        }
        let issuer = iss.clone();
        let keys = self.keys(&issuer)?.key(&jwt.kid, jwt.algorithm.into(), now).await?;
        let verified = jwt.verified(&keys, now)?;
        let refused_from = verified.refused_from();
        Ok(WorkloadIdentity { claims: verified.claims.into_claim_set(), issuer, id, refused_from })
    }

    fn keys(&self, issuer: &str) -> Result<Arc<JwksCache>, JwtError> {
        let mut issuers = self.issuers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = issuers.get(issuer) {
            return Ok(Arc::clone(keys));
        }
        let url = Url::parse(issuer).ok_or(JwtError::Malformed("the issuer is not an https URL"))?;
        let keys = Arc::new(JwksCache::new(issuer.to_owned(), &url, DocumentFetcher::new(self.timeout)));
        issuers.insert(issuer.to_owned(), Arc::clone(&keys));
        Ok(keys)
    }
}

fn digest(signing_input: &str) -> String {
    hex::encode(TokenDigest::hash(signing_input.as_bytes()).as_bytes())
}
