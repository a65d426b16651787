//! `portcullis token usage`: what of a token is used.

use portcullis::api_types::{PermissionUse, Usage};
use portcullis::secret::TokenId;

use super::format;
use super::lookup::id;
use crate::{CliError, Context, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The token's id
    #[arg(value_parser = id)]
    pub(super) id: TokenId,
    /// How many days are looked back
    #[arg(long, value_name = "N", default_value = "90")]
    pub(super) days: u32,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let out = &context.out;
    let call = context.api()?.get(format!("/tokens/{}/usage", args.id)).query("days", Some(args.days)).send()?;
    if out.json {
        out.document(&call.body)?;
        return Ok(Outcome::Done);
    }
    let usage: Usage = call.read()?;
    let row = |used: &PermissionUse| {
        vec![(used.permission.clone(), None), (used.last_used_on.clone().unwrap_or_else(|| "never".to_owned()), None)]
    };
    out.table(&["PERMISSION", "LAST USED ON"], usage.permissions.iter().map(row).collect())?;
    out.note(&format!("{}.", usage.summary));
    if !usage.complete {
        out.warn("not every use of this token is known");
    } else if usage.used < usage.granted && !usage.suggested_grants.is_empty() {
        out.note(&format!(
            "This would have been enough, and `portcullis token tighten {}` leaves it that:\n{}",
            args.id,
            format::grants(&usage.suggested_grants)
        ));
    }
    Ok(Outcome::Done)
}
