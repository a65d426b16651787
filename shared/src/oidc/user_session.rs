//! The sessions of people, from the one OpenID Connect provider of the deployment.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::JwtError;
use super::fetch_document::DocumentFetcher;
use super::jwks_cache::JwksCache;
use super::verified_jwt::VerifiedJwt;
use crate::clock::Timestamp;
use crate::env::ConfigError;
use crate::https_url::Url;
use crate::oidc::Provider;
use crate::oidc::unverified_jwt::{RegisteredClaims, UnverifiedJwt};
use crate::text::OwnerId;

/// The most groups that are looked at.
const MAX_GROUPS: usize = 1000;

/// Who has signed in, as a verified JWT says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionClaims {
    /// The person.
    pub owner: OwnerId,
    /// The groups that the provider knows them in.
    pub groups: Vec<String>,
    /// When the session ends.
    pub expires_at: Timestamp,
}

/// Verifies sessions, and keeps the provider's keys meanwhile.
#[derive(Clone, Debug)]
pub struct SessionVerifier {
    pub(super) oidc: Arc<Provider>,
    pub(super) keys: Arc<JwksCache>,
}

impl SessionVerifier {
    /// For the sessions of one provider, which may take so long for each document.
    ///
    /// # Errors
    /// When its issuer is not an `https` URL. On a loopback address `http` will do, where a
    /// provider is tried out.
    pub fn new(oidc: Provider, timeout: Duration) -> Result<Self, ConfigError> {
        let wrong = || {
            let message = "must be an https URL without a query; http only on a loopback address".to_owned();
            ConfigError::Wrong("PORTCULLIS_OIDC_ISSUER", message)
        };
        let issuer = Url::parse(&oidc.issuer).filter(|_| !oidc.issuer.contains(['?', '#'])).ok_or_else(wrong)?;
        let keys = JwksCache::new(oidc.issuer.clone(), &issuer, DocumentFetcher::new(timeout));
        Ok(Self { oidc: Arc::new(oidc), keys: Arc::new(keys) })
    }

    /// Who it is.
    ///
    /// # Errors
    /// Why it is no session; or that nobody knows, because the provider does not answer.
    pub async fn verify(&self, jwt: &str, now: Timestamp) -> Result<SessionClaims, JwtError> {
        // What no key could make good is refused before any is fetched.
        let unverified = UnverifiedJwt::read(jwt).map_err(JwtError::Malformed)?;
        let claims = &unverified.claims;
        if claims.iss != self.oidc.issuer {
            return Err(JwtError::Malformed("the issuer is another"));
        }
        if !claims.aud.has(&self.oidc.audience) {
            return Err(JwtError::Malformed("the audience is another"));
        }
        // https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation: whom it was
        // made for may be another than one of those who may take it.
        let ours = [&self.oidc.audience, &self.oidc.client_id];
        if claims.others.get("azp").is_some_and(|azp| !ours.iter().any(|our| *azp == **our)) {
            return Err(JwtError::Malformed("the azp is another client"));
        }
        let keys = self.keys.key(&unverified.kid, unverified.algorithm.into(), now).await?;
        let VerifiedJwt { claims, expires_at } = unverified.verified(&keys, now)?;
        let owner = owner(&claims, &self.oidc)?;
        Ok(SessionClaims { owner, groups: groups(&claims.others, &self.oidc)?, expires_at })
    }
}

fn owner(claims: &RegisteredClaims, oidc: &Provider) -> Result<OwnerId, JwtError> {
    let named = match oidc.owner_claim.as_str() {
        "sub" => Some(claims.sub.as_str()),
        other => claims.others.get(other).and_then(Value::as_str),
    };
    // With many providers people write their own e-mail address, and whoever writes somebody
    // else's would be them. It counts where the provider says that it has looked.
    if oidc.owner_claim == "email" && claims.others.get("email_verified") != Some(&Value::Bool(true)) {
        return Err(JwtError::Malformed("the e-mail address is not verified"));
    }
    let named = named.ok_or(JwtError::Malformed("the owner claim is missing or no string"))?;
    // Whoever is called like the owner of a rule's tokens would have all of them.
    if named.starts_with("trust:") {
        return Err(JwtError::Malformed("the owner claim begins with trust:, as the owners of trust rules do"));
    }
    named.parse().map_err(|_| {
        JwtError::Malformed(
            "the owner claim is no owner: 1 to 255 printable ASCII characters, with a space neither first nor last",
        )
    })
}

/// No groups, one, or a list of them.
fn groups(claims: &Map<String, Value>, oidc: &Provider) -> Result<Vec<String>, JwtError> {
    let wrong = || JwtError::Malformed("the groups claim is no list of at most 1000 strings");
    match claims.get(&oidc.groups_claim) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(many)) if many.len() <= MAX_GROUPS => {
            many.iter().map(|group| group.as_str().map(str::to_owned)).collect::<Option<_>>().ok_or_else(wrong)
        }
        Some(_) => Err(wrong()),
    }
}
