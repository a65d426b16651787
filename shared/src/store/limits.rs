//! Limits and retention times of the deployment.

use crate::env::{ConfigError, Env};

/// Maximum number of live tokens, and retention times.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `PORTCULLIS_MAX_TOKENS_PER_OWNER`: maximum number of live tokens per owner (10); 0 means no limit.
    pub live_tokens: u32,
    /// `PORTCULLIS_RETENTION_DAYS`: days for which the record of an expired or revoked token is kept (30).
    pub retention_days: u32,
    /// `PORTCULLIS_HISTORY_DAYS`: days for which events are kept (400).
    pub history_days: u32,
}

impl Limits {
    /// Reads the environment that the template sets.
    ///
    /// # Errors
    /// Names the variable that is invalid.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        let default = Self::default();
        Ok(Self {
            live_tokens: env.parse("PORTCULLIS_MAX_TOKENS_PER_OWNER", default.live_tokens)?,
            retention_days: env.parse("PORTCULLIS_RETENTION_DAYS", default.retention_days)?,
            history_days: env.parse("PORTCULLIS_HISTORY_DAYS", default.history_days)?,
        })
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { live_tokens: 10, retention_days: 30, history_days: 400 }
    }
}
