//! `portcullis token explain`: may this token make that request, and what decides it?

use std::net::IpAddr;

use portcullis::api_types::Explanation;
use portcullis::secret::TokenId;
use serde::Serialize;

use super::format;
use super::lookup::id;
use crate::{CliError, Context, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The token's id
    #[arg(value_parser = id)]
    id: TokenId,
    /// The request's method, as in GET; $connect opens a WebSocket
    method: String,
    /// The request's path, as in /apps/billing, without host and stage
    path: String,
    /// From this address
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<IpAddr>,
    /// Of which API: protected (one of yours) or tokens (this one)
    #[arg(long, value_parser = ["protected", "tokens"])]
    api: Option<String>,
}

#[derive(Serialize)]
struct Question<'a> {
    token_id: &'a str,
    method: String,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api: Option<&'a str>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let out = &context.out;
    let method = if args.method.starts_with('$') { args.method.clone() } else { args.method.to_ascii_uppercase() };
    let (token_id, path, api) = (args.id.as_str(), args.path.as_str(), args.api.as_deref());
    let question = Question { token_id, method, path, source_ip: args.ip, api };
    let response = context.api()?.post("/explain").json(&question).send()?;
    let found: Explanation = response.read()?;
    if out.json {
        out.document(&response.body)?;
    } else if !out.quiet {
        let rule = found.rule.as_ref().map(|rule| match &rule.route {
            Some(route) => format!("{} ({route})", rule.source),
            None => rule.source.clone(),
        });
        out.key_values(&[
            ("decision", found.decision.clone()),
            ("status", found.status.map(|status| status.to_string()).unwrap_or_default()),
            ("reason", found.reason.clone().unwrap_or_default()),
            ("needs", format::permission_on_resource(found.permission.as_deref(), found.resource.as_deref())),
            ("says", rule.unwrap_or_default()),
            ("roles that give it", found.roles.clone().unwrap_or_default().join(", ")),
        ])?;
    }
    // Whatever a later version may answer besides, it is no yes.
    Ok(if found.decision == "allow" { Outcome::Done } else { Outcome::No })
}
