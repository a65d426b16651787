//! Limits and retention times of the deployment.

use crate::env::{ConfigError, Env};

/// What the deployment allows, and how long it keeps what has ended.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// `PORTCULLIS_MAX_TOKENS_PER_OWNER`: the most live tokens of one owner (10); 0 is no limit.
    pub live_tokens: u32,
    /// `PORTCULLIS_RETENTION_DAYS`: how many days a record outlives its token (30).
    pub retention_days: u32,
    /// `PORTCULLIS_HISTORY_DAYS`: how many days an event is kept (400).
    pub history_days: u32,
}

impl Limits {
    /// Reads the environment that the template sets.
    ///
    /// # Errors
    /// Names the variable that is wrong.
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
