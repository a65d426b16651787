//! `portcullis token revoke`

use std::collections::HashMap;

use clap_complete::ArgValueCompleter;
use portcullis::api_types::{RevokeOwnerTokensResponse, RevokeResponse, Token};
use portcullis::clock::Timestamp;
use portcullis::text::counted;
use serde_json::{Map, Value, json};

use super::format::impact_summary;
use super::lookup::{all_tokens, fetch, find_ids};
use crate::api::{Api, ApiResponse, Cursors};
use crate::output::clean;
use crate::{CliError, Context, Outcome, completion};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// IDs or names of the tokens
    #[arg(value_name = "TOKEN", required_unless_present = "owner", add = ArgValueCompleter::new(completion::unrevoked_tokens))]
    tokens: Vec<String>,
    /// Revoke all tokens of this owner; admins only
    #[arg(long, conflicts_with_all = ["tokens", "flush"], allow_hyphen_values = true)]
    owner: Option<String>,
    /// Reason code for reporting
    #[arg(long, value_parser = ["leaked", "superseded", "unused", "owner_left", "other"])]
    reason: Option<String>,
    /// Reason in your own words
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    comment: Option<String>,
    /// Flush gateway caches, so that the revocation takes effect immediately; admins only
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
        return revoke_owner_tokens(owner, args, &api, context);
    }
    let ids = find_ids(&args.tokens, &api)?;
    let mut revoked_before = HashMap::new();
    let mut live = Vec::new();
    for id in &ids {
        match fetch(&api, id).and_then(|response| response.read::<Token>()) {
            Ok(token) if token.status == "revoked" => drop(revoked_before.insert(id, token.revoked_at)),
            Ok(token) => live.push(token),
            // The revocation reports the error, too, and does not keep the other tokens from being revoked.
            Err(_) if context.yes => {}
            Err(error) => return Err(error),
        }
    }
    if !live.is_empty() && !context.yes {
        let impact = live.iter().map(|token| format!("\n  {}", impact_summary(token, context))).collect::<String>();
        context.confirm(&format!("{}{impact}", warning(live.len())), "Revoke?")?;
    }
    let mut documents = Vec::new();
    let mut failed: Option<CliError> = None;
    for id in &ids {
        let flush = args.flush.then_some("true");
        let call = api.post(format!("/tokens/{id}/revoke")).query("flush", flush);
        match call.json(&args.body()).send() {
            Ok(response) => documents.push(report(&response, revoked_before.get(id).copied().flatten(), context)?),
            // Revoke the other tokens anyway. Report each error; the last one becomes the result.
            Err(error) => {
                if ids.len() > 1 {
                    context.out.warn(&format!("{id} was not revoked"));
                }
                if let Some(earlier) = failed.replace(error) {
                    context.out.print_error(&earlier);
                }
            }
        }
    }
    match documents.as_slice() {
        [] => {}
        [one] if context.out.json && ids.len() == 1 => context.out.document(one)?,
        several if context.out.json => context.out.document(&format!("{{\"tokens\":[{}]}}", several.join(",")))?,
        _ => {}
    }
    failed.map_or(Ok(Outcome::Success), Err)
}

/// Reports one revocation, and returns the response body. `revoked_before` is when the token had already been revoked.
fn report(response: &ApiResponse, revoked_before: Option<Timestamp>, context: &Context) -> Result<String, CliError> {
    let out = &context.out;
    if !out.json {
        let revoked: RevokeResponse = response.read()?;
        let id = clean(&revoked.view.id);
        if out.quiet {
            out.line(&id)?;
        } else if let Some(at) = revoked_before {
            out.note(&format!("{id} \"{}\" was already revoked at {at}", revoked.view.name));
        } else {
            let (name, effective_by) = (clean(&revoked.view.name), revoked.effective_by);
            out.line(&format!("Revoked {id} \"{name}\", effective by {effective_by}"))?;
        }
        if revoked.flushed == Some(false) {
            out.warn("gateway caches could not be flushed; their entries expire by that time");
        }
    }
    Ok(response.body.to_string())
}

fn warning(count: usize) -> &'static str {
    if count == 1 {
        "Requests with this token will be denied permanently:"
    } else {
        "Requests with these tokens will be denied permanently:"
    }
}

fn revoke_owner_tokens(owner: &str, args: &Args, api: &Api, context: &Context) -> Result<Outcome, CliError> {
    let out = &context.out;
    if !context.yes {
        let tokens = all_tokens(api, Some(owner))?;
        let live: Vec<&Token> = tokens.iter().filter(|token| token.status != "revoked").collect();
        if live.is_empty() {
            context.out.note(&format!("{owner} has no active tokens."));
            return Ok(Outcome::Success);
        }
        let impact = live.iter().map(|token| format!("\n  {}", impact_summary(token, context))).collect::<String>();
        let (impact, count) = (format!("{}{impact}", warning(live.len())), live.len());
        let question = match count {
            1 => format!("Revoke this token of {owner}?"),
            count => format!("Revoke all {count} tokens of {owner}?"),
        };
        context.confirm(&impact, &question)?;
    }
    let progress = out.progress("Revoking");
    let (mut total, mut failed, mut cursor) = (0, Vec::new(), None);
    let mut cursors = Cursors::default();
    let last = loop {
        // In the query, the owner may contain any character.
        let call = api.post("/owners/-/revoke-tokens").query("owner", Some(owner)).query("cursor", cursor.as_deref());
        let response: RevokeOwnerTokensResponse = call.json(&args.body()).send()?.read()?;
        total += response.revoked;
        failed.extend(response.failed.iter().cloned());
        progress.set_message(format!("Revoking: {total}"));
        // The service stops when its time is up, even before the first token of a call.
        cursor = cursors.follow(response.next_cursor.clone()).map_err(|error| {
            CliError::Unfinished(format!("revoked {}, but {error}; run the command again", counted(total, "token")))
        })?;
        if cursor.is_none() {
            break response;
        }
    };
    drop(progress);
    let total_response = RevokeOwnerTokensResponse { revoked: total, failed, done: last.done, ..last };
    if out.json {
        out.document(&serde_json::to_string(&total_response).unwrap_or_default())?;
    } else if out.quiet {
        out.line(&total.to_string())?;
    } else if total == 0 && total_response.done {
        out.note(&format!("{} has no active tokens.", total_response.owner));
    } else {
        let (owner, effective_by) = (clean(&total_response.owner), total_response.effective_by);
        out.line(&format!("Revoked {} of {owner}, effective by {effective_by}", counted(total, "token")))?;
    }
    if total_response.done {
        return Ok(Outcome::Success);
    }
    let ids = total_response.failed.iter().map(|id| clean(id)).collect::<Vec<_>>().join(", ");
    Err(CliError::Unfinished(format!("not revoked: {ids}; run the command again")))
}
