//! The actor of a change.

use std::fmt;
use std::str::FromStr;

use crate::catalog::TrustRuleName;
use crate::secret::TokenId;
use crate::text::OwnerId;
use crate::validation::ValidationError;

/// The actor of a change. Written as `token:<id>`, `session:<owner>`, `trust:<rule>` for a CI job whose
/// identity matched a trust rule, `bootstrap` for a direct invocation of the create function with AWS
/// credentials, or `restore` for the check of a restored table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A token.
    Token(TokenId),
    /// A signed-in user.
    Session(OwnerId),
    /// A CI job, through this trust rule.
    Trust(TrustRuleName),
    /// A direct invocation with AWS credentials.
    Bootstrap,
    /// `portcullis restore-check`.
    Restore,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(id) => write!(f, "token:{id}"),
            Self::Session(owner) => write!(f, "session:{owner}"),
            Self::Trust(rule) => write!(f, "trust:{rule}"),
            Self::Bootstrap => f.write_str("bootstrap"),
            Self::Restore => f.write_str("restore"),
        }
    }
}

impl FromStr for Actor {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        let wrong = || ValidationError::new("must be token:<id>, session:<owner>, trust:<rule>, bootstrap or restore");
        match text.split_once(':') {
            Some(("token", id)) => id.parse().map(Self::Token),
            Some(("session", owner)) => OwnerId::from_stored(owner).map(Self::Session).ok_or_else(wrong),
            Some(("trust", rule)) => TrustRuleName::from_stored(rule).map(Self::Trust).ok_or_else(wrong),
            None if text == "bootstrap" => Ok(Self::Bootstrap),
            None if text == "restore" => Ok(Self::Restore),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_actor_parses_to_itself() {
        for good in ["token:0123456789abcdef", "session:alice", "trust:deploy", "bootstrap", "restore"] {
            assert_eq!(good.parse::<Actor>().unwrap().to_string(), good);
        }
        for bad in ["", "token", "token:x", "user:alice", "bootstrap:x", "Restore"] {
            assert!(bad.parse::<Actor>().is_err(), "{bad:?}");
        }
    }
}
