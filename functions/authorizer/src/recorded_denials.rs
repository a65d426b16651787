//! The denials that this instance has written lately, which bound the writes that a token's denied requests cause.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use portcullis::authz::{Denial, MAX_DENIALS};
use portcullis::clock::Timestamp;
use portcullis::secret::TokenId;

/// Period in which a denial is written once, and at most [`MAX_DENIALS`] of a token.
const PERIOD_SECONDS: i64 = 600;
/// Maximum number of tokens whose denials are remembered, about 1 MB. Beyond it, a new one evicts an old one.
const MAX_TOKENS: usize = 1_000;

/// Denials that one instance has written in the last period.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordedDenials(Arc<Mutex<HashMap<TokenId, Period>>>);

#[derive(Debug)]
struct Period {
    since: Timestamp,
    written: HashSet<String>,
}

impl RecordedDenials {
    /// Whether to write a denial. If so, it counts as written, even if the write fails: a store in trouble gets no
    /// more writes than another.
    pub(crate) fn admit(&self, id: &TokenId, denial: &Denial) -> bool {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !tokens.contains_key(id)
            && tokens.len() >= MAX_TOKENS
            && let Some(any) = tokens.keys().next().cloned()
        {
            tokens.remove(&any);
        }
        let new = || Period { since: denial.at, written: HashSet::new() };
        let period = tokens.entry(id.clone()).or_insert_with(new);
        if denial.at >= period.since.plus_seconds(PERIOD_SECONDS) {
            *period = new();
        }
        period.written.len() < MAX_DENIALS && period.written.insert(denial.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> TokenId {
        format!("{number:016}").parse().unwrap()
    }

    fn denied(resource: &str, at: i64) -> Denial {
        Denial::from_stored("apps:write", resource, "permission_missing", Timestamp::from_seconds(at)).unwrap()
    }

    #[test]
    fn a_denial_is_written_once_in_ten_minutes() {
        let denials = RecordedDenials::default();
        assert!(denials.admit(&id(1), &denied("apps/a", 0)));
        assert!(!denials.admit(&id(1), &denied("apps/a", 599)));
        assert!(denials.admit(&id(1), &denied("apps/b", 599)));
        assert!(denials.admit(&id(2), &denied("apps/a", 599)));
        assert!(denials.admit(&id(1), &denied("apps/a", 600)));
    }

    #[test]
    fn at_most_ten_denials_of_a_token_are_written_in_ten_minutes() {
        let denials = RecordedDenials::default();
        let written = |at| (0..50).filter(|app| denials.admit(&id(1), &denied(&format!("apps/{app}"), at))).count();
        assert_eq!((written(0), written(599), written(600)), (MAX_DENIALS, 0, MAX_DENIALS));
    }

    #[test]
    fn the_memory_for_denials_is_bounded() {
        let denials = RecordedDenials::default();
        for token in 0..MAX_TOKENS + 5 {
            for app in 0..MAX_DENIALS + 5 {
                denials.admit(&id(token), &denied(&format!("apps/{app}"), 0));
            }
        }
        let tokens = denials.0.lock().unwrap();
        assert_eq!((tokens.len(), tokens.values().map(|it| it.written.len()).max()), (MAX_TOKENS, Some(MAX_DENIALS)));
    }
}
