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
const MAX_NOTED: usize = 10_000;
/// Maximum number of tokens whose full usage is cached, about 5 MB.
const MAX_FULL: usize = 50;

/// Uses that one instance has written today.
#[derive(Clone, Debug, Default)]
pub(crate) struct NotedUses(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    day: Option<Day>,
    uses: HashSet<(TokenId, String)>,
    /// The uses of tokens that have reached the limit of stored uses: no others are written.
    full: HashMap<TokenId, HashSet<String>>,
}

impl NotedUses {
    /// The use, or `None` if it need not be written today.
    pub(crate) fn unless_noted(&self, id: &TokenId, made: PermissionUse, today: Day) -> Option<PermissionUse> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.day != Some(today) {
            return Some(made);
        }
        let key = made.key();
        let is_over_limit = noted.full.get(id).is_some_and(|uses| !uses.contains(&key));
        let is_noted = noted.uses.contains(&(id.clone(), key));
        (!is_over_limit && !is_noted).then_some(made)
    }

    /// Caches a use that was written.
    pub(crate) fn remember(&self, id: &TokenId, made: &PermissionUse, usage: Usage, today: Day) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.day != Some(today) {
            *noted = Noted { day: Some(today), ..Noted::default() };
        }
        match usage {
            Usage::Recorded => {
                if noted.uses.len() >= MAX_NOTED
                    && let Some(any) = noted.uses.iter().next().cloned()
                {
                    noted.uses.remove(&any);
                }
                noted.uses.insert((id.clone(), made.key()));
            }
            Usage::Full(uses) => {
                if noted.full.len() >= MAX_FULL
                    && let Some(any) = noted.full.keys().next().cloned()
                {
                    noted.full.remove(&any);
                }
                noted.full.insert(id.clone(), uses);
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
        let (noted, read) = (NotedUses::default(), made("apps:read apps/billing"));
        let today = Day(20_000);
        assert_eq!(noted.unless_noted(&id(), read.clone(), today), Some(read.clone()));
        noted.remember(&id(), &read, Usage::Recorded, today);
        assert_eq!(noted.unless_noted(&id(), read.clone(), today), None);
        let (other, tomorrow) = ("fedcba9876543210".parse().unwrap(), Day(20_001));
        assert_eq!(noted.unless_noted(&other, read.clone(), today), Some(read.clone()));
        assert_eq!(noted.unless_noted(&id(), read.clone(), tomorrow), Some(read));
    }

    #[test]
    fn of_a_token_whose_usage_is_full_only_what_is_in_it_is_noted() {
        let (noted, today) = (NotedUses::default(), Day(20_000));
        let (old, new) = (made("apps:read apps/billing"), made("apps:write apps/billing"));
        noted.remember(&id(), &new, Usage::Full([old.key()].into()), today);
        assert_eq!(noted.unless_noted(&id(), new.clone(), today), None);
        assert_eq!(noted.unless_noted(&id(), made("x:y z"), today), None);
        assert_eq!(noted.unless_noted(&id(), old.clone(), today), Some(old));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (noted, today) = (NotedUses::default(), Day(20_000));
        for at in 0..MAX_NOTED + 5 {
            noted.remember(&id(), &made(&format!("p:a{at} x")), Usage::Recorded, today);
        }
        for at in 0..MAX_FULL + 5 {
            noted.remember(&format!("{at:016}").parse().unwrap(), &made("x:y z"), Usage::Full([].into()), today);
        }
        let noted = noted.0.lock().unwrap();
        assert_eq!((noted.uses.len(), noted.full.len()), (MAX_NOTED, MAX_FULL));
    }
}
