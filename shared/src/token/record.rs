//! What is known of a token: everything but its secret.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::Serialize;

use super::UserAgentFamily;
use crate::catalog::{RoleName, TrustRuleName};
use crate::clock::{DAY_SECONDS, Timestamp};
use crate::grants::{Grants, IpAllowlist};
use crate::secret::TokenId;
use crate::text::{Comment, Description, OwnerId, Provenance, TokenName};
use crate::validation::ValidationError;

/// A token's record, as every function but the authorizer sees it: without the digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
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
    /// Through what identity it was come by, where it was exchanged for one: then it lives for
    /// minutes, takes no slot of its owner's, and is not changed any more.
    pub via: Option<Provenance>,
    /// Whether it counts against its owner's limit of live tokens; set when it is created.
    pub counted: bool,
    /// When it was made, to the millisecond: lists are ordered by it.
    pub created_at: Timestamp,
    /// When it ends by itself; `None` is never. Compared at every request: the table's TTL
    /// is housekeeping and may be days late.
    pub expires_at: Option<Timestamp>,
    /// Set once it was revoked; there is no way back.
    pub revoked: Option<Revocation>,
    /// Set while it is disabled.
    pub disabled: Option<DisabledState>,
    /// When it was last enabled, if it ever was.
    pub enabled_at: Option<Timestamp>,
    /// The role that its permissions were taken from when it was made. It is shown, and
    /// decides nothing: what the token may do stands in its grants.
    pub role: Option<RoleName>,
    /// What it may do, and where.
    pub grants: Grants,
    /// From where it may be used.
    pub allowed_ips: IpAllowlist,
    /// When it was last given a new secret, if it ever was.
    pub rotated_at: Option<Timestamp>,
    /// Until when the secret before the present one works too.
    pub previous_secret_until: Option<Timestamp>,
    /// When and how it last opened a door.
    pub last_used: Option<LastUse>,
    /// Counts its changes; the HTTP API shows it as `ETag`.
    pub version: u64,
}

/// Who ended a token, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
    /// Why, if that was said.
    pub grounds: RevocationDetails,
}

/// Why a token was revoked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevocationDetails {
    /// One of the reasons that there are.
    pub reason: Option<RevokeReason>,
    /// In someone's own words.
    pub comment: Option<Comment>,
}

/// Who disabled a token, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisabledState {
    /// When.
    pub at: Timestamp,
    /// Who; nobody where the deployment did it by itself.
    pub by: Option<Actor>,
    /// Why.
    pub why: DisableReason,
}

/// A use of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// When, to the minute: not every use is written down.
    pub at: Timestamp,
    /// From which address, as the gateway saw it.
    pub source_ip: Option<IpAddr>,
    /// With what, as the caller said.
    pub agent: Option<UserAgentFamily>,
}

impl DisabledState {
    /// Whether the token stays as it is disabled when it is disabled once more, for another reason. An
    /// admin's disablement takes the place of any other, so that only an admin enables the token.
    #[must_use]
    pub fn stands_against(&self, why: DisableReason) -> bool {
        why != DisableReason::Admin || self.why == DisableReason::Admin
    }
}

impl TokenRecord {
    /// One that was just made: alive for ever, from anywhere, and never used.
    #[must_use]
    pub fn new(
        id: TokenId,
        name: TokenName,
        owner: OwnerId,
        grants: Grants,
        created_by: Actor,
        created_at: Timestamp,
    ) -> Self {
        Self {
            id,
            name,
            description: None,
            owner,
            created_by,
            via: None,
            counted: true,
            created_at,
            expires_at: None,
            revoked: None,
            disabled: None,
            enabled_at: None,
            role: None,
            grants,
            allowed_ips: IpAllowlist::default(),
            rotated_at: None,
            previous_secret_until: None,
            last_used: None,
            version: 1,
        }
    }

    /// What the token is worth at a moment, in a deployment that refuses tokens which nobody
    /// has used for `max_idle_days` (0: it does not). The first that applies.
    #[must_use]
    pub fn state(&self, now: Timestamp, max_idle_days: u32) -> TokenState {
        let idle =
            || max_idle_days > 0 && self.last_activity().plus_seconds(i64::from(max_idle_days) * DAY_SECONDS) <= now;
        if self.revoked.is_some() {
            TokenState::Revoked
        } else if self.disabled.is_some() {
            TokenState::Disabled
        } else if self.has_expired(now) {
            TokenState::Expired
        } else if idle() {
            TokenState::Idle
        } else {
            TokenState::Active
        }
    }

    /// Whether its time has come.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// Since when nobody has used it, or cared for it: made it, enabled it or given it a new
    /// secret.
    #[must_use]
    pub fn last_activity(&self) -> Timestamp {
        let used = self.last_used.as_ref().map(|used| used.at);
        [used, self.enabled_at, self.rotated_at].into_iter().flatten().fold(self.created_at, Timestamp::max)
    }
}

/// What a token is worth at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// It opens doors.
    Active,
    /// Someone ended it.
    Revoked,
    /// Someone keeps it from opening doors, or the deployment does.
    Disabled,
    /// Its time has come.
    Expired,
    /// Nobody has used it for longer than the deployment allows.
    Idle,
}

impl TokenState {
    /// The state that the HTTP API shows: an idle token is disabled until someone enables it.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Active => Status::Active,
            Self::Revoked => Status::Revoked,
            Self::Disabled | Self::Idle => Status::Disabled,
            Self::Expired => Status::Expired,
        }
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($(#[$of:meta])* $variant:ident = $word:literal),+; $wrong:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$of])* $variant),+ }

        impl $name {
            /// As it is written.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl FromStr for $name {
            type Err = ValidationError;

            fn from_str(text: &str) -> Result<Self, ValidationError> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(ValidationError::new($wrong)),
                }
            }
        }
    };
}

words! {
    /// A token's state.
    Status:
    /// It opens doors.
    Active = "active",
    /// Its time has come.
    Expired = "expired",
    /// Someone ended it.
    Revoked = "revoked",
    /// It opens no doors until someone enables it.
    Disabled = "disabled";
    "must be active, expired, revoked or disabled"
}

words! {
    /// Why a token was revoked, as lists and reports can count it.
    RevokeReason:
    /// Someone else may know it.
    Leaked = "leaked",
    /// Another token does its work.
    Superseded = "superseded",
    /// Nobody needs it.
    Unused = "unused",
    /// Whom it acted for is gone.
    OwnerLeft = "owner_left",
    /// None of these; the comment may tell.
    Other = "other";
    "must be leaked, superseded, unused, owner_left or other"
}

words! {
    /// Why a token is disabled, and so who may enable it.
    DisableReason:
    /// Someone who manages the owner's own tokens did it.
    Owner = "owner",
    /// An admin did it to someone else's token; only an admin enables it.
    Admin = "admin",
    /// A secret was used that a newer one had replaced: someone else may have it.
    SecretReuse = "secret_reuse";
    "must be owner, admin or secret_reuse"
}

/// Who did something: written as `token:<id>`, `session:<owner>`, `trust:<rule>` for a job whose
/// identity a trust rule took, or `bootstrap` for whoever invoked the create function directly with
/// AWS credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A token.
    Token(TokenId),
    /// A person who had signed in.
    Session(OwnerId),
    /// A job of a CI system, by this trust rule.
    Trust(TrustRuleName),
    /// Someone with AWS credentials.
    Bootstrap,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(id) => write!(f, "token:{id}"),
            Self::Session(owner) => write!(f, "session:{owner}"),
            Self::Trust(rule) => write!(f, "trust:{rule}"),
            Self::Bootstrap => f.write_str("bootstrap"),
        }
    }
}

impl FromStr for Actor {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        let wrong = || ValidationError::new("must be token:<id>, session:<owner>, trust:<rule> or bootstrap");
        match text.split_once(':') {
            Some(("token", id)) => id.parse().map(Self::Token),
            Some(("session", owner)) => OwnerId::from_stored(owner).map(Self::Session).ok_or_else(wrong),
            Some(("trust", rule)) => TrustRuleName::from_stored(rule).map(Self::Trust).ok_or_else(wrong),
            None if text == "bootstrap" => Ok(Self::Bootstrap),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_seconds(day * DAY_SECONDS)
    }

    fn record() -> TokenRecord {
        let grants = Grants::single(vec!["a:b".parse().unwrap()], vec!["a".parse().unwrap()]);
        let id = "0123456789abcdef".parse().unwrap();
        TokenRecord::new(id, "ci".parse().unwrap(), "alice".parse().unwrap(), grants, Actor::Bootstrap, at(100))
    }

    fn used(at: Timestamp) -> Option<LastUse> {
        Some(LastUse { at, source_ip: None, agent: None })
    }

    #[test]
    fn a_token_stands_as_the_first_that_applies_says() {
        let revoked = Some(Revocation { at: at(101), by: Actor::Bootstrap, grounds: RevocationDetails::default() });
        let disabled = Some(DisabledState { at: at(101), by: None, why: DisableReason::SecretReuse });
        let all = TokenRecord { revoked, disabled, expires_at: Some(at(102)), ..record() };
        assert_eq!(all.state(at(200), 30), TokenState::Revoked);
        let disabled = TokenRecord { revoked: None, ..all };
        assert_eq!(disabled.state(at(200), 30), TokenState::Disabled);
        let expired = TokenRecord { disabled: None, ..disabled };
        assert_eq!(expired.state(at(200), 30), TokenState::Expired);
        let idle = TokenRecord { expires_at: None, ..expired };
        assert_eq!(idle.state(at(200), 30), TokenState::Idle);
        assert_eq!(idle.state(at(200), 0), TokenState::Active);
    }

    #[test]
    fn a_token_is_idle_from_the_very_second_on() {
        let end = at(130);
        assert_eq!(record().state(end.plus_seconds(-1), 30), TokenState::Active);
        assert_eq!(record().state(end, 30), TokenState::Idle);
    }

    #[test]
    fn using_enabling_and_rotating_a_token_keeps_it_from_being_idle() {
        let since = |record: TokenRecord| record.last_activity();
        assert_eq!(since(record()), at(100));
        assert_eq!(since(TokenRecord { last_used: used(at(110)), ..record() }), at(110));
        assert_eq!(since(TokenRecord { last_used: used(at(110)), enabled_at: Some(at(120)), ..record() }), at(120));
        assert_eq!(since(TokenRecord { rotated_at: Some(at(130)), enabled_at: Some(at(120)), ..record() }), at(130));
    }

    #[test]
    fn every_word_reads_back() {
        for status in [Status::Active, Status::Expired, Status::Revoked, Status::Disabled] {
            assert_eq!(status.as_str().parse(), Ok(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
        for reason in ["leaked", "superseded", "unused", "owner_left", "other"] {
            assert_eq!(reason.parse::<RevokeReason>().unwrap().as_str(), reason);
        }
        assert!("Leaked".parse::<RevokeReason>().is_err());
    }
}
