//! What is known of a token: everything but its secret.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::{Description, Invalid, OwnerId, TokenId, TokenName};
use crate::access::{Grants, RoleName};
use crate::clock::Timestamp;

/// A token's record, as every function but the authorizer sees it: without the digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The public id.
    pub id: TokenId,
    /// What people call it.
    pub name: TokenName,
    /// What it is for.
    pub description: Option<Description>,
    /// Whom it belongs to and acts for.
    pub owner: OwnerId,
    /// Who made it.
    pub created_by: Actor,
    /// When it was made, to the millisecond: lists are ordered by it.
    pub created_at: Timestamp,
    /// When it ends by itself; `None` is never. Compared at every request: the table's TTL
    /// is housekeeping and may be days late.
    pub expires_at: Option<Timestamp>,
    /// Set once it was revoked; there is no way back.
    pub revoked: Option<Revocation>,
    /// The role that its permissions were taken from when it was made. It is shown, and
    /// decides nothing: what the token may do stands in its grants.
    pub role: Option<RoleName>,
    /// What it may do, and where.
    pub grants: Grants,
    /// When it last opened a door, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// Counts its changes; the HTTP API shows it as `ETag`.
    pub version: u64,
}

/// Who ended a token, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
}

impl Record {
    /// The token's state at a moment. A token that was revoked and would also have expired
    /// is revoked.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Status {
        if self.revoked.is_some() {
            Status::Revoked
        } else if self.expires_at.is_some_and(|at| at <= now) {
            Status::Expired
        } else {
            Status::Active
        }
    }
}

/// A token's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It opens doors.
    Active,
    /// Its time has come.
    Expired,
    /// Someone ended it.
    Revoked,
}

impl FromStr for Status {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "active" => Ok(Self::Active),
            "expired" => Ok(Self::Expired),
            "revoked" => Ok(Self::Revoked),
            _ => Err(Invalid::new("must be active, expired or revoked")),
        }
    }
}

/// Who did something: written as `token:<id>`, `session:<owner>`, or `bootstrap` for whoever invoked the
/// create function directly with AWS credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A token.
    Token(TokenId),
    /// A person who had signed in.
    Session(OwnerId),
    /// Someone with AWS credentials.
    Bootstrap,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(id) => write!(f, "token:{id}"),
            Self::Session(owner) => write!(f, "session:{owner}"),
            Self::Bootstrap => f.write_str("bootstrap"),
        }
    }
}

impl FromStr for Actor {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::new("must be token:<id>, session:<owner> or bootstrap");
        match text.split_once(':') {
            Some(("token", id)) => id.parse().map(Self::Token),
            Some(("session", owner)) => OwnerId::stored(owner).map(Self::Session).ok_or_else(wrong),
            None if text == "bootstrap" => Ok(Self::Bootstrap),
            _ => Err(wrong()),
        }
    }
}
