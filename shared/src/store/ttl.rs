//! When items may be cleared away. DynamoDB does it [within days] after; nothing is decided by it.
//!
//! [within days]: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html

use crate::clock::{DAY_SECONDS, Timestamp};
use crate::token::TokenRecord;

/// How many days the record of an exchanged token outlives it: each job leaves one, and the audit
/// log has what it did.
const EXCHANGED_RETENTION_DAYS: u32 = 1;

/// How many days a usage item is kept after its last write: longer than usage looks back.
const USAGE_DAYS: u32 = 400;

/// When a record may be cleared away, if it ever may: the retention after it expires or was revoked.
pub(super) fn record_ttl(record: &TokenRecord, retention_days: u32) -> Option<Timestamp> {
    let retention_days =
        if record.via.is_some() { retention_days.min(EXCHANGED_RETENTION_DAYS) } else { retention_days };
    let ends = [record.revoked.as_ref().map(|revoked| revoked.at), record.expires_at];
    ends.into_iter().flatten().min().map(|end| after(end, retention_days))
}

/// When an event may be cleared away. It is written once.
pub(super) fn event_ttl(at: Timestamp, history_days: u32) -> Timestamp {
    after(at, history_days)
}

/// When the usage of a token may be cleared away; each write renews it.
pub(super) fn usage_ttl(written: Timestamp) -> Timestamp {
    after(written, USAGE_DAYS)
}

fn after(at: Timestamp, days: u32) -> Timestamp {
    at.plus_seconds(i64::from(days) * DAY_SECONDS)
}
