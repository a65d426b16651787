//! The record of a token: everything except its secrets.

use std::net::IpAddr;

use super::{Actor, TokenApprovals, UserAgentFamily};
use crate::catalog::RoleName;
use crate::clock::{DAY_SECONDS, Timestamp};
use crate::grants::{Grants, IpAllowlist};
use crate::secret::TokenId;
use crate::text::{Comment, Description, OwnerId, Provenance, TokenName};
use crate::validation::string_enum;

/// A token's record, as every function except the authorizer reads it: without digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// Public ID.
    pub id: TokenId,
    /// Display name.
    pub name: TokenName,
    /// Purpose.
    pub description: Option<Description>,
    /// The owner, as whom the token acts.
    pub owner: OwnerId,
    /// The actor that created it.
    pub created_by: Actor,
    /// For tokens issued by an exchange: the identity that was exchanged. Such a token lives for minutes, does
    /// not count as a live token of its owner, and cannot be changed.
    pub via: Option<Provenance>,
    /// Whether it counts against its owner's limit of live tokens; set at creation.
    pub counted: bool,
    /// Creation time, in milliseconds; lists are ordered by it.
    pub created_at: Timestamp,
    /// Expiry; `None` means never. Checked at every request, because the table's TTL deletes items up to days
    /// late.
    pub expires_at: Option<Timestamp>,
    /// Set on revocation, which is final.
    pub revoked: Option<Revocation>,
    /// Set while it is disabled.
    pub disabled: Option<DisabledState>,
    /// Time at which it was last enabled.
    pub enabled_at: Option<Timestamp>,
    /// The role from which the permissions were taken at creation. For display only; the grants decide.
    pub role: Option<RoleName>,
    /// Permissions and the resources that they apply to.
    pub grants: Grants,
    /// IP ranges from which it may be used.
    pub allowed_ips: IpAllowlist,
    /// Time of the last rotation.
    pub rotated_at: Option<Timestamp>,
    /// End of the previous secret's overlap.
    pub previous_secret_until: Option<Timestamp>,
    /// Last use.
    pub last_used: Option<LastUse>,
    /// Pending and live approvals.
    pub approvals: TokenApprovals,
    /// Version, incremented by each change; the HTTP API shows it as `ETag`.
    pub version: u64,
}

/// A token's revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Time of the revocation.
    pub at: Timestamp,
    /// The actor that revoked it.
    pub by: Actor,
    /// Reason and comment, if given.
    pub grounds: RevocationDetails,
}

/// Reason and comment of a revocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevocationDetails {
    /// The reason code.
    pub reason: Option<RevokeReason>,
    /// Free-text comment.
    pub comment: Option<Comment>,
}

/// A token's disabled state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisabledState {
    /// Since when.
    pub at: Timestamp,
    /// The actor; `None` if the deployment acted automatically.
    pub by: Option<Actor>,
    /// The reason.
    pub why: DisableReason,
}

/// A use of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// Time to the minute; not every use is recorded.
    pub at: Timestamp,
    /// IP address that the gateway saw.
    pub source_ip: Option<IpAddr>,
    /// User agent family, as the client sent it.
    pub agent: Option<UserAgentFamily>,
}

impl DisabledState {
    /// Whether this state stays if the token is disabled again for reason `why`. An admin's disablement
    /// replaces any other, so that only an admin can enable the token.
    #[must_use]
    pub fn stands_against(&self, why: DisableReason) -> bool {
        why != DisableReason::Admin || self.why == DisableReason::Admin
    }
}

impl TokenRecord {
    /// The record of a new token: without expiry, IP allowlist or use.
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
            approvals: TokenApprovals::default(),
            version: 1,
        }
    }

    /// The token's effective state at `now`, the first that applies. Tokens unused for `max_idle_days` days are
    /// idle; 0 turns this off.
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

    /// The pending and live approvals; `None` if the token is revoked, disabled or expired, which ends them.
    #[must_use]
    pub fn open_approvals(&self, now: Timestamp) -> Option<&TokenApprovals> {
        let is_open = self.revoked.is_none() && self.disabled.is_none() && !self.has_expired(now);
        is_open.then_some(&self.approvals)
    }

    /// Whether the expiry has passed.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }

    /// Time of the last use, creation, enabling or rotation, whichever is latest.
    #[must_use]
    pub fn last_activity(&self) -> Timestamp {
        let used = self.last_used.as_ref().map(|used| used.at);
        [used, self.enabled_at, self.rotated_at].into_iter().flatten().fold(self.created_at, Timestamp::max)
    }
}

/// Effective state of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// Active.
    Active,
    /// Revoked.
    Revoked,
    /// Disabled by an actor or the deployment.
    Disabled,
    /// Expired.
    Expired,
    /// Not used for longer than the deployment allows.
    Idle,
}

impl TokenState {
    /// The status that the HTTP API shows: an idle token is disabled until someone enables it.
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

string_enum! {
    /// Status of a token.
    Status:
    /// Active.
    Active = "active",
    /// Expired.
    Expired = "expired",
    /// Revoked.
    Revoked = "revoked",
    /// Disabled until someone enables it.
    Disabled = "disabled";
    "must be active, expired, revoked or disabled"
}

string_enum! {
    /// Reason code of a revocation, for reporting.
    RevokeReason:
    /// The secret may have leaked.
    Leaked = "leaked",
    /// Another token replaces it.
    Superseded = "superseded",
    /// It is no longer needed.
    Unused = "unused",
    /// The owner has left.
    OwnerLeft = "owner_left",
    /// Any other reason; see the comment.
    Other = "other";
    "must be leaked, superseded, unused, owner_left or other"
}

string_enum! {
    /// Why a token is disabled; determines who may enable it.
    DisableReason:
    /// A caller who manages the owner's own tokens disabled it.
    Owner = "owner",
    /// An admin disabled another owner's token; only an admin may enable it.
    Admin = "admin",
    /// A retired secret was used, so it may have been stolen.
    SecretReuse = "secret_reuse";
    "must be owner, admin or secret_reuse"
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
    fn the_state_of_a_token_is_the_first_that_applies() {
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
    fn a_tokens_approvals_end_with_it() {
        let open = record();
        assert_eq!(open.open_approvals(at(101)), Some(&TokenApprovals::default()));
        let revoked = Some(Revocation { at: at(101), by: Actor::Bootstrap, grounds: RevocationDetails::default() });
        let disabled = Some(DisabledState { at: at(101), by: None, why: DisableReason::Owner });
        for ended in [
            TokenRecord { revoked, ..record() },
            TokenRecord { disabled, ..record() },
            TokenRecord { expires_at: Some(at(101)), ..record() },
        ] {
            assert_eq!(ended.open_approvals(at(101)), None, "{ended:?}");
        }
    }

    #[test]
    fn a_token_is_idle_from_the_exact_second() {
        let end = at(130);
        assert_eq!(record().state(end.plus_seconds(-1), 30), TokenState::Active);
        assert_eq!(record().state(end, 30), TokenState::Idle);
    }

    #[test]
    fn every_order_of_times_at_the_edge_gives_the_first_state_that_applies() {
        // Seconds from now, and none.
        let edges = [None, Some(-1), Some(0), Some(1)];
        let now = at(200);
        let moment = |offset: i64| now.plus_seconds(offset);
        let idle_limit = |offset: i64| at(200 - 30).plus_seconds(offset);
        let by = Actor::Bootstrap;
        for (revoked, disabled, expires) in triples(edges) {
            for (used, enabled, rotated) in triples(edges) {
                let record = TokenRecord {
                    revoked: revoked.map(moment).map(|at| Revocation {
                        at,
                        by: by.clone(),
                        grounds: Default::default(),
                    }),
                    disabled: disabled.map(moment).map(|at| DisabledState { at, by: None, why: DisableReason::Owner }),
                    expires_at: expires.map(moment),
                    last_used: used.map(idle_limit).and_then(self::used),
                    enabled_at: enabled.map(idle_limit),
                    rotated_at: rotated.map(idle_limit),
                    ..record()
                };
                // Created 100 days ago.
                let is_idle = [used, enabled, rotated].into_iter().flatten().all(|last| last <= 0);
                for (max_idle_days, is_idle) in [(30, is_idle), (0, false)] {
                    let applies = [
                        (revoked.is_some(), TokenState::Revoked),
                        (disabled.is_some(), TokenState::Disabled),
                        (expires.is_some_and(|end| end <= 0), TokenState::Expired),
                        (is_idle, TokenState::Idle),
                        (true, TokenState::Active),
                    ];
                    let (_, state) = applies.into_iter().find(|(applies, _)| *applies).unwrap();
                    assert_eq!(record.state(now, max_idle_days), state, "{record:?}");
                }
            }
        }
    }

    /// Every choice of three.
    fn triples<T: Copy>(of: [T; 4]) -> impl Iterator<Item = (T, T, T)> {
        of.into_iter().flat_map(move |a| of.into_iter().flat_map(move |b| of.into_iter().map(move |c| (a, b, c))))
    }

    #[test]
    fn use_enabling_and_rotation_reset_the_idle_time() {
        let since = |record: TokenRecord| record.last_activity();
        assert_eq!(since(record()), at(100));
        assert_eq!(since(TokenRecord { last_used: used(at(110)), ..record() }), at(110));
        assert_eq!(since(TokenRecord { last_used: used(at(110)), enabled_at: Some(at(120)), ..record() }), at(120));
        assert_eq!(since(TokenRecord { rotated_at: Some(at(130)), enabled_at: Some(at(120)), ..record() }), at(130));
    }

    #[test]
    fn only_an_admin_replaces_the_reason_of_a_disablement() {
        use DisableReason::{Admin, Owner, SecretReuse};
        for before in [Owner, Admin, SecretReuse] {
            let state = DisabledState { at: at(100), by: None, why: before };
            let stands = [Owner, Admin, SecretReuse].map(|again| state.stands_against(again));
            assert_eq!(stands, [true, before == Admin, true], "{before:?}");
        }
    }

    #[test]
    fn every_enum_text_parses_to_itself() {
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
