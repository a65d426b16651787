//! `portcullis token update`

use portcullis::clock::Timestamp;
use portcullis::secret::TokenId;
use serde_json::{Map, Value, json};

use super::format;
use super::grant_flags::{Access, Expiry};
use super::lookup::{id, version};
use crate::{CliError, Context, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The token's id
    #[arg(value_parser = id)]
    id: TokenId,
    /// What people are to call it
    #[arg(short, long, allow_hyphen_values = true)]
    name: Option<String>,
    /// What it is for
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    description: Option<String>,
    /// Remove the description
    #[arg(long, conflicts_with = "description")]
    clear_description: bool,
    #[command(flatten)]
    access: Access,
    /// An address or a network from which it may be used, in place of those before; may be given several times
    #[arg(long, value_name = "CIDR")]
    allow_ip: Vec<String>,
    /// Let it be used from anywhere
    #[arg(long, conflicts_with = "allow_ip")]
    any_ip: bool,
    #[command(flatten)]
    expiry: Expiry,
    /// Only if it still is this version, as its ETag names it, or * for any; without this, the one of this moment
    #[arg(long, value_name = "ETAG")]
    if_match: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let now = context.clock.now();
    let patch = patch(args, now)?;
    if patch.is_empty() {
        return Err(
            CliError::usage("nothing is to be changed").with_hint("portcullis token update --help lists what can be")
        );
    }
    let api = context.api()?;
    let tag = version(&api, &args.id, args.if_match.as_deref())?;
    let call = api.request(ureq::http::Method::PATCH, format!("/tokens/{}", args.id));
    let response = call.header("if-match", tag).json(&patch).send();
    let name = |field: &str| args.expiry.flag_for(args.access.field(field));
    let explain = |failure| args.expiry.explain(failure, now).with_field_names(name);
    format::show(&response.map_err(explain)?, context)
}

fn patch(args: &Args, now: Timestamp) -> Result<Map<String, Value>, CliError> {
    let mut patch = Map::new();
    let mut put = |field: &str, value: Value| drop(patch.insert(field.to_owned(), value));
    if let Some(name) = &args.name {
        put("name", json!(name));
    }
    match &args.description {
        Some(description) => put("description", json!(description)),
        None if args.clear_description => put("description", Value::Null),
        None => {}
    }
    if let Some(grants) = args.access.grants()? {
        put("grants", grants);
    }
    if args.any_ip {
        put("allowed_ips", Value::Null);
    } else if !args.allow_ip.is_empty() {
        put("allowed_ips", json!(args.allow_ip));
    }
    args.expiry.put_absolute_into(&mut patch, now);
    Ok(patch)
}
