//! `portcullis token update`

use portcullis::clock::Timestamp;
use serde_json::{Map, Value, json};

use super::format;
use super::grant_flags::{ExpiryFlags, GrantFlags};
use super::lookup::{TokenArg, version};
use crate::{CliError, Context, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    token: TokenArg,
    /// New name
    #[arg(short, long, allow_hyphen_values = true)]
    name: Option<String>,
    /// New description
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    description: Option<String>,
    /// Remove the description
    #[arg(long, conflicts_with = "description")]
    clear_description: bool,
    #[command(flatten)]
    access: GrantFlags,
    /// IP address or network that may use the token, replacing the current ones; repeatable
    #[arg(long, value_name = "CIDR")]
    allow_ip: Vec<String>,
    /// Allow any IP address
    #[arg(long, conflicts_with = "allow_ip")]
    any_ip: bool,
    #[command(flatten)]
    expiry: ExpiryFlags,
    /// Update only if this is the current version of the token (its ETag), or * for any [default: the version that the command reads]
    #[arg(long, value_name = "ETAG")]
    if_match: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let now = context.clock.now();
    let patch = patch(args, now)?;
    if patch.is_empty() {
        return Err(
            CliError::usage("nothing to update").with_hint("see portcullis token update --help for the options")
        );
    }
    let api = context.api()?;
    let id = args.token.find_id(&api)?;
    let tag = version(&api, &id, args.if_match.as_deref())?;
    let call = api.request(ureq::http::Method::PATCH, format!("/tokens/{id}"));
    let response = call.header("if-match", tag).json(&patch).send();
    let name = |field: &str| args.expiry.flag_for(args.access.field(field));
    let shown = |field: &str, message: &str| args.access.error(field).or_else(|| args.expiry.error(field, message));
    let explain = |error| args.expiry.explain(error, now).with_field_names(name).with_field_errors(shown);
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
