//! `portcullis token usage`: the used permissions of a token.

use portcullis::api_types::{PermissionUse, Usage};
use portcullis::secret::TokenId;

use super::format;
use super::lookup::id;
use crate::{CliError, Context, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Id of the token
    #[arg(value_parser = id)]
    pub(super) id: TokenId,
    /// Number of days to look back
    #[arg(long, value_name = "N", default_value = "90")]
    pub(super) days: u32,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let out = &context.out;
    let response = context.api()?.get(format!("/tokens/{}/usage", args.id)).query("days", Some(args.days)).send()?;
    if out.json {
        out.document(&response.body)?;
        return Ok(Outcome::Success);
    }
    let usage: Usage = response.read()?;
    let row = |used: &PermissionUse| {
        vec![(used.permission.clone(), None), (used.last_used_on.clone().unwrap_or_else(|| "never".to_owned()), None)]
    };
    out.table(&["PERMISSION", "LAST USED ON"], usage.permissions.iter().map(row).collect())?;
    out.note(&format!("{}.", usage.summary));
    if !usage.complete {
        out.warn("the usage data of this token is incomplete");
    } else if usage.used < usage.granted && !usage.suggested_grants.is_empty() {
        out.note(&format!(
            "Remove unused permissions with `portcullis token tighten {}`, which leaves:\n{}",
            args.id,
            format::grants(&usage.suggested_grants)
        ));
    }
    Ok(Outcome::Success)
}
