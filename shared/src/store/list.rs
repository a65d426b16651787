//! Token lists, newest first. An index gives the token IDs, and the records are read from the table, without
//! digests. No `Scan`.

use std::collections::HashMap;
use std::fmt;

use super::cursor::Cursor;
use super::item::Item;
use super::{Error, TokenStore, cursor, item};
use crate::clock::Timestamp;
use crate::secret::TokenId;
use crate::text::OwnerId;
use crate::token::{Status, TokenRecord};
use crate::validation::ValidationError;

/// Maximum number of tokens per page.
pub const MAX_PER_PAGE: usize = 100;
/// Maximum number of queries per page. A filter that matches few tokens ends the page early, with a cursor.
const MAX_QUERIES: u32 = 10;

/// Scope of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Tokens of one owner.
    Owner(OwnerId),
    /// Tokens of all owners.
    Everyone,
}

/// Filter of a list, with paging.
#[derive(Clone, Debug)]
pub struct Filter {
    /// The scope.
    pub scope: Scope,
    /// Only tokens with this status at `now`.
    pub status: Option<Status>,
    /// Cursor to continue after; `None` starts with the newest token.
    pub after: Option<ListCursor>,
    /// Only tokens without use, enabling or rotation since then.
    pub idle_since: Option<Timestamp>,
    /// Days without use after which a token counts as disabled; 0 means never.
    pub max_idle_days: u32,
    /// Maximum number of tokens.
    pub limit: usize,
    /// Time at which the status is evaluated.
    pub now: Timestamp,
}

/// A page of tokens.
#[derive(Clone, Debug)]
pub struct Page {
    /// The tokens, newest first.
    pub tokens: Vec<TokenRecord>,
    /// Cursor of the next page; `None` on the last page.
    pub next: Option<ListCursor>,
}

/// Position in a list, after a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListCursor {
    created_at: i64,
    id: TokenId,
}

impl ListCursor {
    /// Encodes the cursor for the caller.
    #[must_use]
    pub fn encode(&self, scope: &Scope) -> String {
        cursor::encode(self, scope)
    }

    /// Decodes a cursor sent by the caller.
    ///
    /// # Errors
    /// When it was not made by [`ListCursor::encode`] for the same scope.
    pub fn decode(text: &str, scope: &Scope) -> Result<Self, ValidationError> {
        let wrong = "must be the next_cursor of the previous page, of a list with the same owner";
        cursor::decode(text, scope).ok_or_else(|| ValidationError::new(wrong))
    }

    pub(super) fn from_record(record: &TokenRecord) -> Self {
        Self { created_at: record.created_at.millis(), id: record.id.clone() }
    }

    fn of_key(key: &Item) -> Option<Self> {
        Some(Self { created_at: item::created_at_of(key)?, id: item::id_of(key)?.parse().ok()? })
    }
}

impl Cursor for ListCursor {
    type List = Scope;

    fn place(&self) -> String {
        format!("1.{}.{}", self.created_at, self.id)
    }

    fn read(place: &str) -> Option<Self> {
        let (created_at, id) = place.strip_prefix("1.")?.split_once('.')?;
        Some(Self { created_at: created_at.parse().ok()?, id: id.parse().ok()? })
    }
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
    /// Where the list starts. With `idle_since`, a cursor newer than that has no effect: only older tokens match.
    fn start(&self) -> Option<&ListCursor> {
        let old_enough = |cursor: &&ListCursor| self.idle_since.is_none_or(|since| cursor.created_at <= since.millis());
        self.after.as_ref().filter(old_enough)
    }

    fn lets_through(&self, record: &TokenRecord) -> bool {
        let status = || record.state(self.now, self.max_idle_days).status();
        self.status.is_none_or(|wanted| wanted == status())
            && self.idle_since.is_none_or(|since| record.last_activity() <= since)
    }
}

impl TokenStore {
    /// Reads one page of a list. The index is eventually consistent, while the records are read consistently
    /// from the table. So a token that was just created may be missing, but one that was just revoked shows as
    /// revoked.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, filter: &Filter) -> Result<Page, Error> {
        let limit = filter.limit.clamp(1, MAX_PER_PAGE);
        let mut tokens = Vec::new();
        let mut start = filter.start().map(|cursor| start_key(cursor, &filter.scope));
        for _ in 0..MAX_QUERIES {
            let (keys, last) = self.query(filter, limit, start.take()).await?;
            let records = self.records_of(keys).await?;
            tokens.extend(records.into_iter().filter(|record| filter.lets_through(record)));
            if tokens.len() > limit {
                tokens.truncate(limit);
                let next = tokens.last().map(ListCursor::from_record);
                return Ok(Page { tokens, next });
            }
            match last {
                None => return Ok(Page { tokens, next: None }),
                some => start = some,
            }
        }
        let next = start.as_ref().and_then(ListCursor::of_key);
        Ok(Page { tokens, next })
    }

    /// The existing records of these tokens.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn records(&self, ids: &[TokenId]) -> Result<Vec<TokenRecord>, Error> {
        self.records_of(ids.iter().map(item::token_key).collect()).await
    }

    async fn records_of(&self, keys: Vec<Item>) -> Result<Vec<TokenRecord>, Error> {
        let items = self.batch(keys, &item::RECORD_ATTRIBUTES).await?;
        let records = items.iter().map(|item| item::record(&item.into())).filter_map(|read| {
            // An invalid record must not make the whole list unreadable.
            read.inspect_err(|error| tracing::error!(%error, "an invalid record was omitted from the list")).ok()
        });
        Ok(records.collect())
    }

    async fn query(
        &self,
        filter: &Filter,
        limit: usize,
        start: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), Error> {
        let (index, attribute, value) = match &filter.scope {
            Scope::Owner(owner) => ("by_owner", item::OWNER, owner.as_str()),
            Scope::Everyone => ("by_time", "sk", item::TOKEN),
        };
        let mut names = HashMap::from([("#partition".to_owned(), attribute.to_owned())]);
        let mut values = HashMap::from([(":partition".to_owned(), item::string(value))]);
        let mut condition = "#partition = :partition".to_owned();
        if let Some(since) = filter.idle_since {
            condition.push_str(" AND #created_at <= :created");
            names.insert("#created_at".to_owned(), item::CREATED_AT.to_owned());
            values.insert(":created".to_owned(), item::number(since.millis()));
        }
        let query = self.query_newest(condition, names, values, limit).await?.index_name(index);
        let page = query.set_exclusive_start_key(start).send().await.map_err(Error::unavailable)?;
        // Credentials of the authorizer could put an item of usage into the index. No role may read it as a record.
        let keys = page.items.unwrap_or_default().into_iter().filter(item::is_token_key);
        Ok((keys.collect(), page.last_evaluated_key))
    }
}

/// The key to continue from, which needs the attributes of the table's and the index's key.
fn start_key(cursor: &ListCursor, scope: &Scope) -> Item {
    let mut key = item::token_key(&cursor.id);
    key.insert(item::CREATED_AT.to_owned(), item::number(cursor.created_at));
    if let Scope::Owner(owner) = scope {
        key.insert(item::OWNER.to_owned(), item::string(owner.as_str()));
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cursor() -> ListCursor {
        ListCursor { created_at: 1_800_000_000_123, id: "0123456789abcdef".parse().unwrap() }
    }

    fn alice() -> Scope {
        Scope::Owner("alice".parse().unwrap())
    }

    #[test]
    fn an_encoded_cursor_decodes_to_the_same_cursor() {
        for scope in [Scope::Everyone, alice()] {
            assert_eq!(ListCursor::decode(&cursor().encode(&scope), &scope).unwrap(), cursor());
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        assert!(ListCursor::decode(&cursor().encode(&alice()), &Scope::Everyone).is_err());
    }

    proptest! {
        #[test]
        fn an_altered_cursor_is_refused(at in 0_usize..60, to in "[A-Za-z0-9_=!-]") {
            let good = cursor().encode(&alice());
            prop_assume!(at < good.len() && good.get(at..=at) != Some(to.as_str()));
            let bad = format!("{}{to}{}", &good[..at], &good[at + 1..]);
            prop_assert!(ListCursor::decode(&bad, &alice()).is_err());
            prop_assert!(ListCursor::decode(&good[..at], &alice()).is_err());
        }

        #[test]
        fn decoding_never_panics(text: String) {
            let _ = ListCursor::decode(&text, &Scope::Everyone);
        }
    }
}
