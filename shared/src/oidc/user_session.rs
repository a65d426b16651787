//! User sessions, from the deployment's OpenID Connect provider.

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

/// Maximum number of groups of a session.
const MAX_GROUPS: usize = 1000;

/// Claims of a verified session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionClaims {
    /// The user.
    pub owner: OwnerId,
    /// The user's groups at the provider.
    pub groups: Vec<String>,
    /// Expiry of the session.
    pub expires_at: Timestamp,
}

/// Verifies sessions, caching the provider's keys.
#[derive(Clone, Debug)]
pub struct SessionVerifier {
    pub(super) oidc: Arc<Provider>,
    pub(super) keys: Arc<JwksCache>,
}

impl SessionVerifier {
    /// A verifier for one provider, with a timeout for each of its documents.
    ///
    /// # Errors
    /// When the issuer is not an `https` URL. `http` is allowed on loopback addresses, for local development.
    pub fn new(oidc: Provider, timeout: Duration) -> Result<Self, ConfigError> {
        let wrong = || {
            let message = "must be an https URL without a query; http only on a loopback address".to_owned();
            ConfigError::Invalid("PORTCULLIS_OIDC_ISSUER", message)
        };
        let issuer = Url::parse(&oidc.issuer).filter(|_| !oidc.issuer.contains(['?', '#'])).ok_or_else(wrong)?;
        let keys = JwksCache::new(oidc.issuer.clone(), &issuer, DocumentFetcher::new(timeout));
        Ok(Self { oidc: Arc::new(oidc), keys: Arc::new(keys) })
    }

    /// Verifies a session and returns its claims.
    ///
    /// # Errors
    /// Why it is not a valid session, or that the provider is unavailable.
    pub async fn verify(&self, jwt: &str, now: Timestamp) -> Result<SessionClaims, JwtError> {
        // Checks that need no key come first, so that invalid JWTs cause no fetch.
        let unverified = UnverifiedJwt::read(jwt).map_err(JwtError::Malformed)?;
        let claims = &unverified.claims;
        if claims.iss != self.oidc.issuer {
            return Err(JwtError::Malformed("unexpected issuer"));
        }
        if !claims.aud.contains(&self.oidc.audience) {
            return Err(JwtError::Malformed("unexpected audience"));
        }
        // https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation: the party that the token was
        // issued to may differ from its audience.
        let ours = [&self.oidc.audience, &self.oidc.client_id];
        if claims.others.get("azp").is_some_and(|azp| !ours.iter().any(|our| *azp == **our)) {
            return Err(JwtError::Malformed("unexpected azp: issued to another client"));
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
    // With many providers, users set their own e-mail address and could choose that of another user. It counts
    // only if the provider has verified it.
    if oidc.owner_claim == "email" && claims.others.get("email_verified") != Some(&Value::Bool(true)) {
        return Err(JwtError::Malformed("the e-mail address is not verified"));
    }
    let named = named.ok_or(JwtError::Malformed("the owner claim is missing or not a string"))?;
    // Such an owner would own the tokens of a trust rule.
    if named.starts_with("trust:") {
        return Err(JwtError::Malformed("the owner claim begins with trust:, which is reserved for trust rules"));
    }
    named.parse().map_err(|_| {
        JwtError::Malformed(
            "invalid owner claim: expected 1 to 255 printable ASCII characters without leading or trailing space",
        )
    })
}

/// The groups claim may be absent, one string or a list.
fn groups(claims: &Map<String, Value>, oidc: &Provider) -> Result<Vec<String>, JwtError> {
    let wrong = || JwtError::Malformed("the groups claim must be a list of at most 1000 strings");
    match claims.get(&oidc.groups_claim) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(many)) if many.len() <= MAX_GROUPS => {
            many.iter().map(|group| group.as_str().map(str::to_owned)).collect::<Option<_>>().ok_or_else(wrong)
        }
        Some(_) => Err(wrong()),
    }
}
