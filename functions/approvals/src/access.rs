//! Access to an approval: what the caller may not do, as a problem.

use portcullis::App;
use portcullis::authz::DecisionRefusal;
use portcullis::catalog::Catalog;
use portcullis::http::{ApiRequest, Problem, visible};
use portcullis::token::{Approval, ApprovalId};

/// The item of the approval that the path names, if the caller may see it.
///
/// # Errors
/// 404 for an approval that does not exist, one that the caller may not see, and an invalid ID.
pub(crate) async fn visible_approval(app: &App, call: &ApiRequest) -> Result<Approval, Problem> {
    let id = call.id.as_deref().and_then(|id| id.parse::<ApprovalId>().ok()).ok_or_else(Problem::approval_not_found)?;
    let is_visible = |approval: &Approval| call.caller.may_see_approval(approval, app.settings.authz.token_management);
    visible(app.tokens.approval_item(&id), is_visible, Problem::approval_not_found).await
}

/// Ensures that the caller may approve and reject.
///
/// # Errors
/// 403 that says why not.
pub(crate) fn ensure_may_decide(call: &ApiRequest, approval: &Approval, catalog: &Catalog) -> Result<(), Problem> {
    let Approval { permission, resource, .. } = approval;
    let Some(refusal) = call.caller.refusal_to_decide(approval, catalog.approval_rule(permission)) else {
        return Ok(());
    };
    Err(Problem::forbidden(match refusal {
        DecisionRefusal::OwnRequest => {
            "A token cannot decide its own request. Ask a person who has approvals:decide.".to_owned()
        }
        DecisionRefusal::SameOwner => "A token cannot decide a request of another token of its owner.".to_owned(),
        DecisionRefusal::PermissionMissing => {
            format!("You need the permission approvals:decide on {resource} to decide this request.")
        }
        DecisionRefusal::Token => format!(
            "A person has to decide this request: the catalog does not let tokens approve {permission} (token_approvers)."
        ),
    }))
}
