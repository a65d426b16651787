//! A role: a named set of permissions. A token that is created with a role gets its permissions; the members of
//! a group have the role in their sessions.

use std::str::FromStr;

use crate::grants::Permission;
use crate::validation::{ValidationError, validated_string};

/// A role's name: a lower-case letter, then up to 31 of `a-z`, `0-9` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleName(String);

/// A role's description and permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Description for people.
    pub description: String,
    /// The permissions that the role grants.
    pub permissions: Vec<Permission>,
}

validated_string!(RoleName);

impl FromStr for RoleName {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        let good = (1..=32).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(ValidationError::new("must be a lower-case letter and then at most 31 of a-z, 0-9 and '-'"))
        }
    }
}
