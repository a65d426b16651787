//! The environment variables of a function, read by name. Each module reads its own settings.

use std::str::FromStr;

/// The environment: that of the process, or one that a test made up.
#[derive(Clone, Copy)]
pub struct Env<'a>(&'a dyn Fn(&str) -> Option<String>);

/// Why a function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable is not set.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// A variable is set to something that it cannot be.
    #[error("the environment variable {0} {1}")]
    Wrong(&'static str, String),
    /// The file that `AWS_CA_BUNDLE` names cannot be used.
    #[error("AWS_CA_BUNDLE: {0}")]
    CaBundle(String),
}

impl Env<'static> {
    /// The environment of this process.
    #[must_use]
    pub fn process() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        Self(&|name| std::env::var(name).ok())
    }
}

impl<'a> Env<'a> {
    /// An environment of the caller's own, for tests.
    pub fn from_fn(variable: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self(variable)
    }

    /// A variable that is set and not empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// A variable that has to be set.
    ///
    /// # Errors
    /// Names the variable where it is not set.
    pub fn require(&self, name: &'static str) -> Result<String, ConfigError> {
        self.get(name).ok_or(ConfigError::Missing(name))
    }

    /// A variable with a default.
    ///
    /// # Errors
    /// Names the variable and what it must be.
    pub fn parse<T: FromStr<Err: ToString>>(&self, name: &'static str, default: T) -> Result<T, ConfigError> {
        let Some(text) = self.get(name) else { return Ok(default) };
        text.parse().map_err(|error: T::Err| ConfigError::Wrong(name, error.to_string()))
    }
}
