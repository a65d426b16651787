//! `portcullis approval approve` and `reject`

use portcullis::api_types::Approval;
use serde::Serialize;

use super::format;
use super::lookup::{ApprovalArg, fetch, path};
use crate::flag_value::duration;
use crate::{CliError, Context, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct ApproveArgs {
    #[command(flatten)]
    approval: ApprovalArg,
    /// How long the approval lasts, as in 5m [default: as long as the catalog allows]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    valid_for: Option<u32>,
    /// Comment for the requester
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    comment: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RejectArgs {
    #[command(flatten)]
    approval: ApprovalArg,
    /// Comment for the requester
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    comment: Option<String>,
}

#[derive(Serialize)]
struct Decision<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_for: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
}

pub(super) fn approve(args: &ApproveArgs, context: &Context) -> Result<Outcome, CliError> {
    let (api, id) = (context.api()?, args.approval.id());
    if !context.yes {
        let requested: Approval = fetch(&api, id)?.read()?;
        // Otherwise the service responds with what became of the request.
        if requested.status == "pending" {
            let valid_for = args.valid_for.unwrap_or(requested.valid_for);
            let allowed = format::allowed_requests(&Approval { valid_for, ..requested.clone() });
            let impact = format!("This allows {allowed}:\n{}", format::impact_summary(&requested));
            context.confirm(&impact, "Approve?")?;
        }
    }
    let valid_for = args.valid_for.map(|seconds| format!("{seconds}s"));
    let decision = Decision { valid_for, comment: args.comment.as_deref() };
    format::show(&api.post(format!("{}/approve", path(id))).json(&decision).send()?, context)
}

pub(super) fn reject(args: &RejectArgs, context: &Context) -> Result<Outcome, CliError> {
    let decision = Decision { valid_for: None, comment: args.comment.as_deref() };
    let call = context.api()?;
    format::show(&call.post(format!("{}/reject", path(args.approval.id()))).json(&decision).send()?, context)
}
