//! Counts of a token's allowed requests.

use std::collections::BTreeMap;

use crate::clock::Day;
use crate::grants::Permission;

/// Number of days whose counts are kept: 13 weeks.
pub const COUNTED_DAYS: u32 = 91;
/// Maximum number of permissions counted for a token in a day. Requests that need a further one are not counted. So the
/// counts of all days stay below 1 MB, which one query returns.
pub const MAX_COUNTED_PERMISSIONS: usize = 100;

/// A token's allowed requests of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyCounts {
    /// The day, in UTC.
    pub day: Day,
    /// Number of requests by the permission that they required.
    pub counts: BTreeMap<Permission, u64>,
}
