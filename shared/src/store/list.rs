//! Lists, newest first, from the indexes: no `Scan`, and no digest, which the indexes do
//! not hold.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::item::Item;
use super::{Error, Tokens, item, number};
use crate::clock::Timestamp;
use crate::token::{Invalid, OwnerId, Record, Status, TokenId};

/// The most tokens of one page.
pub const MOST_PER_PAGE: usize = 100;
/// The most queries for one page: a filter that matches little ends a page early, with a
/// cursor, instead of reading on and on.
const MOST_QUERIES: u32 = 10;

/// Whose tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// One owner's.
    Owner(OwnerId),
    /// Everyone's.
    Everyone,
}

/// Which tokens, and how many of them.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Whose.
    pub scope: Scope,
    /// In which state at `now`; in any where there is none.
    pub status: Option<Status>,
    /// Behind which; from the newest on where there is none.
    pub after: Option<Cursor>,
    /// Unused, and not cared for otherwise, since then; any where there is none.
    pub idle_since: Option<Timestamp>,
    /// After how many days without use a token counts as disabled; 0 is never.
    pub max_idle_days: u32,
    /// How many at most.
    pub limit: usize,
    /// The moment that states are judged at.
    pub now: Timestamp,
}

/// A page of tokens.
#[derive(Clone, Debug)]
pub struct Page {
    /// Newest first.
    pub tokens: Vec<Record>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Cursor>,
}

/// A place in a list, behind one token. It holds nothing secret: whoever makes one up can
/// only start elsewhere in a list that is theirs to see. A checksum finds out the ones that
/// were cut or mistyped, and those of another list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    created_at: i64,
    id: TokenId,
}

impl Cursor {
    /// As the caller gets it.
    #[must_use]
    pub fn encode(&self, scope: &Scope) -> String {
        let place = format!("1.{}.{}", self.created_at, self.id);
        let sum = checksum(&place, scope);
        URL_SAFE_NO_PAD.encode(format!("{place}.{sum:08x}"))
    }

    /// As the caller sends it back.
    ///
    /// # Errors
    /// When it was not made by [`Cursor::encode`] for the same scope.
    pub fn decode(text: &str, scope: &Scope) -> Result<Self, Invalid> {
        Self::read(text, scope)
            .ok_or_else(|| Invalid::new("must be the next_cursor of the page before, of a list with the same owner"))
    }

    fn read(text: &str, scope: &Scope) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (place, sum) = std::str::from_utf8(&bytes).ok()?.rsplit_once('.')?;
        if format!("{:08x}", checksum(place, scope)) != sum {
            return None;
        }
        let (created_at, id) = place.strip_prefix("1.")?.split_once('.')?;
        Some(Self { created_at: created_at.parse().ok()?, id: TokenId::from_str(id).ok()? })
    }

    fn of(record: &Record) -> Self {
        Self { created_at: record.created_at.millis(), id: record.id.clone() }
    }

    fn of_key(key: &Item) -> Option<Self> {
        let created_at = key.get("created_at")?.as_n().ok()?.parse().ok()?;
        Some(Self { created_at, id: item::id_of(key)?.parse().ok()? })
    }
}

fn checksum(place: &str, scope: &Scope) -> u32 {
    crc32fast::hash(format!("{place} {scope}").as_bytes())
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner(owner) => write!(f, "owner {owner}"),
            Self::Everyone => f.write_str("everyone"),
        }
    }
}

impl Filter {
    /// Where the list begins. A place before all that are old enough is the list's own beginning.
    fn start(&self) -> Option<&Cursor> {
        let old_enough = |cursor: &&Cursor| self.idle_since.is_none_or(|since| cursor.created_at <= since.millis());
        self.after.as_ref().filter(old_enough)
    }

    /// A filter expression can hold no key of the index, and so not when a token was made: whether
    /// one is idle is seen here.
    fn has_the_status_of(&self, record: &Record) -> bool {
        self.status.is_none_or(|status| record.standing(self.now, self.max_idle_days).status() == status)
    }
}

impl Tokens {
    /// One page of a list. The indexes follow the table within moments: a token that was
    /// just made may be missing, and one that was just revoked may still look alive here,
    /// though never to the authorizer.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, filter: &Filter) -> Result<Page, Error> {
        let limit = filter.limit.clamp(1, MOST_PER_PAGE);
        let mut tokens = Vec::new();
        let mut start = filter.start().map(|cursor| start_key(cursor, &filter.scope));
        for _ in 0..MOST_QUERIES {
            let (items, last) = self.query(filter, limit + 1, start.take()).await?;
            // One record that something else wrote must not take everyone's list away.
            let (good, bad): (Vec<_>, Vec<_>) = items.iter().map(item::record).partition(Result::is_ok);
            tokens.extend(good.into_iter().flatten().filter(|record| filter.has_the_status_of(record)));
            for error in bad.into_iter().filter_map(Result::err) {
                tracing::error!(%error, "a record is left out of the list");
            }
            if tokens.len() > limit {
                tokens.truncate(limit);
                let next = tokens.last().map(Cursor::of);
                return Ok(Page { tokens, next });
            }
            match last {
                None => return Ok(Page { tokens, next: None }),
                some => start = some,
            }
        }
        let next = start.as_ref().and_then(Cursor::of_key);
        Ok(Page { tokens, next })
    }

    async fn query(
        &self,
        filter: &Filter,
        limit: usize,
        start: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), Error> {
        let (index, attribute, value) = match &filter.scope {
            Scope::Owner(owner) => ("by_owner", "owner", owner.as_str()),
            Scope::Everyone => ("by_time", "sk", item::TOKEN),
        };
        let (projection, mut names) = item::projection(&item::RECORD);
        names.insert("#partition".to_owned(), attribute.to_owned());
        let mut values = HashMap::from([(":partition".to_owned(), item::string(value))]);
        let condition = condition(filter, &mut values);
        let mut key_condition = "#partition = :partition".to_owned();
        if let Some(since) = filter.idle_since {
            key_condition.push_str(" AND #created_at <= :made");
            values.insert(":made".to_owned(), number(since.millis()));
        }
        let page = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(index)
            .key_condition_expression(key_condition)
            .set_filter_expression(condition)
            .projection_expression(projection)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(Some(values))
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(Error::unavailable)?;
        Ok((page.items.unwrap_or_else(Vec::new), page.last_evaluated_key))
    }
}

/// What the filter lets through, and some that is idle and is seen to later, as a filter
/// expression.
fn condition(filter: &Filter, values: &mut HashMap<String, AttributeValue>) -> Option<String> {
    let mut parts = Vec::new();
    let mut bind = |name: &str, value: i64| {
        values.insert(name.to_owned(), number(value));
    };
    if let Some(status) = filter.status {
        let idle = (status == Status::Disabled && filter.max_idle_days > 0)
            .then(|| filter.now.plus_seconds(-i64::from(filter.max_idle_days) * 86_400));
        if matches!(status, Status::Active | Status::Expired) || idle.is_some() {
            bind(":now", filter.now.seconds());
        }
        if let Some(since) = idle {
            bind(":idle", since.seconds());
        }
        parts.push(status_condition(status, idle.is_some()));
    }
    if let Some(since) = filter.idle_since {
        bind(":since", since.seconds());
        parts.push(unused(":since"));
    }
    (!parts.is_empty()).then(|| parts.join(" AND "))
}

/// [`Record::standing`] as a filter expression, as far as it can be one.
fn status_condition(status: Status, some_are_idle: bool) -> String {
    const ALIVE: &str = "attribute_not_exists(#revoked_at) AND attribute_not_exists(#disabled) AND (attribute_not_exists(#expires_at) OR #expires_at > :now)";
    match (status, some_are_idle) {
        (Status::Revoked, _) => "attribute_exists(#revoked_at)".to_owned(),
        (Status::Expired, _) => {
            "attribute_not_exists(#revoked_at) AND attribute_not_exists(#disabled) AND #expires_at <= :now".to_owned()
        }
        (Status::Active, _) => ALIVE.to_owned(),
        (Status::Disabled, false) => "attribute_not_exists(#revoked_at) AND attribute_exists(#disabled)".to_owned(),
        (Status::Disabled, true) => {
            let idle = unused(":idle");
            format!("attribute_not_exists(#revoked_at) AND (attribute_exists(#disabled) OR ({ALIVE} AND {idle}))")
        }
    }
}

/// [`Record::idle_since`] as a filter expression, but for when it was made: not after a moment.
fn unused(since: &str) -> String {
    let times = ["last_used_at", "enabled_at", "rotated_at"];
    let times = times.map(|time| format!("(attribute_not_exists(#{time}) OR #{time} <= {since})"));
    times.join(" AND ")
}

/// The table's key and the index's key, both of which DynamoDB wants to go on from.
fn start_key(cursor: &Cursor, scope: &Scope) -> Item {
    let mut key = item::token_key(&cursor.id);
    key.insert("created_at".to_owned(), number(cursor.created_at));
    if let Scope::Owner(owner) = scope {
        key.insert("owner".to_owned(), item::string(owner.as_str()));
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cursor() -> Cursor {
        Cursor { created_at: 1_800_000_000_123, id: "0123456789abcdef".parse().unwrap() }
    }

    fn alice() -> Scope {
        Scope::Owner("alice".parse().unwrap())
    }

    #[test]
    fn a_cursor_reads_back() {
        for scope in [Scope::Everyone, alice()] {
            assert_eq!(Cursor::decode(&cursor().encode(&scope), &scope).unwrap(), cursor());
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        assert!(Cursor::decode(&cursor().encode(&alice()), &Scope::Everyone).is_err());
    }

    proptest! {
        #[test]
        fn a_cursor_that_was_tampered_with_is_refused(at in 0_usize..60, to in "[A-Za-z0-9_=!-]") {
            let good = cursor().encode(&alice());
            prop_assume!(at < good.len() && good.get(at..=at) != Some(to.as_str()));
            let bad = format!("{}{to}{}", &good[..at], &good[at + 1..]);
            prop_assert!(Cursor::decode(&bad, &alice()).is_err());
            prop_assert!(Cursor::decode(&good[..at], &alice()).is_err());
        }

        #[test]
        fn nothing_that_is_sent_panics(text: String) {
            let _ = Cursor::decode(&text, &Scope::Everyone);
        }
    }
}
