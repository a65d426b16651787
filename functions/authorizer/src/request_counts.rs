//! Requests that this instance has counted today. It writes a token's counts with the token's last use, and when they
//! have doubled: a burst takes few writes, and an instance that ends loses at most half of what it has counted.

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use portcullis::authz::DailyCounts;
use portcullis::clock::Day;
use portcullis::grants::Permission;
use portcullis::secret::TokenId;

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
    pending: BTreeMap<Permission, u64>,
}

impl RequestCounts {
    /// Counts an allowed request. Returns the counts to write now, if any; they count as written.
    pub(crate) fn count(
        &self,
        id: &TokenId,
        permission: &Permission,
        today: Day,
        is_last_use_due: bool,
    ) -> Option<DailyCounts> {
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
        if !is_last_use_due && pending < tally.written.max(1) {
            return None;
        }
        tally.written += pending;
        Some(DailyCounts { day: today, counts: mem::take(&mut tally.pending) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Day = Day(20_000);

    fn id(number: usize) -> TokenId {
        format!("{number:016}").parse().unwrap()
    }

    fn permission(text: &str) -> Permission {
        text.parse().unwrap()
    }

    /// Counts requests, and returns the sums of the writes.
    fn writes(counts: &RequestCounts, requests: usize) -> Vec<u64> {
        let read = permission("apps:read");
        let due = (0..requests).filter_map(|_| counts.count(&id(1), &read, TODAY, false));
        due.map(|written| written.counts.values().sum()).collect()
    }

    #[test]
    fn a_burst_is_written_whenever_its_count_has_doubled() {
        let counts = RequestCounts::default();
        assert_eq!(writes(&counts, 1_000), [1, 1, 2, 4, 8, 16, 32, 64, 128, 256]);
    }

    #[test]
    fn counts_are_written_with_the_last_use() {
        let counts = RequestCounts::default();
        writes(&counts, 8);
        assert_eq!(counts.count(&id(1), &permission("apps:write"), TODAY, false), None);
        let written = counts.count(&id(1), &permission("apps:read"), TODAY, true).unwrap();
        let expected = BTreeMap::from([(permission("apps:read"), 1), (permission("apps:write"), 1)]);
        assert_eq!(written, DailyCounts { day: TODAY, counts: expected });
    }

    #[test]
    fn another_day_is_counted_from_its_start() {
        let counts = RequestCounts::default();
        writes(&counts, 6);
        let tomorrow = Day(TODAY.0 + 1);
        let written = counts.count(&id(1), &permission("apps:read"), tomorrow, false).unwrap();
        assert_eq!(written, DailyCounts { day: tomorrow, counts: BTreeMap::from([(permission("apps:read"), 1)]) });
    }

    #[test]
    fn the_memory_for_counts_and_their_writes_are_bounded() {
        let counts = RequestCounts::default();
        let read = permission("apps:read");
        for token in 0..MAX_TOKENS + 5 {
            counts.count(&id(token), &read, TODAY, false);
        }
        assert_eq!(counts.count(&id(MAX_TOKENS), &read, TODAY, false), None);
        assert!(counts.count(&id(MAX_TOKENS), &read, TODAY, true).is_some());
        for _ in 0..1_000 {
            counts.count(&id(1), &read, TODAY, false);
        }
        for number in 0..MAX_PENDING + 5 {
            assert_eq!(counts.count(&id(1), &permission(&format!("a{number}:read")), TODAY, false), None);
        }
        let day = counts.0.lock().unwrap();
        assert_eq!((day.tokens.len(), day.tokens[&id(1)].pending.len()), (MAX_TOKENS, MAX_PENDING));
    }
}
