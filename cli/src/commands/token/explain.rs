//! `portcullis token explain`: whether a token may make a request, and which rule decides.

use std::net::IpAddr;

use portcullis::api_types::Explanation;
use serde::Serialize;

use super::format;
use super::lookup::TokenArg;
use super::words;
use crate::flag_value::ip_address;
use crate::{CliError, Context, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    token: TokenArg,
    /// HTTP method of the request, as in GET; $connect opens a WebSocket
    method: String,
    /// Path of the request without host and stage, as in /apps/billing
    path: String,
    /// Source IP address of the request
    #[arg(long, value_name = "ADDRESS", value_parser = ip_address)]
    ip: Option<IpAddr>,
    /// API of the request: protected (yours) or tokens (Portcullis) [default: protected]
    #[arg(long, value_parser = ["protected", "tokens"])]
    api: Option<String>,
}

#[derive(Serialize)]
struct ExplainRequest<'a> {
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
    let api = context.api()?;
    let id = args.token.find_id(&api)?;
    let (path, query) = args.path.split_at(args.path.find('?').unwrap_or(args.path.len()));
    if !query.is_empty() {
        // It may hold a credential, so it is not shown.
        out.note("The query string is ignored");
    }
    let token_id = id.as_str();
    let request = ExplainRequest { token_id, method, path, source_ip: args.ip, api: args.api.as_deref() };
    let response = api.post("/explain").json(&request).send()?;
    let explanation: Explanation = response.read()?;
    if out.json {
        out.document(&response.body)?;
    } else if !out.quiet {
        let reason = explanation.reason.as_deref().map(|code| match (code, args.ip) {
            ("ip_not_allowed", None) => {
                format!("the token is allowed only from some IP addresses; give one with --ip ({code})")
            }
            ("malformed_path", _) => words::ambiguous_path(path),
            _ => words::deny_reason(code),
        });
        // The token has the permission already, if it lacks an approval.
        let roles = explanation.roles.clone().filter(|_| explanation.reason.as_deref() != Some("approval_required"));
        let roles = roles.unwrap_or_default();
        out.key_values(&[
            ("decision", explanation.decision.clone()),
            ("status", explanation.status.map(|status| status.to_string()).unwrap_or_default()),
            ("reason", reason.unwrap_or_default()),
            (
                "requires",
                format::permission_on_resource(explanation.permission.as_deref(), explanation.resource.as_deref()),
            ),
            ("approval", explanation.approval_id.clone().unwrap_or_default()),
            ("rule", explanation.rule.as_ref().map(words::rule).unwrap_or_default()),
            ("roles granting it", roles.join(", ")),
        ])?;
        if let (Some("approval_required"), Some(permission), Some(resource)) =
            (explanation.reason.as_deref(), &explanation.permission, &explanation.resource)
        {
            out.note(&format!(
                "Request an approval with this token: portcullis approval request --permission {permission} --resource \
                 {} --reason …",
                shlex::try_quote(resource).unwrap_or_default()
            ));
        }
    }
    // Unknown decisions of a later version count as denied.
    Ok(if explanation.decision == "allow" { Outcome::Success } else { Outcome::Negative })
}
