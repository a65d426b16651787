//! `portcullis approval end`

use portcullis::api_types::{Approval, EndApprovalResponse};
use ureq::http::Method;

use super::format;
use super::lookup::{ApprovalArg, fetch, path};
use crate::output::clean;
use crate::{CliError, Context, Outcome};

pub(super) fn run(approval: &ApprovalArg, context: &Context) -> Result<Outcome, CliError> {
    let (api, out) = (context.api()?, &context.out);
    if !context.yes {
        let current: Approval = fetch(&api, approval.id())?.read()?;
        let what = match current.status.as_str() {
            "pending" => Some("This request will be withdrawn:"),
            "approved" => Some("Requests with this approval will be denied:"),
            // Otherwise the service responds that there is nothing to end, or that it has ended already.
            _ => None,
        };
        if let Some(what) = what {
            context.confirm(&format!("{what}\n{}", format::impact_summary(&current)), "End?")?;
        }
    }
    let response = api.request(Method::DELETE, path(approval.id())).send()?;
    if out.json {
        out.document(&response.body)?;
        return Ok(Outcome::Success);
    }
    let EndApprovalResponse { approval, effective_by } = response.read()?;
    let id = clean(&approval.id);
    if out.quiet {
        out.line(&id)?;
    } else {
        let (permission, resource) = (clean(&approval.permission), clean(&approval.resource));
        out.line(&format!("Ended {id} for {permission} on {resource}, effective by {effective_by}"))?;
    }
    Ok(Outcome::Success)
}
