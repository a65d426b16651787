//! `portcullis token list`

use portcullis::api_types::Token;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::format;
use crate::api::{Api, Cursors};
use crate::output::clean;
use crate::{Context, Failure, Outcome};

/// The most that the service puts on a page.
const MOST_PER_PAGE: usize = 100;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only these
    #[arg(long, value_parser = ["active", "expired", "revoked", "disabled"])]
    status: Option<String>,
    /// Only those of this owner; of others than yourself for admins
    #[arg(long)]
    owner: Option<String>,
    /// Only those that nobody has used for so many days
    #[arg(long, value_name = "DAYS")]
    idle_days: Option<u32>,
    /// How many at most
    #[arg(long, value_name = "N", default_value = "50", value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// All that there are
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, Failure> {
    let out = &context.out;
    let limit = if args.all { usize::MAX } else { usize::try_from(args.limit).unwrap_or(usize::MAX) };
    let (tokens, more) = tokens(args, limit, &context.api()?, context)?;
    if out.json {
        let tokens = tokens.iter().map(|token| token.get()).collect::<Vec<_>>().join(",");
        out.document(&format!("{{\"tokens\":[{tokens}]}}"))?;
    } else {
        let read: Result<Vec<Token>, _> = tokens.iter().map(|token| serde_json::from_str(token.get())).collect();
        let read =
            read.map_err(|_| Failure::Unreachable("the list is not what this version understands".to_owned()))?;
        print(&read, context)?;
    }
    if more {
        out.note("There are more: --all lists them, --limit some of them.");
    }
    Ok(Outcome::Done)
}

/// A page, of which each token is kept as it came.
#[derive(Deserialize)]
struct Page {
    tokens: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

/// Follows the pages; also says whether there are more tokens than were asked for.
fn tokens(args: &Args, limit: usize, api: &Api, context: &Context) -> Result<(Vec<Box<RawValue>>, bool), Failure> {
    // One page is there before anybody would read that it is on its way.
    let mut progress = None;
    let (mut tokens, mut cursor) = (Vec::new(), None::<String>);
    let mut cursors = Cursors::default();
    loop {
        let size = MOST_PER_PAGE.min(limit - tokens.len());
        let call = api.get("/tokens").query("limit", Some(size)).query("cursor", cursor.as_ref());
        let call = call.query("status", args.status.as_ref()).query("owner", args.owner.as_ref());
        let page: Page = call.query("idle_days", args.idle_days).send()?.read()?;
        tokens.extend(page.tokens);
        cursor = cursors.follow(page.next_cursor)?;
        if cursor.is_none() || tokens.len() >= limit {
            return Ok((tokens, cursor.is_some()));
        }
        let progress = progress.get_or_insert_with(|| context.out.progress("Listing tokens"));
        progress.set_message(format!("Listing tokens: {}", tokens.len()));
    }
}

fn print(tokens: &[Token], context: &Context) -> Result<(), Failure> {
    let out = &context.out;
    if out.quiet {
        return tokens.iter().try_for_each(|token| out.line(&clean(&token.id)));
    }
    if tokens.is_empty() {
        out.note("There are none.");
        return Ok(());
    }
    // Most deployments exchange no identities, and have no use for the column.
    let exchanged = tokens.iter().any(|token| token.via.is_some());
    let row = |token: &Token| {
        let mut row = vec![
            (token.id.clone(), None),
            (token.name.clone(), None),
            (token.owner.clone(), None),
            (token.status.clone(), format::mood(&token.status)),
            (out.when_or(token.expires_at, "never"), None),
            (out.when_or(token.last_used_at, "never"), None),
        ];
        if exchanged {
            row.push((token.via.clone().unwrap_or_default(), None));
        }
        row
    };
    let columns = ["ID", "NAME", "OWNER", "STATUS", "EXPIRES", "LAST USED", "VIA"];
    let shown = if exchanged { 7 } else { 6 };
    out.table(columns.get(..shown).unwrap_or(&columns), tokens.iter().map(row).collect())
}
