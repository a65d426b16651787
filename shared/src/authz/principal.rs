//! Whoever makes a request: a token, or a person's session.

use std::collections::{BTreeMap, BTreeSet};

use super::TokenManagement;
use crate::catalog::{Catalog, Role, RoleName};
use crate::clock::Timestamp;
use crate::grants::{Grant, Grants, IpAllowlist, Permission, Resource};
use crate::text::OwnerId;
use crate::token::{Actor, TokenRecord, TokenState};

/// A token whose secret was right, or a session whose signature was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A token.
    Token(Box<TokenRecord>),
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

impl Session {
    /// The session of a person in these groups. Groups that the catalog does not map to a role
    /// give nothing.
    ///
    /// Where owners manage their own tokens, everyone who has signed in does, and within
    /// what their roles give.
    #[must_use]
    pub fn new(
        catalog: &Catalog,
        owner: OwnerId,
        groups: &[String],
        expires_at: Timestamp,
        management: TokenManagement,
    ) -> Self {
        let listed: BTreeMap<&String, &RoleName> = groups.iter().filter_map(|group| catalog.group(group)).collect();
        let roles: BTreeSet<&RoleName> = listed.values().copied().collect();
        let of_role = |role: &Role| Grant { permissions: role.permissions.clone(), resources: vec![Resource::All] };
        let mut grants: Vec<_> = roles.iter().filter_map(|name| catalog.role(name)).map(of_role).collect();
        if management == TokenManagement::Owners {
            let permissions = ["read", "write"].map(|action| Permission::named("tokens", action)).to_vec();
            grants.push(Grant { permissions, resources: vec![Resource::Subtree("tokens".to_owned())] });
        }
        Self {
            owner,
            groups: listed.into_keys().cloned().collect(),
            roles: roles.into_iter().cloned().collect(),
            grants: grants.into(),
            expires_at,
        }
    }
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
    pub fn state(&self, now: Timestamp, max_idle_days: u32) -> TokenState {
        match self {
            Self::Token(record) => record.state(now, max_idle_days),
            Self::Session(_) => TokenState::Active,
        }
    }

    /// From where it may come; a person from anywhere.
    #[must_use]
    pub fn allowed_ips(&self) -> Option<&IpAllowlist> {
        match self {
            Self::Token(record) => Some(&record.allowed_ips),
            Self::Session(_) => None,
        }
    }

    /// The moment that nothing which it makes may outlive. A person's session is short, and
    /// what it makes is not bound to it.
    #[must_use]
    pub fn max_expiry_of_created_tokens(&self) -> Option<Timestamp> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::tests::catalog;

    #[test]
    fn a_session_has_what_the_roles_of_its_groups_give() {
        let catalog = catalog(
            r#"{"roles": {"ops": {"permissions": ["apps:restart", "apps:read"]}, "view": {"permissions": ["*:read"]}},
                "permissions": {"apps:restart": ""},
                "sessions": {"groups": {"team a": "ops", "everyone": "view", "team b": "ops"}}}"#,
        );
        let session = |groups: &[&str], management| {
            let groups: Vec<_> = groups.iter().map(|group| (*group).to_owned()).collect();
            Session::new(&catalog, "alice".parse().unwrap(), &groups, Timestamp::from_seconds(9), management)
        };
        let alice = session(&["team a", "team b", "nobody's", "everyone"], TokenManagement::Admins);
        assert_eq!(alice.roles.iter().map(RoleName::as_str).collect::<Vec<_>>(), ["ops", "view"]);
        assert!(alice.grants.allows(&"apps:restart".parse().unwrap(), "apps/x"));
        assert!(!alice.grants.has(&"tokens:write".parse().unwrap()));
        let nobody = session(&["Team A"], TokenManagement::Admins);
        assert_eq!((nobody.roles, nobody.grants), (vec![], Grants::default()));
        let own = session(&[], TokenManagement::Owners);
        assert!(own.grants.allows(&"tokens:write".parse().unwrap(), "tokens/x"));
    }
}
