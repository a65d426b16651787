//! `portcullis token create`

use std::fmt::Display;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use portcullis::json;
use serde_json::{Map, Value, json};

use super::format::print_secret;
use super::grant_flags::{Access, Expiry};
use crate::{CliError, Context, Outcome, input};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What people call it
    #[arg(short, long, required_unless_present = "from_file", allow_hyphen_values = true)]
    name: Option<String>,
    /// What it is for
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
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
    #[arg(long, allow_hyphen_values = true)]
    owner: Option<String>,
    /// A file of JSON with the body of POST /tokens, or - for standard input; the other flags stand over what it says
    #[arg(long, value_name = "PATH|-")]
    from_file: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let from_file = args.from_file.as_deref().map_or_else(|| Ok(Map::new()), file)?;
    let body = with_flags(from_file, args)?;
    let ends = ["expires_in", "expires_at"].iter().any(|field| body.contains_key(*field));
    let api = context.api()?;
    let of_flags = with_flags(Map::new(), args)?;
    let name = |field: &str| {
        let head = field.split(['[', '.']).next().unwrap_or(field);
        let is_in_file = args.from_file.is_some() && !of_flags.contains_key(head);
        if is_in_file { field.to_owned() } else { args.expiry.flag_for(field) }
    };
    let response = api.post("/tokens").json(&body).send().map_err(|failure| failure.with_field_names(name))?;
    if !ends && io::stderr().is_terminal() {
        context
            .out
            .warn("this token never expires; --expires-in gives one an end, and --no-expiry says that it has none");
    }
    print_secret(&response, "The token was made", context)
}

/// The body of a create with what the flags say, in place of what it says of the same.
fn with_flags(mut body: Map<String, Value>, args: &Args) -> Result<Map<String, Value>, CliError> {
    let texts = [("name", &args.name), ("description", &args.description), ("owner", &args.owner)];
    for (field, text) in texts {
        if let Some(text) = text {
            body.insert(field.to_owned(), json!(text));
        }
    }
    if let Some(role) = &args.role {
        body.retain(|field, _| !["permissions", "grants"].contains(&field.as_str()));
        body.insert("role".to_owned(), json!(role));
    }
    args.access.put_into(&mut body)?;
    if !args.allow_ip.is_empty() {
        body.insert("allowed_ips".to_owned(), json!(args.allow_ip));
    }
    args.expiry.put_into(&mut body);
    Ok(body)
}

/// The body that a file has. Of a key that is given twice it is not known which of the two is meant.
fn file(path: &Path) -> Result<Map<String, Value>, CliError> {
    let wrong = |why: &dyn Display| CliError::usage(format!("--from-file {}: {why}", path.display()));
    let text = input::text(path, "--from-file")?;
    let (value, twice) = json::read(input::without_mark(&text).as_bytes()).map_err(|error| wrong(&error))?;
    if !twice.is_empty() {
        let each = twice.flaws().map(|(place, message)| format!("\n  {place}: {message}"));
        return Err(wrong(&format!("the same key is there more than once{}", each.collect::<String>())));
    }
    match value {
        Value::Object(body) => Ok(body),
        _ => Err(wrong(&"it must be a JSON object")),
    }
}
