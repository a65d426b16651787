//! Limits on tokens.

use crate::env::{ConfigError, Env};

/// The maximum lifetime, and whether use of a retired secret disables a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `PORTCULLIS_MAX_TOKEN_LIFETIME`: maximum lifetime in days, counted from when the expiry is set (0); 0
    /// means no limit.
    pub max_lifetime_days: u32,
    /// `PORTCULLIS_QUARANTINE_ON_REUSE`: disable a token when a retired secret is used (`false`).
    pub quarantine_on_reuse: bool,
}

impl Settings {
    /// Reads the environment that the template sets.
    ///
    /// # Errors
    /// Names the variable that is invalid.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            max_lifetime_days: env.parse("PORTCULLIS_MAX_TOKEN_LIFETIME", 0)?,
            quarantine_on_reuse: env.parse("PORTCULLIS_QUARANTINE_ON_REUSE", false)?,
        })
    }
}
