//! TTLs of items. DynamoDB deletes items [within days] of their TTL; no decision depends on it.
//!
//! [within days]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html

use crate::authz::COUNTED_DAYS;
use crate::clock::{DAY_SECONDS, Day, Timestamp};
use crate::token::TokenRecord;

/// Days for which the record of a token issued by an exchange is kept after its expiry. Each job creates one,
/// and the audit log has its use.
const EXCHANGED_RETENTION_DAYS: u32 = 1;

/// Days for which a usage item is kept after its last write: longer than the period of usage reports.
const USAGE_DAYS: u32 = 400;

/// TTL of a record, if it ever expires: the retention after its expiry or revocation.
pub(super) fn record_ttl(record: &TokenRecord, retention_days: u32) -> Option<Timestamp> {
    let retention_days =
        if record.via.is_some() { retention_days.min(EXCHANGED_RETENTION_DAYS) } else { retention_days };
    let ends = [record.revoked.as_ref().map(|revoked| revoked.at), record.expires_at];
    ends.into_iter().flatten().min().map(|end| after(end, retention_days))
}

/// TTL of an event, which is written once.
pub(super) fn event_ttl(at: Timestamp, history_days: u32) -> Timestamp {
    after(at, history_days)
}

/// TTL of an approval, which is pending and live for a day each at most.
pub(super) fn approval_ttl(requested: Timestamp, history_days: u32) -> Timestamp {
    after(requested, history_days.saturating_add(2))
}

/// TTL of a usage item, renewed by each write.
pub(super) fn usage_ttl(written: Timestamp) -> Timestamp {
    after(written, USAGE_DAYS)
}

/// TTL of the counts of a day: a day after they were last shown.
pub(super) fn counts_ttl(day: Day) -> Timestamp {
    after(Timestamp::from_seconds(day.0.saturating_mul(DAY_SECONDS)), COUNTED_DAYS + 1)
}

fn after(at: Timestamp, days: u32) -> Timestamp {
    at.plus_seconds(i64::from(days) * DAY_SECONDS)
}
