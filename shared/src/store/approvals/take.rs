//! The use of approvals by a request.

use crate::authz::{MissingAccess, NeededApproval};
use crate::catalog::ApprovalUses;
use crate::clock::Timestamp;
use crate::store::item_client::ConditionalWrite;
use crate::store::update_expression::UpdateExpression;
use crate::store::{Error, ItemStore, item};
use crate::token::{ApprovalId, LiveApproval};

impl ItemStore {
    /// Chooses an approval for each need of a request, and uses up those for one use. Returns what is missing if other
    /// requests have used them up.
    ///
    /// # Errors
    /// When the store fails. An approval may be used up then.
    pub async fn take_approvals<'a>(
        &self,
        needed: &[NeededApproval<'a>],
        at: Timestamp,
    ) -> Result<Result<Vec<&'a LiveApproval>, MissingAccess>, Error> {
        self.choose_approvals(needed, Some(at)).await
    }

    /// Chooses an approval for each need of a request, without using it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unused_approvals<'a>(
        &self,
        needed: &[NeededApproval<'a>],
    ) -> Result<Result<Vec<&'a LiveApproval>, MissingAccess>, Error> {
        self.choose_approvals(needed, None).await
    }

    /// Chooses an approval for each need: one for any number of uses, or the first for one use that is not used up. With
    /// a time, uses it up.
    async fn choose_approvals<'a>(
        &self,
        needed: &[NeededApproval<'a>],
        used_at: Option<Timestamp>,
    ) -> Result<Result<Vec<&'a LiveApproval>, MissingAccess>, Error> {
        let mut chosen: Vec<&LiveApproval> = Vec::new();
        'needs: for NeededApproval { permission, resource, choices } in needed {
            for approval in choices {
                // One approval may serve two needs of a request.
                if chosen.contains(approval) {
                    continue 'needs;
                }
                let is_free = match (approval.uses, used_at) {
                    (ApprovalUses::Any, _) => true,
                    (ApprovalUses::Once, Some(at)) => self.take_approval(&approval.id, at).await?,
                    (ApprovalUses::Once, None) => self.is_unused(&approval.id).await?,
                };
                if is_free {
                    chosen.push(*approval);
                    continue 'needs;
                }
            }
            let (permission, resource) = (Some(permission.clone()), Some(resource.clone()));
            return Ok(Err(MissingAccess { permission, resource, roles: Vec::new() }));
        }
        Ok(Ok(chosen))
    }

    async fn is_unused(&self, id: &ApprovalId) -> Result<bool, Error> {
        let response = self.read(item::approval_key(id), &item::APPROVAL_USE_ATTRIBUTES).await?;
        Ok(response.attributes()?.is_some_and(|item| item::is_unused(&item)))
    }

    /// Uses up an approval for one use. Of all calls for one approval, one returns `true`, also under concurrency.
    async fn take_approval(&self, id: &ApprovalId, at: Timestamp) -> Result<bool, Error> {
        let update = UpdateExpression::of_existing()
            .set(item::USED_AT, item::seconds(at))
            .when_absent(item::USED_AT)
            .when_absent(item::ENDED)
            .build(&self.table, item::approval_key(id))?;
        Ok(self.item_client().await?.update_item(update).await? == ConditionalWrite::Written)
    }
}
