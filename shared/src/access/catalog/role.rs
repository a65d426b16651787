//! A role: a named set of permissions. It is a shortcut at a token's creation, where it is
//! expanded, and what a group of people has in their sessions.

use std::fmt;
use std::str::FromStr;

use crate::access::Permission;
use crate::token::Invalid;

/// A role's name: a lower-case letter, then up to 31 of `a-z`, `0-9` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleName(String);

/// What a role is for, and what it gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// For people.
    pub description: String,
    /// What whoever has it may do.
    pub permissions: Vec<Permission>,
}

impl RoleName {
    /// A name that was accepted once, by the rules of its time.
    #[must_use]
    pub fn stored(text: &str) -> Option<Self> {
        Some(Self(text.to_owned()))
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RoleName {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let good = (1..=32).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::new("must be a lower-case letter and then at most 31 of a-z, 0-9 and '-'"))
        }
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
