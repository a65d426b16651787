//! Approvals: a token asks for one, a person decides, and the token may use a permission for some time.
//!
//! Each request for approval is an [`Approval`] of its own. What of them is pending or live stands in the token's
//! record as [`TokenApprovals`], so that a decision reads nothing else, and so that whatever ends the token ends them.

use std::fmt;
use std::str::FromStr;

use ulid::Ulid;

use super::Actor;
use crate::catalog::ApprovalUses;
use crate::clock::{DAY_SECONDS, Day, Timestamp};
use crate::grants::{Permission, Resource};
use crate::secret::{TokenDigest, TokenId};
use crate::text::{ApprovalReason, Comment, Link, OwnerId, TokenName};
use crate::validation::{ValidationError, string_enum};

/// Maximum number of pending requests of a token.
pub const MAX_PENDING_APPROVALS: usize = 10;
/// Maximum number of live approvals of a token.
pub const MAX_LIVE_APPROVALS: usize = 10;
/// Maximum number of requests of a token on a day, in UTC: each stays in the table for the time of the history.
pub const MAX_APPROVAL_REQUESTS_PER_DAY: u32 = 100;
/// How long a request waits for a decision, in seconds.
pub const APPROVAL_LAPSE_SECONDS: i64 = DAY_SECONDS;

/// ID of an approval: a [ULID](https://github.com/ulid/spec).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApprovalId(Ulid);

/// A request for approval, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The ID.
    pub id: ApprovalId,
    /// The token that asks.
    pub token: TokenId,
    /// The token's name when it asked.
    pub token_name: TokenName,
    /// The token's owner.
    pub owner: OwnerId,
    /// The permission to be used.
    pub permission: Permission,
    /// The resource on which it is to be used.
    pub resource: Resource,
    /// Why the token needs it.
    pub reason: ApprovalReason,
    /// A page about it.
    pub link: Option<Link>,
    /// How often the approval can be used.
    pub uses: ApprovalUses,
    /// How long the approval lasts from its decision, in seconds: at most, and once approved, exactly.
    pub valid_for_seconds: u32,
    /// Time of the request, in milliseconds; lists are ordered by it.
    pub created_at: Timestamp,
    /// The decision, if there is one.
    pub decision: Option<ApprovalDecision>,
    /// When an approval for one use was used.
    pub used_at: Option<Timestamp>,
    /// When and by whom it was withdrawn or ended.
    pub ended: Option<(Timestamp, Actor)>,
}

/// The decision on a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalDecision {
    /// Whether it was approved.
    pub approved: bool,
    /// Time of the decision, in seconds.
    pub at: Timestamp,
    /// The actor.
    pub by: Actor,
    /// The actor's comment.
    pub comment: Option<Comment>,
}

string_enum! {
    /// What became of a request for approval.
    ApprovalStatus:
    /// Not decided.
    Pending = "pending",
    /// Approved and live.
    Approved = "approved",
    /// Rejected.
    Rejected = "rejected",
    /// Not decided in time.
    Lapsed = "lapsed",
    /// Approved, and its time is over.
    Expired = "expired",
    /// Approved for one use, and used.
    Used = "used",
    /// Withdrawn or ended, or its token is no longer active.
    Ended = "ended";
    "must be pending, approved, rejected, lapsed, expired, used or ended"
}

/// A token's pending requests and live approvals. Those that are over stay until the next write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenApprovals {
    /// The pending requests.
    pub pending: Vec<PendingApproval>,
    /// The live approvals.
    pub live: Vec<LiveApproval>,
    /// The day of the last request, and the number of requests on it.
    pub requests: Option<(Day, u32)>,
}

/// A pending request in its token's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingApproval {
    /// ID of the request.
    pub id: ApprovalId,
    /// [`request_key`] of its permission and resource: a resource can be long.
    pub key: String,
    /// When it lapses.
    pub lapses_at: Timestamp,
}

/// A live approval in its token's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveApproval {
    /// ID of the request.
    pub id: ApprovalId,
    /// The permission.
    pub permission: Permission,
    /// The resource.
    pub resource: Resource,
    /// How often it can be used.
    pub uses: ApprovalUses,
    /// When it expires.
    pub expires_at: Timestamp,
    /// The actor who approved.
    pub by: Actor,
}

impl Approval {
    /// When the request lapses without a decision.
    #[must_use]
    pub fn lapses_at(&self) -> Timestamp {
        self.created_at.truncated_to_seconds().plus_seconds(APPROVAL_LAPSE_SECONDS)
    }

    /// When the approval expires; `None` unless it was approved.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        let approved = self.decision.as_ref().filter(|decision| decision.approved);
        approved.map(|decision| decision.at.plus_seconds(i64::from(self.valid_for_seconds)))
    }

    /// What became of it at `now`. `of_token` is what is open of its token
    /// ([`TokenRecord::open_approvals`](super::TokenRecord::open_approvals)); `None` ends them all.
    #[must_use]
    pub fn status(&self, of_token: Option<&TokenApprovals>, now: Timestamp) -> ApprovalStatus {
        let lists =
            |listed: fn(&TokenApprovals, &ApprovalId) -> bool| of_token.is_some_and(|open| listed(open, &self.id));
        match (&self.decision, self.expires_at()) {
            _ if self.ended.is_some() => ApprovalStatus::Ended,
            (Some(_), None) => ApprovalStatus::Rejected,
            (Some(_), _) if self.used_at.is_some() => ApprovalStatus::Used,
            (Some(_), Some(end)) if end <= now => ApprovalStatus::Expired,
            // The record may have been read before the decision.
            (Some(_), _) if lists(TokenApprovals::lists) => ApprovalStatus::Approved,
            (None, _) if self.lapses_at() <= now => ApprovalStatus::Lapsed,
            (None, _) if lists(TokenApprovals::has_pending) => ApprovalStatus::Pending,
            _ => ApprovalStatus::Ended,
        }
    }

    /// The entry of the pending request.
    #[must_use]
    pub fn to_pending(&self) -> PendingApproval {
        let key = request_key(&self.permission, &self.resource);
        PendingApproval { id: self.id, key, lapses_at: self.lapses_at() }
    }

    /// The entry of the approval; `None` unless it was approved.
    #[must_use]
    pub fn to_live(&self) -> Option<LiveApproval> {
        let (expires_at, decision) = (self.expires_at()?, self.decision.as_ref()?);
        Some(LiveApproval {
            id: self.id,
            permission: self.permission.clone(),
            resource: self.resource.clone(),
            uses: self.uses,
            expires_at,
            by: decision.by.clone(),
        })
    }
}

impl TokenApprovals {
    /// Without what is over at `now`.
    #[must_use]
    pub fn pruned(mut self, now: Timestamp) -> Self {
        self.pending.retain(|pending| pending.lapses_at > now);
        self.live.retain(|live| live.expires_at > now);
        self.requests = self.requests.filter(|(day, _)| *day == Day::from_timestamp(now));
        self
    }

    /// With one more pending request at `now`.
    #[must_use]
    pub fn with_request(mut self, pending: PendingApproval, now: Timestamp) -> Self {
        let count = self.requests.map_or(0, |(_, count)| count);
        self.requests = Some((Day::from_timestamp(now), count.saturating_add(1)));
        self.pending.push(pending);
        self
    }

    /// Without a request or approval.
    #[must_use]
    pub fn without(mut self, id: &ApprovalId) -> Self {
        self.pending.retain(|pending| pending.id != *id);
        self.live.retain(|live| live.id != *id);
        self
    }

    /// What stays when the token is disabled or renewed: the number of the day's requests.
    #[must_use]
    pub fn closed(&self) -> Self {
        Self { requests: self.requests, ..Self::default() }
    }

    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.live.is_empty() && self.requests.is_none()
    }

    /// Whether a request is listed as pending, or as a live approval.
    #[must_use]
    pub fn lists(&self, id: &ApprovalId) -> bool {
        self.has_pending(id) || self.has_live(id)
    }

    /// Whether a request is listed as pending.
    #[must_use]
    pub fn has_pending(&self, id: &ApprovalId) -> bool {
        self.pending.iter().any(|pending| pending.id == *id)
    }

    /// Whether an approval is listed as live.
    #[must_use]
    pub fn has_live(&self, id: &ApprovalId) -> bool {
        self.live.iter().any(|live| live.id == *id)
    }
}

/// Identifies what a request asks for: 16 bytes of SHA-256, enough to tell the requests of one token apart.
#[must_use]
pub fn request_key(permission: &Permission, resource: &Resource) -> String {
    let digest = TokenDigest::hash(format!("{permission} {resource}").as_bytes());
    hex::encode(digest.as_bytes().split_at(16).0)
}

impl From<Ulid> for ApprovalId {
    fn from(ulid: Ulid) -> Self {
        Self(ulid)
    }
}

impl FromStr for ApprovalId {
    type Err = ValidationError;

    fn from_str(text: &str) -> Result<Self, ValidationError> {
        // Other spellings of a ULID are no ID: an approval has one.
        let ulid = Ulid::from_string(text).ok().filter(|ulid| ulid.to_string() == text);
        ulid.map(Self).ok_or_else(|| {
            ValidationError::new("must be 26 characters of 0-9 and A-Z, as in 01KEZ4RNR0D4B8Q7V1W2X3Y4Z5")
        })
    }
}

impl fmt::Display for ApprovalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const REQUESTED: i64 = 1_800_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(REQUESTED + seconds)
    }

    pub(crate) fn approval() -> Approval {
        Approval {
            id: "01KEZ4RNR0D4B8Q7V1W2X3Y4Z5".parse().unwrap(),
            token: "0123456789abcdef".parse().unwrap(),
            token_name: "ci".parse().unwrap(),
            owner: "alice".parse().unwrap(),
            permission: "releases:write".parse().unwrap(),
            resource: "releases/42".parse().unwrap(),
            reason: "Deploy 1.4.2".parse().unwrap(),
            link: Some("https://ci.example.com/runs/42".parse().unwrap()),
            uses: ApprovalUses::Any,
            valid_for_seconds: 900,
            created_at: Timestamp::from_millis(REQUESTED * 1000 + 123),
            decision: None,
            used_at: None,
            ended: None,
        }
    }

    fn decided(approved: bool) -> Approval {
        let by = Actor::Session("bob".parse().unwrap());
        let decision = ApprovalDecision { approved, at: at(60), by, comment: None };
        Approval { decision: Some(decision), ..approval() }
    }

    /// What is open of its token, which lists the approval as pending or live.
    fn open(approval: &Approval) -> TokenApprovals {
        let live: Vec<_> = approval.to_live().into_iter().collect();
        let pending = if live.is_empty() { vec![approval.to_pending()] } else { Vec::new() };
        TokenApprovals { pending, live, requests: None }
    }

    #[test]
    fn the_status_of_an_approval_follows_its_decision_and_the_time() {
        let status = |approval: &Approval, now| approval.status(Some(&open(approval)), at(now));
        assert_eq!(status(&approval(), 0), ApprovalStatus::Pending);
        assert_eq!(status(&approval(), 86_399), ApprovalStatus::Pending);
        assert_eq!(status(&approval(), 86_400), ApprovalStatus::Lapsed);
        assert_eq!(status(&decided(false), 90_000), ApprovalStatus::Rejected);
        assert_eq!(status(&decided(true), 959), ApprovalStatus::Approved);
        assert_eq!(status(&decided(true), 960), ApprovalStatus::Expired);
        let used = Approval { used_at: Some(at(70)), ..decided(true) };
        assert_eq!([status(&used, 80), status(&used, 960)], [ApprovalStatus::Used; 2]);
        for approval in [approval(), decided(true), used] {
            let ended = Approval { ended: Some((at(70), Actor::Bootstrap)), ..approval };
            assert_eq!(status(&ended, 80), ApprovalStatus::Ended);
        }
    }

    #[test]
    fn an_approval_ends_when_its_token_no_longer_lists_it() {
        for (approval, active) in [(approval(), ApprovalStatus::Pending), (decided(true), ApprovalStatus::Approved)] {
            assert_eq!(approval.status(Some(&open(&approval)), at(70)), active);
            for ended in [None, Some(&TokenApprovals::default())] {
                assert_eq!(approval.status(ended, at(70)), ApprovalStatus::Ended, "{ended:?}");
            }
        }
    }

    #[test]
    fn a_write_prunes_what_is_over() {
        let (pending, live) = (approval().to_pending(), decided(true).to_live().unwrap());
        let both = TokenApprovals { pending: vec![pending], live: vec![live], requests: None };
        assert_eq!(both.clone().pruned(at(959)), both);
        let later = both.clone().pruned(at(960));
        assert_eq!((later.pending.len(), later.live.len()), (1, 0));
        assert!(both.clone().pruned(at(86_400)).is_empty());
        assert!(both.without(&approval().id).is_empty());
    }

    #[test]
    fn requests_are_counted_by_day() {
        let twice = TokenApprovals::default().with_request(approval().to_pending(), at(0));
        let twice = twice.pruned(at(1)).with_request(approval().to_pending(), at(1));
        assert_eq!(twice.requests, Some((Day::from_timestamp(at(0)), 2)));
        let without = twice.without(&approval().id);
        assert!(!without.is_empty());
        assert!(without.pruned(at(86_400)).is_empty());
    }

    #[test]
    fn requests_for_different_things_have_different_keys() {
        let key =
            |permission: &str, resource: &str| request_key(&permission.parse().unwrap(), &resource.parse().unwrap());
        assert_eq!(key("a:b", "c"), approval_key("a:b c"));
        for other in [key("a:b", "c/*"), key("a:bc", "c"), key("a:b", "cc")] {
            assert_ne!(other, key("a:b", "c"));
        }
    }

    fn approval_key(text: &str) -> String {
        hex::encode(&TokenDigest::hash(text.as_bytes()).as_bytes()[..16])
    }

    #[test]
    fn an_approvals_id_is_a_ulid() {
        for good in ["01KEZ4RNR0D4B8Q7V1W2X3Y4Z5", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"] {
            assert_eq!(good.parse::<ApprovalId>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "01KEZ4RNR0D4B8Q7V1W2X3Y4Z",
            "01kez4rnr0d4b8q7v1w2x3y4z5",
            "81KEZ4RNR0D4B8Q7V1W2X3Y4Z5",
            "01KEZ4RNR0D4B8Q7V1W2X3Y4ZU",
        ] {
            assert!(bad.parse::<ApprovalId>().is_err(), "{bad}");
        }
    }
}
