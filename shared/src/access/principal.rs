//! Whoever makes a request: a token, or a person's session.

use super::{Addresses, Grants, Permission, RoleName};
use crate::clock::Timestamp;
use crate::token::{Actor, OwnerId, Record, Standing};

/// A token whose secret was right, or a session whose signature was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A token.
    Token(Box<Record>),
    /// A person who has signed in.
    Session(Session),
}

/// A person who has signed in at the operator's OpenID Connect provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who it is, and so whose tokens are theirs.
    pub owner: OwnerId,
    /// Their groups, as far as the catalog maps them to a role. Together with `owner` and
    /// `expires_at` they are all that the provider said: the rest follows from one version of
    /// the catalog.
    pub groups: Vec<String>,
    /// The roles that these groups have in the catalog.
    pub roles: Vec<RoleName>,
    /// What those roles give.
    pub grants: Grants,
    /// When the session ends.
    pub expires_at: Timestamp,
}

impl Principal {
    /// Whom it acts for.
    #[must_use]
    pub fn owner(&self) -> &OwnerId {
        match self {
            Self::Token(record) => &record.owner,
            Self::Session(session) => &session.owner,
        }
    }

    /// What it may do, and where.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        match self {
            Self::Token(record) => &record.grants,
            Self::Session(session) => &session.grants,
        }
    }

    /// What it is worth at a moment. A session was found to be alive when its signature was
    /// verified, and lives for one request.
    #[must_use]
    pub fn standing(&self, now: Timestamp, max_idle_days: u32) -> Standing {
        match self {
            Self::Token(record) => record.standing(now, max_idle_days),
            Self::Session(_) => Standing::Active,
        }
    }

    /// From where it may come; a person from anywhere.
    #[must_use]
    pub fn allowed_ips(&self) -> Option<&Addresses> {
        match self {
            Self::Token(record) => Some(&record.allowed_ips),
            Self::Session(_) => None,
        }
    }

    /// The moment that nothing which it makes may outlive. A person's session is short, and
    /// what it makes is not bound to it.
    #[must_use]
    pub fn outlived_by_nothing_after(&self) -> Option<Timestamp> {
        match self {
            Self::Token(record) => record.expires_at,
            Self::Session(_) => None,
        }
    }

    /// As it is written down.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self {
            Self::Token(record) => Actor::Token(record.id.clone()),
            Self::Session(session) => Actor::Session(session.owner.clone()),
        }
    }

    /// Whether it manages anyone's tokens, or anyone's `tokens/<id>`.
    #[must_use]
    pub fn is_admin_of(&self, name: &str) -> bool {
        self.grants().allows(&Permission::named("tokens", "admin"), name)
    }
}
