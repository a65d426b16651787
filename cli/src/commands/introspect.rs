//! `portcullis introspect`: whether a token is active, and whether it may make a request. The token comes from a file,
//! standard input or the environment, never from the command line.

use std::net::IpAddr;
use std::path::PathBuf;

use portcullis::api_types::{Introspection, IntrospectionStatus, RequestDecision};
use portcullis::clock::Timestamp;
use zeroize::Zeroizing;

use crate::commands::token::{format, words};
use crate::flag_value::ip_address;
use crate::{CliError, Context, Outcome, config, credentials};

const VARIABLE: &str = "PORTCULLIS_INTROSPECT_TOKEN";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File with the token to introspect, or - for standard input [env for the token itself:
    /// PORTCULLIS_INTROSPECT_TOKEN]
    #[arg(long, value_name = "PATH|-")]
    token_file: Option<PathBuf>,
    /// Also check a request with this HTTP method, in capitals
    #[arg(long, requires = "path")]
    method: Option<String>,
    /// Path of the request, as in /apps/billing
    #[arg(long, requires = "method")]
    path: Option<String>,
    /// Source IP address of the request
    #[arg(long, value_name = "ADDRESS", value_parser = ip_address)]
    ip: Option<IpAddr>,
    /// API of the request: protected (yours) or tokens (Portcullis) [default: protected]
    #[arg(long, value_parser = ["protected", "tokens"], requires = "method")]
    api: Option<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let token = token(args, context)?;
    let ip = args.ip.map(|ip| ip.to_string());
    let mut form = vec![("token", token.as_str())];
    let optional = [("method", &args.method), ("path", &args.path), ("source_ip", &ip), ("api", &args.api)];
    form.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?))));
    let response = context.api()?.post("/introspect").form(&form).send()?;
    let IntrospectionStatus { active } = response.read()?;
    let found: Option<Introspection> = if active { Some(response.read()?) } else { None };
    let allowed = found.as_ref().and_then(|found| found.decision.as_ref()).is_none_or(|decision| decision.allowed);
    if context.out.json {
        context.out.document(&response.body)?;
    } else if !context.out.quiet {
        show(found.as_ref(), context)?;
    }
    Ok(if active && allowed { Outcome::Success } else { Outcome::Negative })
}

fn token(args: &Args, context: &Context) -> Result<Zeroizing<String>, CliError> {
    match (&args.token_file, config::variable(VARIABLE)?) {
        (Some(path), _) => credentials::read(path, "--token-file", &context.out),
        (None, Some(text)) => Ok(Zeroizing::new(text)),
        (None, None) => Err(CliError::usage("no token provided")
            .with_hint(format!("use --token-file with a path, or - for standard input, or set {VARIABLE}"))),
    }
}

fn show(found: Option<&Introspection>, context: &Context) -> Result<(), CliError> {
    let out = &context.out;
    let Some(found) = found else { return out.key_values(&[("active", "no".to_owned())]) };
    let none = RequestDecision { allowed: true, reason: None, permission: None, resource: None };
    let decision = found.decision.as_ref();
    let allowed = decision.map(|decision| if decision.allowed { "yes" } else { "no" });
    let why = decision.unwrap_or(&none);
    out.key_values(&[
        ("active", "yes".to_owned()),
        ("id", found.client_id.clone()),
        ("name", found.name.clone()),
        ("owner", found.sub.clone()),
        ("created", out.format_time(Timestamp::from_seconds(found.iat))),
        ("expires", out.format_time_or(found.exp.map(Timestamp::from_seconds), "never")),
        ("grants", format::grants(&found.grants)),
        ("allowed", allowed.unwrap_or_default().to_owned()),
        ("reason", why.reason.as_deref().map(words::deny_reason).unwrap_or_default()),
        ("missing", format::permission_on_resource(why.permission.as_deref(), why.resource.as_deref())),
    ])
}
