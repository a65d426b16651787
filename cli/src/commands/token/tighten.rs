//! `portcullis token tighten`: takes from a token what it does not use, after it has shown what
//! that is.

use portcullis::api_types::{Grant, Token, Usage};
use serde_json::json;
use similar::TextDiff;

use super::format::{self, impact_summary};
use super::lookup::fetch;
use super::usage::Args;
use crate::{CliError, Context, Outcome};

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let (api, out) = (context.api()?, &context.out);
    let response = api.get(format!("/tokens/{}/usage", args.id)).query("days", Some(args.days)).send()?;
    let usage: Usage = response.read()?;
    let seen = fetch(&api, &args.id)?;
    let token: Token = seen.read()?;
    // Where that is not known or would be nothing, the service says why it will not do it.
    let possible = usage.complete && !usage.suggested_grants.is_empty();
    if possible && usage.suggested_grants == token.grants {
        out.note("It uses all that it has; nothing was changed.");
        return format::show(&seen, context);
    }
    if possible {
        if !out.json && !out.quiet {
            out.difference(&difference(&token.grants, &usage.suggested_grants))?;
        }
        let what = format!("{}\n{}", usage.summary, impact_summary(&token, context));
        context.confirm(&what, "Leave it only what is used?")?;
    }
    let tag = response.etag.unwrap_or_default();
    let call = api.post(format!("/tokens/{}/tighten", args.id)).header("if-match", tag);
    format::show(&call.json(&json!({ "days": args.days })).send()?, context)
}

/// A line for each permission on each resource, with `-` and `+`.
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
