//! `portcullis approval list`

use portcullis::api_types::Approval;
use portcullis::text::counted;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::format;
use super::lookup::read;
use crate::commands::pages::{Limit, document, entries};
use crate::commands::token::lookup::TokenArg;
use crate::output::clean;
use crate::{CliError, Context, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    token: Option<TokenArg>,
    /// Only approvals with this status; pending requests wait for a decision, approved ones can be used now
    #[arg(long, value_parser = ["pending", "approved", "rejected", "lapsed", "expired", "used", "ended"])]
    status: Option<String>,
    #[command(flatten)]
    limit: Limit,
}

#[derive(Deserialize)]
struct Page {
    approvals: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let (api, out) = (context.api()?, &context.out);
    let token = args.token.as_ref().map(|token| token.find_id(&api)).transpose()?;
    let list = || api.get("/approvals").query("status", args.status.as_ref()).query("token", token.as_ref());
    let split = |page: Page| (page.approvals, page.next_cursor);
    let (approvals, more) = entries(args.limit.count(), list, split, |_| ())?;
    if out.json {
        out.document(&document("approvals", &approvals))?;
        return Ok(Outcome::Success);
    }
    let approvals = approvals.iter().map(|approval| read(approval)).collect::<Result<Vec<_>, _>>()?;
    if out.quiet {
        approvals.iter().try_for_each(|approval| out.line(&clean(&approval.id)))?;
        return Ok(Outcome::Success);
    }
    if approvals.is_empty() {
        out.note("No approvals found.");
        return Ok(Outcome::Success);
    }
    let row = |approval: &Approval| {
        vec![
            (approval.id.clone(), None),
            (approval.status.clone(), format::status_style(&approval.status)),
            (approval.permission.clone(), None),
            (approval.resource.clone(), None),
            (approval.reason.replace('\n', " "), None),
            (approval.token_name.clone(), None),
            (approval.owner.clone(), None),
            (out.format_time(approval.created_at), None),
            (approval.decided_by.clone().unwrap_or_default(), None),
        ]
    };
    let columns = [
        ("ID", 0),
        ("STATUS", 0),
        ("PERMISSION", 1),
        ("RESOURCE", 1),
        ("REASON", 2),
        ("TOKEN", 3),
        ("OWNER", 4),
        ("REQUESTED", 5),
        ("DECIDED BY", 6),
    ];
    out.table(&columns, approvals.iter().map(row).collect())?;
    if more {
        out.note(&format!("Showing {}. Use --all or --limit for more.", counted(approvals.len(), "approval")));
    }
    Ok(Outcome::Success)
}
