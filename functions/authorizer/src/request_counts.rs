//! Requests that this instance has counted today. It writes a token's counts when they have doubled, and every five
//! minutes with the token's last use: a burst takes few writes, and an instance that ends loses at most half of what it
//! has counted.

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use portcullis::authz::DailyCounts;
use portcullis::clock::{Day, Timestamp};
use portcullis::grants::Permission;
use portcullis::secret::TokenId;

/// Minimum time between two writes of a token's counts, unless they have doubled.
const INTERVAL_SECONDS: i64 = 300;
/// Maximum number of tokens counted, about 2 MB. Of further ones, only the requests with a last use are counted.
const MAX_TOKENS: usize = 5_000;
/// Maximum number of permissions of a token that wait for a write. Requests that need a further one are not counted.
const MAX_PENDING: usize = 10;

/// Requests that one instance has counted today.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestCounts(Arc<Mutex<DayOfRequests>>);

#[derive(Debug, Default)]
struct DayOfRequests {
    day: Option<Day>,
    tokens: HashMap<TokenId, Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    written: u64,
    written_at: Option<Timestamp>,
    pending: BTreeMap<Permission, u64>,
}

impl RequestCounts {
    /// Counts an allowed request. Returns the counts to write now, if any; they count as written.
    pub(crate) fn count(
        &self,
        id: &TokenId,
        permission: &Permission,
        now: Timestamp,
        is_last_use_due: bool,
    ) -> Option<DailyCounts> {
        let today = Day::from_timestamp(now);
        let mut day = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if day.day != Some(today) {
            *day = DayOfRequests { day: Some(today), ..DayOfRequests::default() };
        }
        if day.tokens.len() >= MAX_TOKENS && !day.tokens.contains_key(id) {
            let counts = BTreeMap::from([(permission.clone(), 1)]);
            return is_last_use_due.then_some(DailyCounts { day: today, counts });
        }
        let tally = day.tokens.entry(id.clone()).or_default();
        if tally.pending.len() < MAX_PENDING || tally.pending.contains_key(permission) {
            *tally.pending.entry(permission.clone()).or_default() += 1;
        }
        let pending: u64 = tally.pending.values().sum();
        let is_recent = tally.written_at.is_some_and(|at| now < at.plus_seconds(INTERVAL_SECONDS));
        if pending < tally.written.max(1) && (is_recent || !is_last_use_due) {
            return None;
        }
        (tally.written, tally.written_at) = (tally.written + pending, Some(now));
        Some(DailyCounts { day: today, counts: mem::take(&mut tally.pending) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis::clock::DAY_SECONDS;

    const TODAY: Day = Day(20_000);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(TODAY.0 * DAY_SECONDS + seconds)
    }

    fn id(number: usize) -> TokenId {
        format!("{number:016}").parse().unwrap()
    }

    fn permission(text: &str) -> Permission {
        text.parse().unwrap()
    }

    /// Counts requests, and returns the sums of the writes.
    fn writes(counts: &RequestCounts, requests: usize) -> Vec<u64> {
        let read = permission("apps:read");
        let due = (0..requests).filter_map(|_| counts.count(&id(1), &read, at(0), false));
        due.map(|written| written.counts.values().sum()).collect()
    }

    #[test]
    fn a_burst_is_written_whenever_its_count_has_doubled() {
        let counts = RequestCounts::default();
        assert_eq!(writes(&counts, 1_000), [1, 1, 2, 4, 8, 16, 32, 64, 128, 256]);
    }

    #[test]
    fn counts_are_written_with_the_last_use_after_five_minutes() {
        let counts = RequestCounts::default();
        writes(&counts, 8);
        let count = |permissions, seconds, is_last_use_due| {
            counts.count(&id(1), &permission(permissions), at(seconds), is_last_use_due)
        };
        assert_eq!(count("apps:write", 299, true), None);
        assert_eq!(count("apps:read", 300, false), None);
        let written = count("apps:read", 300, true).unwrap();
        let expected = BTreeMap::from([(permission("apps:read"), 2), (permission("apps:write"), 1)]);
        assert_eq!(written, DailyCounts { day: TODAY, counts: expected });
        assert_eq!(count("apps:read", 599, true), None);
    }

    #[test]
    fn another_day_is_counted_from_its_start() {
        let counts = RequestCounts::default();
        writes(&counts, 6);
        let written = counts.count(&id(1), &permission("apps:read"), at(DAY_SECONDS), false).unwrap();
        let expected = BTreeMap::from([(permission("apps:read"), 1)]);
        assert_eq!(written, DailyCounts { day: Day(TODAY.0 + 1), counts: expected });
    }

    #[test]
    fn the_memory_for_counts_and_their_writes_are_bounded() {
        let counts = RequestCounts::default();
        let read = permission("apps:read");
        for token in 0..MAX_TOKENS + 5 {
            counts.count(&id(token), &read, at(0), false);
        }
        assert_eq!(counts.count(&id(MAX_TOKENS), &read, at(0), false), None);
        assert!(counts.count(&id(MAX_TOKENS), &read, at(0), true).is_some());
        for _ in 0..1_000 {
            counts.count(&id(1), &read, at(0), false);
        }
        for number in 0..MAX_PENDING + 5 {
            assert_eq!(counts.count(&id(1), &permission(&format!("a{number}:read")), at(0), false), None);
        }
        let day = counts.0.lock().unwrap();
        assert_eq!((day.tokens.len(), day.tokens[&id(1)].pending.len()), (MAX_TOKENS, MAX_PENDING));
    }
}
