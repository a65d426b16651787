//! The use of approvals by a request.

use crate::authz::{MissingAccess, NeededApproval};
use crate::catalog::ApprovalUses;
use crate::clock::Timestamp;
use crate::store::backoff::backoff;
use crate::store::item_client::ConditionalWrite;
use crate::store::transaction::{MAX_ATTEMPTS, write};
use crate::store::transaction_outcome::TransactionOutcome;
use crate::store::update_expression::UpdateExpression;
use crate::store::{Error, ItemStore, item};
use crate::token::{ApprovalId, LiveApproval};
use aws_sdk_dynamodb::types::Update;

impl ItemStore {
    /// Chooses an approval for each need of a request, and uses up those for one use: all of them, or none. Returns what is
    /// missing if other requests have used them up.
    ///
    /// # Errors
    /// When the store fails. The approvals may be used up then.
    pub async fn take_approvals<'a>(
        &self,
        needed: &[NeededApproval<'a>],
        at: Timestamp,
    ) -> Result<Result<Vec<&'a LiveApproval>, MissingAccess>, Error> {
        let (mut used, mut tries) = (Vec::new(), 0);
        while tries < MAX_ATTEMPTS {
            let chosen = match choose(needed, &used) {
                Ok(chosen) => chosen,
                missing => return Ok(missing),
            };
            let once = for_one_use(&chosen);
            match self.take(&once, at).await? {
                TransactionOutcome::Committed => return Ok(Ok(chosen)),
                TransactionOutcome::Refused => {
                    let found = if once.len() == 1 { once } else { self.used_of(&once).await? };
                    tries += u32::from(found.is_empty());
                    used.extend(found);
                }
                TransactionOutcome::Conflict => {
                    backoff(tries).await;
                    tries += 1;
                }
            }
        }
        Err(Error::Contention)
    }

    /// Chooses an approval for each need of a request, without using it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unused_approvals<'a>(
        &self,
        needed: &[NeededApproval<'a>],
    ) -> Result<Result<Vec<&'a LiveApproval>, MissingAccess>, Error> {
        let mut used = Vec::new();
        loop {
            let chosen = match choose(needed, &used) {
                Ok(chosen) => chosen,
                missing => return Ok(missing),
            };
            let found = self.used_of(&for_one_use(&chosen)).await?;
            if found.is_empty() {
                return Ok(Ok(chosen));
            }
            used.extend(found);
        }
    }

    /// Those of the approvals for one use that are used up, or have ended.
    async fn used_of<'a>(&self, approvals: &[&'a ApprovalId]) -> Result<Vec<&'a ApprovalId>, Error> {
        let mut used = Vec::new();
        for id in approvals {
            let response = self.read(item::approval_key(id), &item::APPROVAL_USE_ATTRIBUTES).await?;
            if !response.attributes()?.is_some_and(|item| item::is_unused(&item)) {
                used.push(*id);
            }
        }
        Ok(used)
    }

    /// Uses up approvals for one use. Of all calls for one approval, one succeeds, also under concurrency.
    async fn take(&self, approvals: &[&ApprovalId], at: Timestamp) -> Result<TransactionOutcome, Error> {
        match approvals {
            [] => Ok(TransactionOutcome::Committed),
            [id] => Ok(match self.item_client().await?.update_item(self.use_of(id, at)?).await? {
                ConditionalWrite::Written => TransactionOutcome::Committed,
                ConditionalWrite::Refused(_) => TransactionOutcome::Refused,
            }),
            ids => {
                let writes = ids.iter().map(|id| self.use_of(id, at).map(write)).collect::<Result<_, _>>()?;
                self.item_client().await?.transact_write_items(writes).await
            }
        }
    }

    fn use_of(&self, id: &ApprovalId, at: Timestamp) -> Result<Update, Error> {
        UpdateExpression::of_existing()
            .set(item::USED_AT, item::seconds(at))
            .when_absent(item::USED_AT)
            .when_absent(item::ENDED)
            .build(&self.table, item::approval_key(id))
    }
}

/// The first approval for each need that is not used up. One may serve several.
fn choose<'a>(needed: &[NeededApproval<'a>], used: &[&ApprovalId]) -> Result<Vec<&'a LiveApproval>, MissingAccess> {
    let mut chosen: Vec<&LiveApproval> = Vec::new();
    for NeededApproval { permission, resource, choices } in needed {
        let Some(approval) = choices.iter().find(|approval| !used.contains(&&approval.id)) else {
            let (permission, resource) = (Some(permission.clone()), Some(resource.clone()));
            return Err(MissingAccess { permission, resource, roles: Vec::new() });
        };
        if !chosen.contains(approval) {
            chosen.push(approval);
        }
    }
    Ok(chosen)
}

fn for_one_use<'a>(chosen: &[&'a LiveApproval]) -> Vec<&'a ApprovalId> {
    chosen.iter().filter(|approval| approval.uses == ApprovalUses::Once).map(|approval| &approval.id).collect()
}
