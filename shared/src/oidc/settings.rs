//! The operator's OpenID Connect provider.

use std::time::Duration;

use crate::env::{ConfigError, Env};

/// Timeout for a provider's document in Lambda; the authorizer has five seconds in total.
const PROVIDER_TIMEOUT: Duration = Duration::from_millis(1500);

/// The provider, and the timeout for any issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The provider whose sessions are accepted; `None` if there is none.
    pub provider: Option<Provider>,
    /// Timeout for an issuer's discovery document or keys. Not read from the environment: 1.5 seconds in
    /// Lambda, longer in the local server.
    pub timeout: Duration,
}

/// The operator's OpenID Connect provider and its claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// `PORTCULLIS_OIDC_ISSUER`: the `iss` of its tokens and the base of its discovery document. `https`, or
    /// `http` on a loopback address.
    pub issuer: String,
    /// `PORTCULLIS_OIDC_AUDIENCE`: the required `aud` of a session.
    pub audience: String,
    /// `PORTCULLIS_OIDC_GROUPS_CLAIM`: the claim with the user's groups (`groups`).
    pub groups_claim: String,
    /// `PORTCULLIS_OIDC_OWNER_CLAIM`: the claim that names the user (`sub`).
    pub owner_claim: String,
    /// `PORTCULLIS_OIDC_CLIENT_ID`: the public client with which the CLI and the console sign users in (the
    /// audience).
    pub client_id: String,
    /// `PORTCULLIS_OIDC_SCOPES`: the scopes that they request, separated by spaces (`openid`).
    pub scopes: String,
}

impl Settings {
    /// Reads the environment that the template sets.
    ///
    /// # Errors
    /// Names the variable that is missing.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        Ok(Self { provider: Provider::from_env(env)?, ..Self::default() })
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { provider: None, timeout: PROVIDER_TIMEOUT }
    }
}

impl Provider {
    fn from_env(env: Env<'_>) -> Result<Option<Self>, ConfigError> {
        let Some(issuer) = env.get("PORTCULLIS_OIDC_ISSUER") else {
            return Ok(None);
        };
        // Without an audience, any token of the provider would be accepted.
        let audience = env.require("PORTCULLIS_OIDC_AUDIENCE")?;
        let or = |name: &str, default: &str| env.get(name).unwrap_or_else(|| default.to_owned());
        Ok(Some(Self {
            issuer,
            client_id: or("PORTCULLIS_OIDC_CLIENT_ID", &audience),
            scopes: or("PORTCULLIS_OIDC_SCOPES", "openid"),
            audience,
            groups_claim: or("PORTCULLIS_OIDC_GROUPS_CLAIM", "groups"),
            owner_claim: or("PORTCULLIS_OIDC_OWNER_CLAIM", "sub"),
        }))
    }
}
