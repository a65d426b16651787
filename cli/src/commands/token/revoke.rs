//! `portcullis token revoke`

use portcullis::api_types::{RevokeOwnerTokensResponse, RevokeResponse, Token};
use portcullis::secret::TokenId;
use serde_json::{Map, Value, json};

use super::format::impact_summary;
use super::lookup::{fetch, id};
use crate::api::{Api, ApiResponse, Cursors};
use crate::output::clean;
use crate::{CliError, Context, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The ids of the tokens
    #[arg(value_name = "ID", value_parser = id, required_unless_present = "owner")]
    ids: Vec<TokenId>,
    /// Revoke every token of this owner; for admins
    #[arg(long, conflicts_with_all = ["ids", "flush"], allow_hyphen_values = true)]
    owner: Option<String>,
    /// Why, for those who count
    #[arg(long, value_parser = ["leaked", "superseded", "unused", "owner_left", "other"])]
    reason: Option<String>,
    /// Why, in your own words
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    comment: Option<String>,
    /// Empty what gateways keep of the authorizer's answers, so that it holds at once; for admins
    #[arg(long)]
    flush: bool,
}

impl Args {
    fn body(&self) -> Map<String, Value> {
        let fields = [("reason", &self.reason), ("comment", &self.comment)];
        fields.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text.as_ref()?)))).collect()
    }
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let api = context.api()?;
    if let Some(owner) = &args.owner {
        return revoke_all_of(owner, args, &api, context);
    }
    if !context.yes {
        let what = describe(&args.ids, &api, context)?;
        context.confirm(&format!("What uses these will be refused from now on, for good:\n{what}"), "Revoke?")?;
    }
    let mut documents = Vec::new();
    let mut failed: Option<CliError> = None;
    for id in &args.ids {
        let flush = args.flush.then_some("true");
        let call = api.post(format!("/tokens/{id}/revoke")).query("flush", flush);
        match call.json(&args.body()).send() {
            Ok(response) => documents.push(said(&response, context)?),
            // The others are to end all the same. What failed is said, the last one at the end.
            Err(failure) => {
                if args.ids.len() > 1 {
                    context.out.warn(&format!("{id} was not revoked"));
                }
                if let Some(earlier) = failed.replace(failure) {
                    context.out.print_error(&earlier);
                }
            }
        }
    }
    match documents.as_slice() {
        [] => {}
        [one] if context.out.json && args.ids.len() == 1 => context.out.document(one)?,
        several if context.out.json => context.out.document(&format!("{{\"tokens\":[{}]}}", several.join(",")))?,
        _ => {}
    }
    failed.map_or(Ok(Outcome::Done), Err)
}

/// Says what became of one token, and gives the document as it came.
fn said(response: &ApiResponse, context: &Context) -> Result<String, CliError> {
    let out = &context.out;
    if !out.json {
        let revoked: RevokeResponse = response.read()?;
        let id = clean(&revoked.view.id);
        if out.quiet {
            out.line(&id)?;
        } else {
            out.line(&format!("{id} {} is revoked, effective by {}", clean(&revoked.view.name), revoked.effective_by))?;
        }
        if revoked.flushed == Some(false) {
            out.warn("gateways could not be emptied; what they keep ends by itself by then");
        }
    }
    Ok(response.body.to_string())
}

fn describe(ids: &[TokenId], api: &Api, context: &Context) -> Result<String, CliError> {
    let one = |id: &TokenId| Ok(format!("  {}", impact_summary(&fetch(api, id)?.read::<Token>()?, context)));
    Ok(ids.iter().map(one).collect::<Result<Vec<_>, CliError>>()?.join("\n"))
}

fn revoke_all_of(owner: &str, args: &Args, api: &Api, context: &Context) -> Result<Outcome, CliError> {
    let out = &context.out;
    context.confirm(&format!("Every token of {owner} will be refused from now on, for good."), "Revoke them all?")?;
    let progress = out.progress("Revoking");
    let (mut total, mut failed, mut cursor) = (0, Vec::new(), None);
    let mut cursors = Cursors::default();
    let last = loop {
        // The owner in the query: there any name has room.
        let call = api.post("/owners/-/revoke-tokens").query("owner", Some(owner)).query("cursor", cursor.as_deref());
        let response: RevokeOwnerTokensResponse = call.json(&args.body()).send()?.read()?;
        total += response.revoked;
        failed.extend(response.failed.iter().cloned());
        progress.set_message(format!("Revoking: {total}"));
        // The service stops where its time is over, which may be before the first token of a call.
        cursor = cursors.follow(response.next_cursor.clone()).map_err(|error| {
            CliError::Unfinished(format!("{total} tokens were revoked, but {error}; run the command again"))
        })?;
        if cursor.is_none() {
            break response;
        }
    };
    drop(progress);
    let whole = RevokeOwnerTokensResponse { revoked: total, failed, done: last.done, ..last };
    if out.json {
        out.document(&serde_json::to_string(&whole).unwrap_or_default())?;
    } else if out.quiet {
        out.line(&total.to_string())?;
    } else {
        let (owner, effective_by) = (clean(&whole.owner), whole.effective_by);
        out.line(&format!("{total} tokens of {owner} were revoked, effective by {effective_by}"))?;
    }
    if whole.done {
        return Ok(Outcome::Done);
    }
    let ids = whole.failed.iter().map(|id| clean(id)).collect::<Vec<_>>().join(", ");
    Err(CliError::Unfinished(format!("not revoked: {ids}; run the command again")))
}
