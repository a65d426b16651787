//! An owner's slots: which of their tokens are alive, and until when. One item per owner,
//! so that the limit can hold under any concurrency.

use std::collections::HashMap;

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, Update};

use super::{Error, Tokens, item, number};
use crate::clock::Timestamp;
use crate::token::{OwnerId, TokenId};

/// Token id to expiry in seconds; 0 is never.
#[derive(Debug, Default)]
pub(super) struct Slots {
    live: HashMap<String, i64>,
    /// `None` where the owner has no item yet.
    version: Option<u64>,
}

impl Slots {
    /// Forgets what has expired.
    pub(super) fn without_expired(mut self, now: Timestamp) -> Self {
        self.live.retain(|_, until| *until == 0 || *until > now.seconds());
        self
    }

    pub(super) fn count(&self) -> usize {
        self.live.len()
    }

    pub(super) fn holds(&self, id: &TokenId) -> bool {
        self.live.contains_key(id.as_str())
    }

    pub(super) fn take(&mut self, id: &TokenId, until: Option<Timestamp>) {
        self.live.insert(id.as_str().to_owned(), until.map_or(0, Timestamp::seconds));
    }
}

impl Tokens {
    /// The tokens of an owner that have a slot, as they are at this moment.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn with_slots(&self, owner: &OwnerId) -> Result<Vec<TokenId>, Error> {
        let slots = self.slots(owner).await?;
        let corrupt = |_| Error::Corrupt { id: owner.to_string(), attribute: "live" };
        slots.live.keys().map(|id| id.parse().map_err(corrupt)).collect()
    }

    pub(super) async fn slots(&self, owner: &OwnerId) -> Result<Slots, Error> {
        let Some(item) = self.read(item::slots_key(owner), &["live", "version"]).await? else {
            return Ok(Slots::default());
        };
        let corrupt = || Error::Corrupt { id: owner.to_string(), attribute: "live" };
        let live = item.get("live").and_then(|value| value.as_m().ok()).ok_or_else(corrupt)?;
        let live = live
            .iter()
            .map(|(id, until)| {
                let until = until.as_n().ok().and_then(|digits| digits.parse().ok()).ok_or_else(corrupt)?;
                Ok((id.clone(), until))
            })
            .collect::<Result<_, Error>>()?;
        Ok(Slots { live, version: Some(item::number_of(&item, "version", owner.as_str())?) })
    }

    /// Writes the slots, provided that nobody has changed them since they were read.
    pub(super) fn write_slots(&self, owner: &OwnerId, slots: &Slots) -> Result<Update, BuildError> {
        let live = slots.live.iter().map(|(id, until)| (id.clone(), number(until))).collect();
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(item::slots_key(owner)))
            .update_expression("SET live = :live, version = :next")
            .expression_attribute_values(":live", AttributeValue::M(live))
            .expression_attribute_values(":next", number(slots.version.unwrap_or(0) + 1));
        match slots.version {
            None => update.condition_expression("attribute_not_exists(pk)"),
            Some(seen) => {
                update.condition_expression("version = :seen").expression_attribute_values(":seen", number(seen))
            }
        }
        .build()
    }

    /// Gives one slot back, whatever else happens to the others.
    pub(super) fn free_slot(&self, owner: &OwnerId, id: &TokenId) -> Result<Update, BuildError> {
        Update::builder()
            .table_name(&self.table)
            .set_key(Some(item::slots_key(owner)))
            .update_expression("REMOVE live.#id SET version = version + :one")
            .condition_expression("attribute_exists(live.#id)")
            .expression_attribute_names("#id", id.as_str())
            .expression_attribute_values(":one", number(1))
            .build()
    }
}
