//! Slots of an owner: the tokens that count against the limit of live tokens. Each owner has one item, so that
//! the limit holds under concurrency.
//!
//! Revoking and disabling do not touch the slots, so that contention cannot delay them. Slots of tokens that
//! are no longer live are freed when another token needs one (ADR 0020).

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::item::Attribute;
use super::transaction::write;
use super::update_expression::UpdateExpression;
use super::{Error, TokenStore, item};
use crate::clock::Timestamp;
use crate::secret::TokenId;
use crate::text::OwnerId;
use crate::token::TokenRecord;

/// Maps token IDs to their expiry in seconds; 0 means never.
#[derive(Debug, Default)]
pub(super) struct Slots {
    live: HashMap<String, i64>,
    /// `None` if the owner has no item yet.
    version: Option<u64>,
}

impl Slots {
    fn is_full(&self, limit: u32) -> bool {
        self.live.len() >= usize::try_from(limit).unwrap_or(usize::MAX)
    }
}

impl TokenStore {
    /// IDs of an owner's tokens that have a slot. Some may no longer be live.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn ids_with_slots(&self, owner: &OwnerId) -> Result<Vec<TokenId>, Error> {
        ids(owner, &self.slots(owner).await?)
    }

    /// The write that gives a token a slot until its expiry, on the condition that the slots are unchanged.
    /// `None` if other live tokens take all slots.
    pub(super) async fn take_slot(
        &self,
        record: &TokenRecord,
        now: Timestamp,
        limit: u32,
    ) -> Result<Option<TransactWriteItem>, Error> {
        let mut slots = self.slots(&record.owner).await?;
        slots.live.remove(record.id.as_str());
        slots.live.retain(|_, until| *until == 0 || *until > now.seconds());
        if slots.is_full(limit) {
            let records = self.records(&ids(&record.owner, &slots)?).await?;
            // A deleted token's ID can come back for another owner.
            let alive = records.iter().filter(|it| it.revoked.is_none() && it.owner == record.owner);
            let alive: HashSet<_> = alive.map(|record| record.id.as_str()).collect();
            slots.live.retain(|id, _| alive.contains(id.as_str()));
        }
        if slots.is_full(limit) {
            return Ok(None);
        }
        slots.live.insert(record.id.to_string(), record.expires_at.map_or(0, Timestamp::seconds));
        self.write_slots(&record.owner, &slots).map(Some)
    }

    async fn slots(&self, owner: &OwnerId) -> Result<Slots, Error> {
        let response = self.read(item::slots_key(owner), &item::SLOT_ATTRIBUTES).await?;
        let Some(item) = response.attributes()? else { return Ok(Slots::default()) };
        let corrupt = || Error::Corrupt { id: owner.to_string(), attribute: item::LIVE };
        let live = item.get(item::LIVE).and_then(Attribute::as_map).ok_or_else(corrupt)?;
        let live = live
            .iter()
            .map(|(id, until)| {
                let until = until.as_number().and_then(|digits| digits.parse().ok()).ok_or_else(corrupt)?;
                Ok((id.to_owned(), until))
            })
            .collect::<Result<_, Error>>()?;
        Ok(Slots { live, version: Some(item::number_of(&item, item::VERSION, owner.as_str())?) })
    }

    fn write_slots(&self, owner: &OwnerId, slots: &Slots) -> Result<TransactWriteItem, Error> {
        let live = slots.live.iter().map(|(id, until)| (id.clone(), item::number(until))).collect();
        let edit = UpdateExpression::default()
            .set(item::LIVE, AttributeValue::M(live))
            .set(item::VERSION, item::number(slots.version.unwrap_or(0) + 1))
            .when_still(item::VERSION, slots.version.map(item::number));
        edit.build(&self.table, item::slots_key(owner)).map(write)
    }
}

fn ids(owner: &OwnerId, slots: &Slots) -> Result<Vec<TokenId>, Error> {
    let corrupt = |_| Error::Corrupt { id: owner.to_string(), attribute: item::LIVE };
    slots.live.keys().map(|id| id.parse().map_err(corrupt)).collect()
}
