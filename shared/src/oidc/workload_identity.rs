//! The identities of CI jobs: ID tokens of any issuer that the deployment's trust rules name.

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

/// An identity in the form of one, of which nothing is verified yet.
pub struct UnverifiedIdentity<'a> {
    jwt: UnverifiedJwt<'a>,
    id: String,
}

/// An identity whose signature and times were verified.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkloadIdentity {
    /// All of its claims.
    pub claims: Map<String, Value>,
    /// Who signed it.
    pub issuer: String,
    /// By which it is known again: its `jti`, or the digest of what its signature is of.
    pub id: String,
    /// From when on it is refused for its age.
    pub refused_from: Timestamp,
}

/// Verifies identities, and keeps the keys of their issuers meanwhile.
#[derive(Clone, Debug)]
pub struct WorkloadIdentityVerifier {
    timeout: Duration,
    issuers: Arc<Mutex<HashMap<String, Arc<JwksCache>>>>,
}

impl WorkloadIdentityVerifier {
    /// Without any issuer's keys yet. An issuer may take so long for each document.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        Self { timeout, issuers: Arc::default() }
    }

    /// Reads the form of an identity, without any I/O.
    ///
    /// # Errors
    /// What no key and no trust rule could make good.
    pub fn read(jwt: &str) -> Result<UnverifiedIdentity<'_>, JwtError> {
        let jwt = UnverifiedJwt::read(jwt).map_err(JwtError::Malformed)?;
        let jti = jwt.claims.jti().map_err(JwtError::Malformed)?;
        // Not of the whole JWT: its signature could be written in another way, and still be good.
        let id = jti.map_or_else(|| digest(jwt.signing_input), str::to_owned);
        Ok(UnverifiedIdentity { jwt, id })
    }

    /// Verifies the signature and the times of an identity.
    ///
    /// `trusts` says whether there is a rule for an issuer and an audience: keys of no other issuer
    /// are ever asked for. An `azp` is not looked at, as issuers write many things there (Google
    /// the service account); a trust rule may have a condition for it.
    ///
    /// # Errors
    /// Why it is not taken; or that the issuer does not answer.
    pub async fn verify(
        &self,
        identity: UnverifiedIdentity<'_>,
        trusts: impl Fn(&str, &dyn Fn(&str) -> bool) -> bool,
        now: Timestamp,
    ) -> Result<WorkloadIdentity, JwtError> {
        let UnverifiedIdentity { jwt, id } = identity;
        let RegisteredClaims { iss, aud, .. } = &jwt.claims;
        if !trusts(iss, &|audience| aud.has(audience)) {
            return Err(JwtError::Malformed("no trust rule is for its issuer and its audience"));
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
        let url = Url::parse(issuer).ok_or(JwtError::Malformed("the issuer is no https URL"))?;
        let keys = Arc::new(JwksCache::new(issuer.to_owned(), &url, DocumentFetcher::new(self.timeout)));
        issuers.insert(issuer.to_owned(), Arc::clone(&keys));
        Ok(keys)
    }
}

fn digest(signing_input: &str) -> String {
    TokenDigest::hash(signing_input.as_bytes()).as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
