//! Settings of authorization decisions.

use std::str::FromStr;

use crate::env::{ConfigError, Env};

/// The operator's settings of authorization decisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `PORTCULLIS_TOKEN_MANAGEMENT`: who may manage tokens (`owners`).
    pub token_management: TokenManagement,
    /// `PORTCULLIS_MAX_IDLE_DAYS`: days without use after which a token is refused (0); 0 means never.
    pub max_idle_days: u32,
    /// `PORTCULLIS_AUTHORIZER_CACHE_SECONDS`: how long gateways cache the authorizer's responses, in seconds
    /// (0). Above 0 each response has to hold for every route.
    pub cache_seconds: u32,
}

/// Who may manage tokens through the management API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenManagement {
    /// Owners manage their own with `tokens:read` and `tokens:write`; admins manage all.
    Owners,
    /// Only principals with `tokens:admin`.
    Admins,
}

impl Settings {
    /// Reads the environment that the template sets.
    ///
    /// # Errors
    /// Names the variable that is invalid.
    pub fn from_env(env: Env<'_>) -> Result<Self, ConfigError> {
        let default = Self::default();
        Ok(Self {
            token_management: env.parse("PORTCULLIS_TOKEN_MANAGEMENT", default.token_management)?,
            max_idle_days: env.parse("PORTCULLIS_MAX_IDLE_DAYS", default.max_idle_days)?,
            cache_seconds: env.parse("PORTCULLIS_AUTHORIZER_CACHE_SECONDS", default.cache_seconds)?,
        })
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { token_management: TokenManagement::Owners, max_idle_days: 0, cache_seconds: 0 }
    }
}

impl TokenManagement {
    /// The parameter's value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owners => "owners",
            Self::Admins => "admins",
        }
    }
}

impl FromStr for TokenManagement {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "owners" => Ok(Self::Owners),
            "admins" => Ok(Self::Admins),
            _ => Err("must be owners or admins".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_from_their_variables() {
        let variable = |name: &str| match name {
            "PORTCULLIS_TOKEN_MANAGEMENT" => Some("admins".to_owned()),
            "PORTCULLIS_MAX_IDLE_DAYS" => Some("90".to_owned()),
            "PORTCULLIS_AUTHORIZER_CACHE_SECONDS" => Some("60".to_owned()),
            _ => None,
        };
        let set = Settings { token_management: TokenManagement::Admins, max_idle_days: 90, cache_seconds: 60 };
        assert_eq!(Settings::from_env(Env::from_fn(&variable)).unwrap(), set);
        assert_eq!(Settings::from_env(Env::from_fn(&|_| None)).unwrap(), Settings::default());
    }

    #[test]
    fn a_printed_token_management_parses_to_itself() {
        for word in ["owners", "admins"] {
            assert_eq!(word.parse::<TokenManagement>().unwrap().as_str(), word);
        }
        assert!("Owners".parse::<TokenManagement>().is_err());
    }
}
