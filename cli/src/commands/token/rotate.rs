//! `portcullis token rotate`

use portcullis::api_types::Token;
use portcullis::secret::TokenId;
use portcullis::text::counted;
use serde_json::{Map, json};
use uuid::Uuid;

use super::format::{impact_summary, print_secret};
use super::grant_flags::ExpiryFlags;
use super::lookup::{TokenArg, fetch};
use crate::api::Api;
use crate::{CliError, Context, Outcome};

/// `console/src/pages/token-dialogs.tsx` has the same default.
const DEFAULT_OVERLAP: &str = "1d";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    token: TokenArg,
    /// Keep the previous secret valid for this long, as in 1h; at most 7d [default: 1d, unless the token has expired]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    overlap: Option<String>,
    /// Invalidate the previous secret immediately
    #[arg(long, conflicts_with = "overlap")]
    no_overlap: bool,
    #[command(flatten, next_help_heading = "Expiry (default: unchanged)")]
    expiry: ExpiryFlags,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let api = context.api()?;
    let id = args.token.find_id(&api)?;
    let overlap = overlap(args, &api, &id)?;
    if args.no_overlap && !context.yes {
        let token: Token = fetch(&api, &id)?.read()?;
        let impact = format!(
            "The current secret of this token will stop working immediately:\n  {}",
            impact_summary(&token, context)
        );
        context.confirm(&impact, "Rotate?")?;
    }
    let mut body = Map::new();
    if let Some(overlap) = overlap {
        body.insert("overlap".to_owned(), json!(overlap));
    }
    args.expiry.put_into(&mut body);
    // One key per run: if the request is repeated on its way, the secret changes only once.
    let key = Uuid::new_v4().to_string();
    let call = api.post(format!("/tokens/{id}/rotate")).header("idempotency-key", key);
    let response = call.json(&body).send();
    let response = response.map_err(|error| {
        error
            .with_field_names(|field| args.expiry.flag_for(field))
            .with_field_errors(|field, message| args.expiry.error(field, message))
    })?;
    match overlap {
        Some(overlap) => context.out.note(&format!("The previous secret stays valid for {}.", duration_words(overlap))),
        None => context.out.note("The previous secret is no longer valid."),
    }
    print_secret(&response, "Rotated the token", context)
}

/// `1d` as `1 day`.
fn duration_words(text: &str) -> String {
    let (number, unit) = text.split_at(text.len().saturating_sub(1));
    let unit = match unit {
        "s" => "second",
        "m" => "minute",
        "h" => "hour",
        "d" => "day",
        _ => return text.to_owned(),
    };
    number.parse::<u64>().map_or_else(|_| text.to_owned(), |number| counted(number, unit))
}

/// How long the previous secret stays valid. The default is the console's.
fn overlap<'a>(args: &'a Args, api: &Api, id: &TokenId) -> Result<Option<&'a str>, CliError> {
    if args.no_overlap || args.overlap.is_some() {
        return Ok(args.overlap.as_deref());
    }
    // Only an expired token needs a new expiry, and its previous secret cannot become valid again.
    let has_expired = args.expiry.is_given() && fetch(api, id)?.read::<Token>()?.status == "expired";
    Ok((!has_expired).then_some(DEFAULT_OVERLAP))
}
