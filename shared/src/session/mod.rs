//! Sessions: JWTs of people who have signed in at the operator's OpenID Connect provider.
//!
//! | module | for |
//! | --- | --- |
//! | `jwt` | what a JWT has to look like, before and after its signature is verified |
//! | `keys` | the provider's keys: kept, fetched again, never for every request |
//! | `jwk` | which of the provider's keys can sign a session, and with what |
//! | `fetch` | HTTP, bounded in time and size |
//! | `ring` | signatures, with the cryptography that TLS brings along |
//!
//! Nothing is fetched or loaded before somebody presents a session: whoever comes with a
//! token waits for none of it.
//!
//! Sources: [OpenID Connect Core 1.0](https://openid.net/specs/openid-connect-core-1_0.html),
//! [Discovery 1.0](https://openid.net/specs/openid-connect-discovery-1_0.html),
//! [RFC 7519](https://www.rfc-editor.org/rfc/rfc7519) (JWT),
//! [RFC 8725](https://www.rfc-editor.org/rfc/rfc8725) (what goes wrong with them).

mod fetch;
mod jwk;
mod jwt;
mod keys;
mod ring;

use std::net::IpAddr;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::config::{ConfigError, Oidc};
use crate::token::OwnerId;
use fetch::{Fetch, Url};
use keys::Keys;

pub use jwt::looks_like_jwt;

/// Who has signed in, as a verified JWT says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The person.
    pub owner: OwnerId,
    /// The groups that the provider knows them in.
    pub groups: Vec<String>,
    /// When the session ends.
    pub expires_at: Timestamp,
}

/// Why a JWT is no session. The sentences are for the audit log, and hold nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It could not be a session of this deployment, whoever had signed it.
    #[error("{0}")]
    Malformed(&'static str),
    /// The provider has not signed it, or not for this moment.
    #[error("{0}")]
    Unknown(&'static str),
    /// Its time has come.
    #[error("the session has expired")]
    Expired,
    /// The provider's keys cannot be had: nobody knows whether it is good.
    #[error("{0}")]
    Unavailable(String),
}

/// Verifies sessions, and keeps the provider's keys meanwhile.
#[derive(Clone, Debug)]
pub struct Sessions {
    oidc: Arc<Oidc>,
    keys: Arc<Keys>,
}

impl Sessions {
    /// For the sessions of one provider.
    ///
    /// # Errors
    /// When its issuer is not an `https` URL. On a loopback address `http` will do, where a
    /// provider is tried out.
    pub fn new(oidc: Oidc) -> Result<Self, ConfigError> {
        let wrong = || {
            let message = "must be an https URL without a query; http only on a loopback address".to_owned();
            ConfigError::Wrong("PORTCULLIS_OIDC_ISSUER", message)
        };
        let issuer = Url::parse(&oidc.issuer).filter(|_| !oidc.issuer.contains(['?', '#'])).ok_or_else(wrong)?;
        let keys = Keys::new(oidc.issuer.clone(), &issuer, Fetch::default());
        Ok(Self { oidc: Arc::new(oidc), keys: Arc::new(keys) })
    }

    /// Who it is.
    ///
    /// # Errors
    /// Why it is no session; or that nobody knows, because the provider does not answer.
    pub async fn verify(&self, jwt: &str, now: Timestamp) -> Result<Claims, Refusal> {
        // What no key could make good is refused before any is fetched.
        let unverified = jwt::Unverified::read(jwt, &self.oidc)?;
        let key = self.keys.find(unverified.kid(), now).await?;
        let key = key.ok_or(Refusal::Unknown("the provider has no key with this id"))?;
        unverified.verified(&key, now, &self.oidc)
    }
}

/// Whether a URL's host is this machine itself.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests;
