//! The ways in which a token ends by someone's hand. Each gives its slot back.

use aws_sdk_dynamodb::types::{Delete, TransactWriteItem};

use super::change::{Change, Changed, update};
use super::create::{MOST_TRIES, Transacted, pause};
use super::events::MOST_IN_ONE_TRANSACTION;
use super::{Error, Limits, Tokens, item, number};
use crate::clock::Clock;
use crate::token::{Actor, Author, Grounds, Happened, Record, Revocation, TokenId};

/// A token that is revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// As it is now.
    pub record: Record,
    /// Whether this is what revoked it.
    pub by_this: bool,
}

impl Tokens {
    /// Ends a token for good and keeps its record for the time of the retention. Once this has
    /// answered, no later consistent read finds it alive.
    ///
    /// Revoking it again changes nothing: the first one stands. `None` where there is no
    /// such token. Each try has a time of its own, so that its event comes behind those of
    /// the changes that were quicker.
    ///
    /// # Errors
    /// When the store fails; the token may be revoked or not, and trying again is safe.
    pub async fn revoke(
        &self,
        id: &TokenId,
        actor: &Actor,
        by: &Author,
        grounds: &Grounds,
        clock: &Clock,
        limits: Limits,
    ) -> Result<Option<Revoked>, Error> {
        let mut found = self.get(id).await?;
        for _ in 0..MOST_TRIES {
            let Some(seen) = found else { return Ok(None) };
            if seen.revoked.is_some() {
                return Ok(Some(Revoked { record: seen, by_this: false }));
            }
            let now = clock.now();
            let revoked = Some(Revocation { at: now.to_the_second(), by: actor.clone(), grounds: grounds.clone() });
            let next = Record { revoked, ..seen.clone() };
            let what = Happened::Revoked(grounds.clone());
            match self.change(&Change { seen: &seen, next, what, by, now, limits }).await? {
                Changed::Done(record) => return Ok(Some(Revoked { record: *record, by_this: true })),
                // It is to end, whatever else becomes of it meanwhile.
                Changed::Stale(record) => found = Some(*record),
                Changed::Gone | Changed::LimitReached => return Ok(None),
            }
        }
        Err(Error::Contention)
    }

    /// Removes a token, its record and its history. `false` where there is no such token.
    ///
    /// # Errors
    /// When the store fails; trying again is safe, and removes what is left.
    pub async fn delete(&self, id: &TokenId) -> Result<bool, Error> {
        let was_there = self.get(id).await?.is_some();
        for tried in 0..MOST_TRIES {
            let Some(record) = self.get(id).await? else {
                // What was noted while it was being removed.
                self.delete_events(self.event_keys(id).await?).await?;
                return Ok(was_there);
            };
            let mut events = self.event_keys(id).await?;
            // The oldest first, so that what is left at any time is the end of the history.
            let older = events.split_off(events.len().min(MOST_IN_ONE_TRANSACTION));
            self.delete_events(older).await?;
            let delete = Delete::builder()
                .table_name(&self.table)
                .set_key(Some(item::token_key(id)))
                .condition_expression("version = :seen")
                .expression_attribute_values(":seen", number(record.version))
                .build();
            let mut writes = vec![delete.map(|delete| TransactWriteItem::builder().delete(delete).build())];
            if self.slots(&record.owner).await?.holds(&record.id) {
                writes.push(self.free_slot(&record.owner, &record.id).map(update));
            }
            writes.extend(events.into_iter().map(|key| self.delete_item(key)));
            let writes = writes.into_iter().collect::<Result<_, _>>().map_err(Error::unavailable)?;
            if self.transact(writes).await? == Transacted::Conflict {
                pause(tried).await;
            }
        }
        Err(Error::Contention)
    }
}
