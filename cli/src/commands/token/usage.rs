//! `portcullis token usage`: the used permissions of a token, and its recent denials.

use portcullis::api_types::{Denial, PermissionUse, Usage};

use super::format;
use super::lookup::TokenArg;
use crate::flag_value::whole_number;
use crate::{CliError, Context, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) token: TokenArg,
    /// Number of days to look back
    #[arg(long, value_name = "N", default_value = "90", value_parser = |text: &str| whole_number(text, 1, None))]
    pub(super) days: u32,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let (api, out) = (context.api()?, &context.out);
    let id = args.token.find_id(&api)?;
    let response = api.get(format!("/tokens/{id}/usage")).query("days", Some(args.days)).send()?;
    if out.json {
        out.document(&response.body)?;
        return Ok(Outcome::Success);
    }
    let usage: Usage = response.read()?;
    let row = |used: &PermissionUse| {
        vec![(used.permission.clone(), None), (used.last_used_on.clone().unwrap_or_else(|| "never".to_owned()), None)]
    };
    out.table(&[("PERMISSION", 0), ("LAST USED ON", 0)], usage.permissions.iter().map(row).collect())?;
    out.note(&format!("{}.", usage.summary));
    if !usage.recent_denials.is_empty() {
        let row = |denial: &Denial| {
            let cells = [out.format_time(denial.denied_at), denial.permission.clone(), denial.resource.clone()];
            cells.map(|cell| (cell, None)).to_vec()
        };
        let columns = [("DENIED", 0), ("PERMISSION", 0), ("RESOURCE", 0)];
        out.table(&columns, usage.recent_denials.iter().map(row).collect())?;
    }
    if !usage.complete {
        out.warn("the usage data of this token is incomplete");
    } else if usage.used < usage.granted && !usage.suggested_grants.is_empty() {
        out.note(&format!(
            "Remove unused permissions with `portcullis token tighten {id}`, which leaves:\n{}",
            format::grants(&usage.suggested_grants)
        ));
    }
    Ok(Outcome::Success)
}
