//! Lists of approvals.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use super::{ApprovalView, is_unsettled, open};
use crate::clock::Timestamp;
use crate::secret::TokenId;
use crate::store::cursor::{self, Cursor};
use crate::store::{Error, MAX_PER_PAGE, TokenStore, item};
use crate::token::{APPROVAL_LAPSE_SECONDS, Approval, ApprovalId, ApprovalStatus};
use crate::validation::ValidationError;

/// Queries after which a page ends early, with a cursor, if few approvals match or may be seen.
const MAX_QUERIES: u32 = 5;

/// List name in the cursors of approvals; a page holds those that the caller may see.
const APPROVALS: &str = "approvals";

/// Filter of a list of approvals, with paging.
#[derive(Clone, Debug)]
pub struct ApprovalFilter {
    /// Only approvals with this status at `now`.
    pub status: Option<ApprovalStatus>,
    /// Only approvals of this token.
    pub token: Option<TokenId>,
    /// Cursor to continue after; `None` starts with the newest approval.
    pub after: Option<ApprovalCursor>,
    /// Maximum number of approvals.
    pub limit: usize,
    /// Time at which the status is evaluated.
    pub now: Timestamp,
}

/// A page of approvals.
#[derive(Clone, Debug)]
pub struct ApprovalPage {
    /// The approvals, newest first.
    pub approvals: Vec<ApprovalView>,
    /// Cursor of the next page; `None` on the last page.
    pub next: Option<ApprovalCursor>,
}

/// Position in a list of approvals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApprovalCursor {
    /// After an approval that the list shows.
    After {
        /// When it was requested, in milliseconds.
        created_at: i64,
        /// Its ID.
        id: ApprovalId,
    },
    /// The approvals requested before this time, in milliseconds.
    Before(i64),
}

impl ApprovalCursor {
    /// Encodes the cursor for the caller.
    #[must_use]
    pub fn encode(&self) -> String {
        cursor::encode(self, &APPROVALS)
    }

    /// Decodes a cursor sent by the caller.
    ///
    /// # Errors
    /// When it was not made by [`ApprovalCursor::encode`].
    pub fn decode(text: &str) -> Result<Self, ValidationError> {
        cursor::decode(text, &APPROVALS)
            .ok_or_else(|| ValidationError::new("must be the next_cursor of the previous page"))
    }

    fn after(approval: &Approval) -> Self {
        Self::After { created_at: approval.created_at.millis(), id: approval.id }
    }

    /// When the newest approval that can follow was requested.
    fn newest(&self) -> i64 {
        match self {
            Self::After { created_at, .. } => *created_at,
            Self::Before(end) => end.saturating_sub(1),
        }
    }

    fn start_key(&self) -> Option<item::Item> {
        let Self::After { created_at, id } = self else { return None };
        let mut key = item::approval_key(id);
        key.insert(item::CREATED_AT.to_owned(), item::number(*created_at));
        Some(key)
    }
}

impl Cursor for ApprovalCursor {
    type List = &'static str;

    fn place(&self) -> String {
        match self {
            Self::After { created_at, id } => format!("{created_at}.{id}"),
            Self::Before(end) => end.to_string(),
        }
    }

    fn read(place: &str) -> Option<Self> {
        Some(match place.split_once('.') {
            Some((created_at, id)) => Self::After { created_at: created_at.parse().ok()?, id: id.parse().ok()? },
            None => Self::Before(place.parse().ok()?),
        })
    }
}

impl ApprovalFilter {
    /// The earliest request that can match: a pending one is at most a day old, and a live one two.
    fn since(&self) -> i64 {
        let days = match self.status {
            Some(ApprovalStatus::Pending) => 1,
            Some(ApprovalStatus::Approved) => 2,
            _ => return 0,
        };
        self.now.truncated_to_seconds().plus_seconds(-days * APPROVAL_LAPSE_SECONDS).millis()
    }
}

impl TokenStore {
    /// Reads one page of the approvals that `is_visible` lets through. The index is eventually consistent, while the
    /// approvals and their tokens are read consistently.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn approvals(
        &self,
        filter: &ApprovalFilter,
        is_visible: impl Fn(&Approval) -> bool,
    ) -> Result<ApprovalPage, Error> {
        let limit = filter.limit.clamp(1, MAX_PER_PAGE);
        let newest = filter.after.as_ref().map_or(i64::MAX, ApprovalCursor::newest);
        let period = filter.since()..=newest;
        // No approval is newer, unless another instance's clock is ahead.
        let began = newest.min(filter.now.millis());
        let mut approvals: Vec<ApprovalView> = Vec::new();
        let mut start = filter.after.as_ref().and_then(ApprovalCursor::start_key);
        let mut queries = 0;
        while !period.is_empty() {
            // If few can be seen, larger queries need fewer calls, and a page goes farther back.
            let size = if queries == 0 { limit } else { MAX_PER_PAGE - 1 };
            let (keys, last) = self.approval_keys(&period, size, start.take()).await?;
            queries += 1;
            let found = self.batch(keys, &item::APPROVAL_ATTRIBUTES).await?;
            let found = found.iter().map(|item| item::approval(&item.into())).filter_map(|read| {
                // An invalid item must not make the whole list unreadable.
                read.inspect_err(|error| tracing::error!(%error, "an invalid approval was omitted from the list")).ok()
            });
            let of_token = |approval: &Approval| filter.token.as_ref().is_none_or(|token| *token == approval.token);
            let found: Vec<_> = found.filter(|approval| of_token(approval) && is_visible(approval)).collect();
            approvals.extend(
                self.with_status(found, filter.now)
                    .await?
                    .into_iter()
                    .filter(|view| filter.status.is_none_or(|wanted| wanted == view.status)),
            );
            if approvals.len() > limit {
                approvals.truncate(limit);
                let next = approvals.last().map(|view| ApprovalCursor::after(&view.approval));
                return Ok(ApprovalPage { approvals, next });
            }
            let Some(last) = last else { break };
            let end = item::created_at_of(&last).and_then(|reached| cursor::boundary(reached, began));
            if let Some(end) = end.filter(|_| queries >= MAX_QUERIES) {
                // The next page shows the others.
                approvals.retain(|view| view.approval.created_at.millis() >= end);
                return Ok(ApprovalPage { approvals, next: Some(ApprovalCursor::Before(end)) });
            }
            start = Some(last);
        }
        Ok(ApprovalPage { approvals, next: None })
    }

    async fn with_status(&self, approvals: Vec<Approval>, now: Timestamp) -> Result<Vec<ApprovalView>, Error> {
        let tokens: HashSet<_> = approvals.iter().map(|approval| approval.token.clone()).collect();
        let tokens: Vec<_> = tokens.into_iter().collect();
        let tokens = self.records(&tokens).await?;
        let tokens: HashMap<_, _> = tokens.iter().map(|token| (&token.id, token)).collect();
        let token_of = |approval: &Approval| tokens.get(&approval.token).copied();
        let unsettled = approvals.iter().filter(|approval| is_unsettled(approval, token_of(approval), now));
        let keys = unsettled.map(|approval| item::approval_key(&approval.id)).collect();
        let mut again = HashMap::new();
        for item in self.batch(keys, &item::APPROVAL_ATTRIBUTES).await? {
            let approval = item::approval(&(&item).into())?;
            again.insert(approval.id, approval);
        }
        let approvals = approvals.into_iter().map(|approval| again.remove(&approval.id).unwrap_or(approval));
        let view = |approval: Approval| {
            let status = approval.status(open(token_of(&approval), now), now);
            ApprovalView { approval, status }
        };
        Ok(approvals.map(view).collect())
    }

    async fn approval_keys(
        &self,
        period: &RangeInclusive<i64>,
        limit: usize,
        start: Option<item::Item>,
    ) -> Result<(Vec<item::Item>, Option<item::Item>), Error> {
        let names = HashMap::from([
            ("#partition".to_owned(), "sk".to_owned()),
            ("#created_at".to_owned(), item::CREATED_AT.to_owned()),
        ]);
        let values = HashMap::from([
            (":partition".to_owned(), item::string(item::APPROVAL)),
            (":oldest".to_owned(), item::number(*period.start())),
            (":newest".to_owned(), item::number(*period.end())),
        ]);
        let condition = "#partition = :partition AND #created_at BETWEEN :oldest AND :newest";
        let query = self.query_newest(condition, names, values, limit).await?.index_name("by_time");
        let page = query.set_exclusive_start_key(start).send().await.map_err(Error::unavailable)?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }
}
