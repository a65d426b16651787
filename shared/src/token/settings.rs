//! Limits on tokens.

use crate::clock::{DAY_SECONDS, Timestamp};
use crate::env::{ConfigError, Env};

/// Lifetimes of tokens, and whether use of a retired secret disables a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `PORTCULLIS_DEFAULT_TOKEN_LIFETIME`: lifetime in days of a token that is created without an expiry (30).
    pub default_lifetime_days: u32,
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
        let default = Self::default();
        Ok(Self {
            default_lifetime_days: env.parse("PORTCULLIS_DEFAULT_TOKEN_LIFETIME", default.default_lifetime_days)?,
            max_lifetime_days: env.parse("PORTCULLIS_MAX_TOKEN_LIFETIME", default.max_lifetime_days)?,
            quarantine_on_reuse: env.parse("PORTCULLIS_QUARANTINE_ON_REUSE", default.quarantine_on_reuse)?,
        })
    }

    /// Expiry of a token that is created at `now` without an expiry: the default lifetime, at most the maximum.
    #[must_use]
    pub fn default_expiry(&self, now: Timestamp) -> Timestamp {
        now.truncated_to_seconds().plus_seconds(i64::from(self.effective_default_days()) * DAY_SECONDS)
    }

    /// The default lifetime, at most the maximum, in days.
    #[must_use]
    pub fn effective_default_days(&self) -> u32 {
        let max = if self.max_lifetime_days == 0 { u32::MAX } else { self.max_lifetime_days };
        self.default_lifetime_days.min(max)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { default_lifetime_days: 30, max_lifetime_days: 0, quarantine_on_reuse: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_lifetime_is_at_most_the_maximum() {
        for (default_lifetime_days, max_lifetime_days, days) in [(30, 0, 30), (30, 7, 7), (30, 90, 30)] {
            let settings = Settings { default_lifetime_days, max_lifetime_days, quarantine_on_reuse: false };
            assert_eq!(settings.effective_default_days(), days);
            let expiry = settings.default_expiry(Timestamp::from_millis(1_999));
            assert_eq!(expiry, Timestamp::from_seconds(1 + i64::from(days) * DAY_SECONDS));
        }
    }

    #[test]
    fn settings_are_read_from_their_variables() {
        let variable = |name: &str| match name {
            "PORTCULLIS_DEFAULT_TOKEN_LIFETIME" => Some("7".to_owned()),
            "PORTCULLIS_MAX_TOKEN_LIFETIME" => Some("90".to_owned()),
            "PORTCULLIS_QUARANTINE_ON_REUSE" => Some("true".to_owned()),
            _ => None,
        };
        let set = Settings { default_lifetime_days: 7, max_lifetime_days: 90, quarantine_on_reuse: true };
        assert_eq!(Settings::from_env(Env::from_fn(&variable)).unwrap(), set);
        assert_eq!(Settings::from_env(Env::from_fn(&|_| None)).unwrap(), Settings::default());
    }
}
