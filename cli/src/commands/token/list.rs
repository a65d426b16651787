//! `portcullis token list`

use portcullis::api_types::Token;
use portcullis::text::counted;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::format;
use super::selection::{Selection, read};
use super::show::console_url;
use crate::api::{ApiRequest, encoded};
use crate::commands::pages::{Limit, document, entries, for_each_page};
use crate::flag_value::whole_number;
use crate::output::{Output, clean};
use crate::{CliError, Context, Outcome, web_browser};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only tokens with this status
    #[arg(long, value_parser = ["active", "expired", "revoked", "disabled"])]
    status: Option<String>,
    /// Only tokens of this owner; admins only, except for your own
    #[arg(long, allow_hyphen_values = true)]
    owner: Option<String>,
    /// Only tokens not used for this many days
    #[arg(long, value_name = "DAYS", allow_negative_numbers = true, value_parser = |text: &str| whole_number(text, 1, None))]
    idle_days: Option<u32>,
    #[command(flatten)]
    limit: Limit,
    #[command(flatten)]
    selection: Selection,
    /// Open the list in the console instead, with the same --status, --owner, --search and --sort
    #[arg(long, conflicts_with_all = ["idle_days", "limit", "all"])]
    web: bool,
}

#[derive(Deserialize)]
struct Page {
    tokens: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    if args.web {
        let url = console_url(&context.api_without_credential()?, "/tokens");
        web_browser::open(&format!("{url}{}", console_query(args)), &context.out)?;
        return Ok(Outcome::Success);
    }
    let (api, out) = (context.api()?, &context.out);
    let list = || {
        let call = api.get("/tokens").query("status", args.status.as_ref()).query("owner", args.owner.as_ref());
        call.query("idle_days", args.idle_days)
    };
    // The first page arrives too fast for a progress message.
    let mut bar = None;
    let progress = move |count| {
        let bar = bar.get_or_insert_with(|| out.progress("Listing tokens"));
        bar.set_message(format!("Listing tokens: {count}"));
    };
    // A table needs the widths of all rows, and a document with line breaks is made as a whole.
    let is_streamed = if out.json { !out.stdout_is_terminal } else { out.quiet };
    let (count, more) = if args.selection.is_given() {
        // Only with all tokens is it known which ones come first.
        let (tokens, _) = entries(usize::MAX, list, split, progress)?;
        let mut tokens = args.selection.apply(tokens)?;
        let more = tokens.len() > args.limit.count();
        tokens.truncate(args.limit.count());
        print(&tokens, context)?;
        (tokens.len(), more)
    } else if is_streamed {
        stream(args.limit.count(), list, progress, out)?
    } else {
        let (tokens, more) = entries(args.limit.count(), list, split, progress)?;
        print(&tokens, context)?;
        (tokens.len(), more)
    };
    if more {
        out.note(&format!("Showing {}. Use --all or --limit for more.", counted(count, "token")));
    }
    Ok(Outcome::Success)
}

fn split(page: Page) -> (Vec<Box<RawValue>>, Option<String>) {
    (page.tokens, page.next_cursor)
}

/// Prints each page when it arrives. Returns the number of tokens, and whether there are more.
fn stream<'a>(
    limit: usize,
    list: impl Fn() -> ApiRequest<'a>,
    mut progress: impl FnMut(usize),
    out: &Output,
) -> Result<(usize, bool), CliError> {
    let mut count = 0;
    let mut before = "{\"tokens\":[";
    let more = for_each_page(limit, list, split, |page, last| {
        count += page.len();
        let mut text = String::new();
        for token in page {
            if out.json {
                text.push_str(before);
                text.push_str(token.get());
                before = ",";
            } else {
                text.push_str(&clean(&read(&token)?.id));
                text.push('\n');
            }
        }
        out.parts(&[&text])?;
        if !last {
            progress(count);
        }
        Ok(())
    })?;
    if out.json {
        out.line(if count == 0 { "{\"tokens\":[]}" } else { "]}" })?;
    }
    Ok((count, more))
}

/// The filters in the address of the console's list (`console/src/domain/token-view.ts`).
fn console_query(args: &Args) -> String {
    let filters = [("status", args.status.as_deref()), ("owner", args.owner.as_deref())];
    let filters = filters.into_iter().chain(args.selection.console_parameters());
    let given: Vec<_> = filters.filter_map(|(name, value)| Some((name, value?))).collect();
    if given.is_empty() { String::new() } else { format!("?{}", *encoded(&given)) }
}

fn print(tokens: &[Box<RawValue>], context: &Context) -> Result<(), CliError> {
    let out = &context.out;
    if out.json {
        return out.document(&document("tokens", tokens));
    }
    let tokens = tokens.iter().map(|token| read(token)).collect::<Result<Vec<_>, _>>()?;
    if out.quiet {
        return tokens.iter().try_for_each(|token| out.line(&clean(&token.id)));
    }
    if tokens.is_empty() {
        out.note("No tokens found.");
        return Ok(());
    }
    // Show the column only if it is used.
    let has_via = tokens.iter().any(|token| token.via.is_some());
    let row = |token: &Token| {
        let mut row = vec![
            (token.id.clone(), None),
            (token.name.clone(), None),
            (token.status.clone(), format::status_style(&token.status)),
            (format::grants_summary(token), None),
            (format::expiry(token, out), None),
            (out.format_time_or(token.last_used_at, "never"), None),
            (token.owner.clone(), None),
        ];
        if has_via {
            row.push((token.via.clone().unwrap_or_default(), None));
        }
        row
    };
    let columns = [
        ("ID", 4),
        ("NAME", 0),
        ("STATUS", 1),
        ("GRANTS", 2),
        ("EXPIRES", 3),
        ("LAST USED", 5),
        ("OWNER", 6),
        ("VIA", 7),
    ];
    let shown = if has_via { 8 } else { 7 };
    out.table(columns.get(..shown).unwrap_or(&columns), tokens.iter().map(row).collect())
}
