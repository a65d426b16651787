//! Ways in which an implementation could be wrong. The checker must find each.

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Fault {
    /// The authorizer decides with a record that it read earlier.
    CachedRecord,
    /// A change of settings is not conditional on the version that was read.
    BlindUpdate,
    /// A create does not check that the slots are unchanged.
    UncheckedSlots,
    /// A revocation frees the slot in a second write, from slots that it read before.
    SlotFreedLater,
    /// The event is not in the transaction, so a crash loses it.
    EventWrittenLater,
    /// The note of a use creates the record if it is missing.
    UseCreatesRecord,
    /// A rotation retires the previous secret although it has an overlap.
    OverlapIgnored,
    /// An exchange does not check that the identity is new.
    UncheckedIdentity,
    /// A use of an approval does not check that it is unused.
    ApprovalUsedAgain,
    /// A use of an approval does not check that it has not ended.
    EndedApprovalUsed,
    /// A disabling leaves the approvals in the record.
    DisablingKeepsApprovals,
    /// An end of an approval writes nothing if the token has expired.
    UnwrittenEnd,
    /// A renewal of an expired token leaves the approvals in the record.
    RenewalKeepsApprovals,
    /// A write of the record's approvals does not check that the token is neither revoked nor disabled.
    UncheckedToken,
    /// A write of the record's approvals does not check that they are unchanged.
    BlindApprovals,
    /// A decision does not check that the request is still pending.
    UncheckedDecision,
    /// A request is added to those that the record has at that moment, however many they are.
    AppendedRequest,
}
