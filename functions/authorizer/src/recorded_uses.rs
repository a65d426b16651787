//! Cache of the token uses that this instance has written today, so that it writes each use once
//! a day and the token record need not hold them.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use portcullis::authz::PermissionUse;
use portcullis::clock::Day;
use portcullis::secret::TokenId;
use portcullis::store::Usage;

/// Maximum number of cached uses, about 2 MB. Beyond it, a new use evicts an old one, which is
/// then written again.
const MAX_USES: usize = 10_000;
/// Maximum number of tokens whose full usage is cached, about 5 MB.
const MAX_FULL: usize = 50;

/// Uses that one instance has written today.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordedUses(Arc<Mutex<DayOfUses>>);

#[derive(Debug, Default)]
struct DayOfUses {
    day: Option<Day>,
    uses: HashSet<(TokenId, String)>,
    /// The uses of tokens that have reached the limit of stored uses: no others are written.
    full: HashMap<TokenId, HashSet<String>>,
}

impl RecordedUses {
    /// The use, or `None` if it need not be written today.
    pub(crate) fn unless_recorded(&self, id: &TokenId, made: PermissionUse, today: Day) -> Option<PermissionUse> {
        let day = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if day.day != Some(today) {
            return Some(made);
        }
        let key = made.key();
        let is_over_limit = day.full.get(id).is_some_and(|uses| !uses.contains(&key));
        let is_recorded = day.uses.contains(&(id.clone(), key));
        (!is_over_limit && !is_recorded).then_some(made)
    }

    /// Caches a use that was written.
    pub(crate) fn remember(&self, id: &TokenId, made: &PermissionUse, usage: Usage, today: Day) {
        let mut day = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if day.day != Some(today) {
            *day = DayOfUses { day: Some(today), ..DayOfUses::default() };
        }
        match usage {
            Usage::Recorded => {
                if day.uses.len() >= MAX_USES
                    && let Some(any) = day.uses.iter().next().cloned()
                {
                    day.uses.remove(&any);
                }
                day.uses.insert((id.clone(), made.key()));
            }
            Usage::Full(uses) => {
                if day.full.len() >= MAX_FULL
                    && let Some(any) = day.full.keys().next().cloned()
                {
                    day.full.remove(&any);
                }
                day.full.insert(id.clone(), uses);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> TokenId {
        "0123456789abcdef".parse().unwrap()
    }

    fn made(text: &str) -> PermissionUse {
        PermissionUse::from_stored(text).unwrap()
    }

    #[test]
    fn a_use_is_noted_once_a_day() {
        let (day, read) = (RecordedUses::default(), made("apps:read apps/billing"));
        let today = Day(20_000);
        assert_eq!(day.unless_recorded(&id(), read.clone(), today), Some(read.clone()));
        day.remember(&id(), &read, Usage::Recorded, today);
        assert_eq!(day.unless_recorded(&id(), read.clone(), today), None);
        let (other, tomorrow) = ("fedcba9876543210".parse().unwrap(), Day(20_001));
        assert_eq!(day.unless_recorded(&other, read.clone(), today), Some(read.clone()));
        assert_eq!(day.unless_recorded(&id(), read.clone(), tomorrow), Some(read));
    }

    #[test]
    fn of_a_token_whose_usage_is_full_only_what_is_in_it_is_noted() {
        let (day, today) = (RecordedUses::default(), Day(20_000));
        let (old, new) = (made("apps:read apps/billing"), made("apps:write apps/billing"));
        day.remember(&id(), &new, Usage::Full([old.key()].into()), today);
        assert_eq!(day.unless_recorded(&id(), new.clone(), today), None);
        assert_eq!(day.unless_recorded(&id(), made("x:y z"), today), None);
        assert_eq!(day.unless_recorded(&id(), old.clone(), today), Some(old));
    }

    #[test]
    fn the_cache_of_uses_is_bounded() {
        let (day, today) = (RecordedUses::default(), Day(20_000));
        for at in 0..MAX_USES + 5 {
            day.remember(&id(), &made(&format!("p:a{at} x")), Usage::Recorded, today);
        }
        for at in 0..MAX_FULL + 5 {
            day.remember(&format!("{at:016}").parse().unwrap(), &made("x:y z"), Usage::Full([].into()), today);
        }
        let day = day.0.lock().unwrap();
        assert_eq!((day.uses.len(), day.full.len()), (MAX_USES, MAX_FULL));
    }
}
