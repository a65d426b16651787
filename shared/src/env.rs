//! Access to the environment variables of a function. Each module reads its own settings.

use std::str::FromStr;

/// The environment of the process or of a test.
#[derive(Clone, Copy)]
pub struct Env<'a>(&'a dyn Fn(&str) -> Option<String>);

/// Error in the environment of a function.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A required variable is not set.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// A variable has an invalid value.
    #[error("the environment variable {0} {1}")]
    Invalid(&'static str, String),
    /// The file named by `AWS_CA_BUNDLE` cannot be used.
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
    /// An environment for tests.
    pub fn from_fn(variable: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self(variable)
    }

    /// The value of a variable; `None` if it is unset or empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// The value of a required variable.
    ///
    /// # Errors
    /// Names the variable if it is not set.
    pub fn require(&self, name: &'static str) -> Result<String, ConfigError> {
        self.get(name).ok_or(ConfigError::Missing(name))
    }

    /// Parses a variable, with a default if it is unset.
    ///
    /// # Errors
    /// Names the variable and the expected format.
    pub fn parse<T: FromStr<Err: ToString>>(&self, name: &'static str, default: T) -> Result<T, ConfigError> {
        let Some(text) = self.get(name) else { return Ok(default) };
        text.parse().map_err(|error: T::Err| ConfigError::Invalid(name, error.to_string()))
    }
}
