//! The prefix of a deployment's tokens.

use std::fmt;
use std::str::FromStr;

use crate::validation::ValidationError;

const MIN_PREFIX_LENGTH: usize = 2;
pub(super) const MAX_PREFIX_LENGTH: usize = 16;

/// A deployment's token prefix: `[a-z][a-z0-9]{1,15}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenPrefix(String);

impl TokenPrefix {
    /// The prefix, without the `_`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TokenPrefix {
    /// `pcl`
    fn default() -> Self {
        Self("pcl".to_owned())
    }
}

impl FromStr for TokenPrefix {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        let mut bytes = text.bytes();
        let first = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase());
        let rest = bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if first && rest && (MIN_PREFIX_LENGTH..=MAX_PREFIX_LENGTH).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValidationError::new("must be a lower-case letter and 1 to 15 more lower-case letters or digits"))
        }
    }
}

impl fmt::Display for TokenPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_lower_case_letter_and_1_to_15_letters_or_digits() {
        for good in ["pcl", "ab", "a1", "a234567890123456"] {
            assert_eq!(good.parse::<TokenPrefix>().unwrap().to_string(), good);
        }
        for bad in ["", "a", "a2345678901234567", "1a", "Ab", "aB", "a_b", "a-b", " ab", "ab ", "éa", "aé"] {
            assert!(bad.parse::<TokenPrefix>().is_err(), "{bad:?}");
        }
    }
}
