//! The identities of CI jobs: ID tokens of any issuer that the deployment's trust rules name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Refusal;
use super::fetch::Fetch;
use super::jwt::{Audience, Registered, Unverified, Verified};
use super::keys::Keys;
use crate::clock::Timestamp;
use crate::url::Url;

/// The most characters of a `jti`.
const LONGEST_JTI: usize = 512;

/// An identity whose signature and times were verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// All of its claims.
    pub claims: Map<String, Value>,
    /// Who signed it.
    pub issuer: String,
    /// Its own id, by which it is known again.
    pub jti: String,
    /// From when on it is refused for its age.
    pub refused_from: Timestamp,
}

/// Verifies identities, and keeps the keys of their issuers meanwhile.
#[derive(Clone, Debug)]
pub struct Identities {
    timeout: Duration,
    issuers: Arc<Mutex<HashMap<String, Arc<Keys>>>>,
}

impl Identities {
    /// Without any issuer's keys yet. An issuer may take so long for each document.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        Self { timeout, issuers: Arc::default() }
    }

    /// Whose identity it is.
    ///
    /// `trusts` says whether there is a rule for an issuer and an audience: nobody else's keys
    /// are ever asked for.
    ///
    /// # Errors
    /// Why it is not taken; or that nobody knows, because the issuer does not answer.
    pub async fn verify(
        &self,
        jwt: &str,
        trusts: impl Fn(&str, &dyn Fn(&str) -> bool) -> bool,
        now: Timestamp,
    ) -> Result<Identity, Refusal> {
        // What no key could make good is refused before any is fetched.
        let unverified = Unverified::read(jwt)?;
        let Registered { iss, aud, others, .. } = unverified.claims();
        if !trusts(iss, &|audience| aud.has(audience)) {
            return Err(Refusal::Malformed("no trust rule is for its issuer and its audience"));
        }
        let jti = others.get("jti").and_then(Value::as_str);
        let jti = jti.filter(|jti| (1..=LONGEST_JTI).contains(&jti.len()));
        let jti =
            jti.ok_or(Refusal::Malformed("it has no jti of 1 to 512 characters, by which it would be known again"))?;
        let (issuer, jti) = (iss.clone(), jti.to_owned());
        let keys = self.keys(&issuer)?.find(unverified.kid(), unverified.algorithm(), now).await?;
        let verified = unverified.verified(&keys, now)?;
        let refused_from = verified.refused_from();
        Ok(Identity { claims: all(verified), issuer, jti, refused_from })
    }

    fn keys(&self, issuer: &str) -> Result<Arc<Keys>, Refusal> {
        let mut issuers = self.issuers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keys) = issuers.get(issuer) {
            return Ok(Arc::clone(keys));
        }
        let url = Url::parse(issuer).ok_or(Refusal::Malformed("the issuer is no https URL"))?;
        let keys = Arc::new(Keys::new(issuer.to_owned(), &url, Fetch::new(self.timeout)));
        issuers.insert(issuer.to_owned(), Arc::clone(&keys));
        Ok(keys)
    }
}

/// Those that have a meaning of their own, and the others.
fn all(verified: Verified) -> Map<String, Value> {
    let Registered { iss, sub, aud, others, .. } = verified.claims;
    let aud = match aud {
        Audience::One(one) => json!(one),
        Audience::Many(many) => json!(many),
    };
    let mut claims = others;
    claims.extend([("iss".to_owned(), json!(iss)), ("sub".to_owned(), json!(sub)), ("aud".to_owned(), aud)]);
    claims
}
