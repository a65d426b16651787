//! The principal of a request: a token or a user session.

use std::collections::{BTreeMap, BTreeSet};

use super::TokenManagement;
use crate::catalog::{Catalog, Role, RoleName};
use crate::clock::Timestamp;
use crate::grants::{Grant, Grants, IpAllowlist, Permission, Resource};
use crate::text::OwnerId;
use crate::token::{Actor, TokenRecord, TokenState};

/// An authenticated principal: its token's secret or its session's signature was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A token.
    Token(Box<TokenRecord>),
    /// A signed-in user.
    Session(Session),
}

/// A user who signed in at the operator's OpenID Connect provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The user, as owner of their tokens.
    pub owner: OwnerId,
    /// The user's groups that the catalog maps to a role. Together with `owner` and `expires_at` they are all
    /// that comes from the provider; the rest is derived from one version of the catalog.
    pub groups: Vec<String>,
    /// The roles of these groups in the catalog.
    pub roles: Vec<RoleName>,
    /// The grants of those roles.
    pub grants: Grants,
    /// Expiry of the session.
    pub expires_at: Timestamp,
}

impl Session {
    /// The session of a user in these groups. Groups that the catalog does not map to a role are ignored.
    ///
    /// If owners manage their own tokens, every user may do so, within the grants of their roles.
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
    /// The owner as whom the principal acts.
    #[must_use]
    pub fn owner(&self) -> &OwnerId {
        match self {
            Self::Token(record) => &record.owner,
            Self::Session(session) => &session.owner,
        }
    }

    /// Permissions and the resources that they apply to.
    #[must_use]
    pub fn grants(&self) -> &Grants {
        match self {
            Self::Token(record) => &record.grants,
            Self::Session(session) => &session.grants,
        }
    }

    /// The principal's effective state at `now`. A session's expiry was checked with its signature, and a
    /// session lasts for one request.
    #[must_use]
    pub fn state(&self, now: Timestamp, max_idle_days: u32) -> TokenState {
        match self {
            Self::Token(record) => record.state(now, max_idle_days),
            Self::Session(_) => TokenState::Active,
        }
    }

    /// The token's IP allowlist; sessions have none.
    #[must_use]
    pub fn allowed_ips(&self) -> Option<&IpAllowlist> {
        match self {
            Self::Token(record) => Some(&record.allowed_ips),
            Self::Session(_) => None,
        }
    }

    /// The latest expiry that a token created by this principal may have. A session is short, so its expiry
    /// does not limit the tokens it creates.
    #[must_use]
    pub fn max_expiry_of_created_tokens(&self) -> Option<Timestamp> {
        match self {
            Self::Token(record) => record.expires_at,
            Self::Session(_) => None,
        }
    }

    /// The principal as records and events name it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self {
            Self::Token(record) => Actor::Token(record.id.clone()),
            Self::Session(session) => Actor::Session(session.owner.clone()),
        }
    }

    /// Whether the principal may read the catalog, and so learn the names of its roles.
    #[must_use]
    pub fn may_read_catalog(&self) -> bool {
        self.grants().allows(&Permission::named("catalog", "read"), "catalog")
    }

    /// Whether the principal manages the tokens of all owners, or any owner's `tokens/<id>`.
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
    fn a_session_has_the_grants_of_its_groups_roles() {
        let catalog = catalog(
            r#"{"roles": {"ops": {"permissions": ["apps:restart", "apps:read"]}, "view": {"permissions": ["*:read"]}},
                "permissions": {"apps:restart": ""},
                "sessions": {"groups": {"team a": "ops", "everyone": "view", "team b": "ops"}}}"#,
        );
        let session = |groups: &[&str], management| {
            let groups: Vec<_> = groups.iter().map(|group| (*group).to_owned()).collect();
            Session::new(&catalog, "alice".parse().unwrap(), &groups, Timestamp::from_seconds(9), management)
        };
        let alice = session(&["team a", "team b", "unmapped", "everyone"], TokenManagement::Admins);
        assert_eq!(alice.roles.iter().map(RoleName::as_str).collect::<Vec<_>>(), ["ops", "view"]);
        assert!(alice.grants.allows(&"apps:restart".parse().unwrap(), "apps/x"));
        assert!(!alice.grants.has_permission(&"tokens:write".parse().unwrap()));
        let unmapped = session(&["Team A"], TokenManagement::Admins);
        assert_eq!((unmapped.roles, unmapped.grants), (vec![], Grants::default()));
        let own = session(&[], TokenManagement::Owners);
        assert!(own.grants.allows(&"tokens:write".parse().unwrap(), "tokens/x"));
    }

    #[test]
    fn a_token_bounds_what_it_creates_and_administers() {
        let grants = Grants::single(vec!["tokens:admin".parse().unwrap()], vec!["tokens/x".parse().unwrap()]);
        let (id, name, owner) = ("0123456789abcdef".parse(), "ci".parse(), "alice".parse());
        let now = Timestamp::from_seconds(9);
        let record = TokenRecord::new(id.unwrap(), name.unwrap(), owner.unwrap(), grants, Actor::Bootstrap, now);
        let token = Principal::Token(Box::new(TokenRecord { expires_at: Some(now), ..record }));
        assert_eq!(token.max_expiry_of_created_tokens(), Some(now));
        assert!(token.is_admin_of("tokens/x") && !token.is_admin_of("tokens"));
    }
}
