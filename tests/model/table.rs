//! The table, with DynamoDB's semantics: a transaction writes everything or nothing, and each read of one item is
//! consistent.

use std::collections::{BTreeMap, BTreeSet};

/// Number of a token.
pub(super) type Id = u8;
/// Number of an approval.
pub(super) type ApprovalId = u8;
/// Number of a secret.
pub(super) type Secret = u8;
/// A time; tokens expire at 1 or 2.
pub(super) type Time = u8;

/// An approval for one use.
pub(super) const ONCE: ApprovalId = 0;
/// An approval for any number of uses.
pub(super) const ANY: ApprovalId = 1;

/// The items of one owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Table {
    pub(super) records: BTreeMap<Id, Record>,
    pub(super) slots: Slots,
    pub(super) events: BTreeSet<(Id, Event)>,
    pub(super) usage: BTreeSet<Id>,
    /// Whether the one identity of the model was exchanged.
    pub(super) exchanged: bool,
    pub(super) approvals: BTreeMap<ApprovalId, Approval>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Record {
    pub(super) version: u8,
    /// Whether it has a slot.
    pub(super) counted: bool,
    pub(super) expires_at: Time,
    pub(super) disabled: bool,
    pub(super) revoked: bool,
    pub(super) used: bool,
    pub(super) current: Secret,
    /// Valid too, during the overlap of a rotation.
    pub(super) previous: Option<Secret>,
    pub(super) approvals: TokenApprovals,
}

/// The group of the record that says what is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct TokenApprovals {
    pub(super) pending: BTreeSet<ApprovalId>,
    pub(super) live: BTreeSet<ApprovalId>,
}

/// A request for approval, and what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Approval {
    /// Whether it was approved.
    pub(super) decision: Option<bool>,
    pub(super) used: bool,
    /// Withdrawn or ended, other than with its token.
    pub(super) ended: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Slots {
    /// The expiry of each counted token.
    pub(super) live: BTreeMap<Id, Time>,
    pub(super) version: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Event {
    Created,
    Extended,
    Renewed,
    Rotated,
    Disabled,
    Enabled,
    Revoked,
    Deleted,
    FirstUsed,
    ApprovalRequested(ApprovalId),
    ApprovalApproved(ApprovalId),
    ApprovalRejected(ApprovalId),
    ApprovalEnded(ApprovalId),
}

impl Record {
    pub(super) fn new(secret: Secret, counted: bool) -> Self {
        Self {
            version: 1,
            counted,
            expires_at: 1,
            disabled: false,
            revoked: false,
            used: false,
            current: secret,
            previous: None,
            approvals: TokenApprovals::default(),
        }
    }

    /// Whether it counts against the limit.
    pub(super) fn is_live(&self, now: Time) -> bool {
        !self.revoked && now < self.expires_at
    }

    pub(super) fn accepts(&self, secret: Secret) -> bool {
        self.current == secret || self.previous == Some(secret)
    }
}

impl TokenApprovals {
    pub(super) fn without(mut self, id: ApprovalId) -> Self {
        self.pending.remove(&id);
        self.live.remove(&id);
        self
    }
}

impl Table {
    /// What is open of a token, unless it is revoked, disabled, expired or deleted.
    pub(super) fn open_approvals(&self, id: Id, now: Time) -> Option<&TokenApprovals> {
        let record = self.records.get(&id).filter(|record| record.is_live(now) && !record.disabled);
        record.map(|record| &record.approvals)
    }

    pub(super) fn live(&self, now: Time) -> impl Iterator<Item = (Id, &Record)> {
        self.records.iter().filter(move |(_, record)| record.is_live(now)).map(|(id, record)| (*id, record))
    }
}
