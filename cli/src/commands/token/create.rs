//! `portcullis token create`

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::access::{Access, Expiry};
use super::print_secret;
use crate::{Context, Failure, Outcome};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What people call it
    #[arg(short, long, required_unless_present = "from_file")]
    name: Option<String>,
    /// What it is for
    #[arg(short, long, value_name = "TEXT")]
    description: Option<String>,
    /// Give it the permissions that a role of the catalog has now
    #[arg(long, conflicts_with_all = ["permission", "grant"])]
    role: Option<String>,
    #[command(flatten)]
    access: Access,
    /// An address or a network from which it may be used; may be given several times
    #[arg(long, value_name = "CIDR")]
    allow_ip: Vec<String>,
    #[command(flatten)]
    expiry: Expiry,
    /// Whom it belongs to; for admins
    #[arg(long)]
    owner: Option<String>,
    /// A file of JSON with the body of POST /tokens; the other flags stand over what it says
    #[arg(long, value_name = "PATH")]
    from_file: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, Failure> {
    let body = body(args)?;
    let ends = ["expires_in", "expires_at"].iter().any(|field| body.contains_key(*field));
    let api = context.api()?;
    let answer = api.post("/tokens").json(&body).send()?;
    if !ends && io::stderr().is_terminal() {
        context
            .out
            .warn("this token never expires; --expires-in gives one an end, and --no-expiry says that it has none");
    }
    print_secret(&answer, "The token was made", context)
}

fn body(args: &Args) -> Result<Map<String, Value>, Failure> {
    let mut body = match &args.from_file {
        None => Map::new(),
        Some(path) => {
            let wrong =
                |error: &dyn std::fmt::Display| Failure::usage(format!("--from-file {}: {error}", path.display()));
            let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
            serde_json::from_str(&text).map_err(|error| wrong(&error))?
        }
    };
    let texts =
        [("name", &args.name), ("description", &args.description), ("role", &args.role), ("owner", &args.owner)];
    for (field, text) in texts {
        if let Some(text) = text {
            body.insert(field.to_owned(), json!(text));
        }
    }
    args.access.put_into(&mut body);
    if !args.allow_ip.is_empty() {
        body.insert("allowed_ips".to_owned(), json!(args.allow_ip));
    }
    args.expiry.put_into(&mut body);
    Ok(body)
}
