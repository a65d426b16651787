//! `portcullis token rotate`

use portcullis::api_types::Token;
use serde_json::{Map, json};
use uuid::Uuid;

use super::format::{impact_summary, print_secret};
use super::grant_flags::Expiry;
use super::lookup::{TokenArg, fetch};
use crate::{CliError, Context, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    token: TokenArg,
    /// Keep the previous secret valid for this long, as in 1h; at most 7d [default: not at all]
    #[arg(long, value_name = "TIME")]
    overlap: Option<String>,
    #[command(flatten)]
    expiry: Expiry,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let api = context.api()?;
    let id = args.token.find_id(&api)?;
    if args.overlap.is_none() && !context.yes {
        let token: Token = fetch(&api, &id)?.read()?;
        let impact = format!(
            "The current secret of this token will stop working immediately:\n  {}",
            impact_summary(&token, context)
        );
        context.confirm(&impact, "Rotate? (use --overlap to keep both secrets valid for a while)")?;
    }
    let mut body = Map::new();
    if let Some(overlap) = &args.overlap {
        body.insert("overlap".to_owned(), json!(overlap));
    }
    args.expiry.put_into(&mut body);
    // One key per run: if the request is repeated on its way, the secret changes only once.
    let key = Uuid::new_v4().to_string();
    let call = api.post(format!("/tokens/{id}/rotate")).header("idempotency-key", key);
    let response = call.json(&body).send();
    let response = response.map_err(|error| error.with_field_names(|field| args.expiry.flag_for(field)))?;
    print_secret(&response, "Rotated the token", context)
}
