//! What the deployment allows of tokens.

use crate::env::{ConfigError, Env};

/// The longest lifetime, and what becomes of a token whose superseded secret is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `PORTCULLIS_MAX_TOKEN_LIFETIME`: maximum days that a token may live from when its expiry is set
    /// (0); 0 is no limit.
    pub max_lifetime_days: u32,
    /// `PORTCULLIS_QUARANTINE_ON_REUSE`: whether a token is disabled when a secret of it is used
    /// that a newer one has replaced (`false`).
    pub quarantine_on_reuse: bool,
}

impl Settings {
    /// Reads the environment that the template sets.
    ///
    /// # Errors
    /// Names the variable that is wrong.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            max_lifetime_days: env.parse("PORTCULLIS_MAX_TOKEN_LIFETIME", 0)?,
            quarantine_on_reuse: env.parse("PORTCULLIS_QUARANTINE_ON_REUSE", false)?,
        })
    }
}
