//! The public ID of a token.

use std::fmt;
use std::str::FromStr;

use super::TokenDigest;
use super::base62::base62;
use crate::validation::ValidationError;

/// Length of an ID, in characters.
pub(super) const ID_LENGTH: usize = 16;

/// The public ID of a token: 16 characters of `[0-9A-Za-z]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub(super) String);

impl TokenId {
    /// The ID made from the first 128 bits of a digest, for an ID that a repeated request has to get again.
    #[must_use]
    pub fn from_digest(digest: &TokenDigest) -> Self {
        let first = digest.as_bytes().first_chunk().copied().unwrap_or_default();
        Self(base62(u128::from_be_bytes(first), ID_LENGTH))
    }

    /// The ID as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenId {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        if text.len() == ID_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValidationError::new("must be 16 characters of 0-9, A-Z and a-z"))
        }
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_16_letters_or_digits() {
        let good = "0123456789abcXYZ";
        assert_eq!(good.parse::<TokenId>().unwrap().to_string(), good);
        for bad in
            ["", "0123456789abcXY", "0123456789abcXYZ0", "0123456789abc-YZ", "0123456789abcXY ", "0123456789abcXé"]
        {
            assert!(bad.parse::<TokenId>().is_err(), "{bad:?}");
        }
    }
}
