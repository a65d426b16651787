//! `portcullis token tighten`: shows and removes the permissions that a token does not use.

use portcullis::api_types::{Grant, Token, Usage};
use serde_json::json;
use similar::TextDiff;

use super::format::{self, impact_summary};
use super::lookup::fetch;
use super::usage::Args;
use crate::{CliError, Context, Outcome};

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let (api, out) = (context.api()?, &context.out);
    let id = args.token.find_id(&api)?;
    let response = api.get(format!("/tokens/{id}/usage")).query("days", Some(args.days)).send()?;
    let usage: Usage = response.read()?;
    let current = fetch(&api, &id)?;
    let token: Token = current.read()?;
    // Otherwise the service responds with the reason why it cannot be tightened.
    let can_tighten = usage.complete && !usage.suggested_grants.is_empty();
    if can_tighten && usage.suggested_grants == token.grants {
        out.note("All permissions are in use; nothing to remove.");
        return format::show(&current, context);
    }
    if can_tighten {
        if !out.json && !out.quiet {
            out.difference(&difference(&token.grants, &usage.suggested_grants))?;
        }
        let impact = format!("{}\n{}", usage.summary, impact_summary(&token, context));
        context.confirm(&impact, "Remove unused permissions?")?;
    }
    let tag = response.etag.unwrap_or_default();
    let call = api.post(format!("/tokens/{id}/tighten")).header("if-match", tag);
    format::show(&call.json(&json!({ "days": args.days })).send()?, context)
}

/// Diff with one line for each permission.
fn difference(before: &[Grant], after: &[Grant]) -> String {
    let lines = |grants: &[Grant]| {
        let pairs = grants.iter().flat_map(|grant| {
            let on = grant.resources.join(", ");
            grant.permissions.iter().map(move |permission| format!("{permission} on {on}\n"))
        });
        pairs.collect::<String>()
    };
    let (before, after) = (lines(before), lines(after));
    let diff = TextDiff::from_lines(&before, &after);
    diff.iter_all_changes().map(|change| format!("{}{change}", change.tag())).collect()
}
