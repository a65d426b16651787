//! `portcullis token create`

use std::path::{Path, PathBuf};

use clap_complete::ArgValueCompleter;
use portcullis::api_types::TokenWithSecret;
use portcullis::json;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::format::print_secret;
use super::grant_flags::{ExpiryFlags, GrantFlags};
use super::missing_fields;
use crate::position::Position;
use crate::{CliError, Context, Outcome, completion, input, json_error};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the token
    #[arg(short, long, allow_hyphen_values = true)]
    name: Option<String>,
    /// Description of the token
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    description: Option<String>,
    /// Grant the permissions that this role of the catalog has now
    #[arg(long, conflicts_with_all = ["permission", "grant"], add = ArgValueCompleter::new(completion::roles))]
    role: Option<String>,
    #[command(flatten)]
    access: GrantFlags,
    /// IP address or network that may use the token; repeatable [default: any]
    #[arg(long, value_name = "CIDR")]
    allow_ip: Vec<String>,
    /// Owner of the token; admins only [default: you]
    #[arg(long, allow_hyphen_values = true)]
    owner: Option<String>,
    /// JSON file with the body of POST /tokens, or - for standard input; flags override the file
    #[arg(long, value_name = "PATH|-")]
    from_file: Option<PathBuf>,
    /// Repeat a create whose response was lost, with the key from its error message [default: a new key]
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    // Last: its heading applies to the flags after it, too.
    #[command(
        flatten,
        next_help_heading = "Expiry (default: DefaultTokenLifetime of the deployment, 30 days unless changed)"
    )]
    expiry: ExpiryFlags,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Outcome, CliError> {
    let from_file = args.from_file.as_deref().map_or_else(|| Ok(Map::new()), read_body)?;
    let mut body = with_flags(from_file, args)?;
    // The service names what is missing in a file.
    let asked = match args.from_file {
        None => missing_fields::ask_for(&mut body, &args.expiry, context)?,
        Some(_) => None,
    };
    let api = asked.map_or_else(|| context.api(), Ok)?;
    let flags = with_flags(Map::new(), args)?;
    let name = |field: &str| {
        let head = field.split(['[', '.']).next().unwrap_or(field);
        let is_in_file = args.from_file.is_some() && !flags.contains_key(head);
        if is_in_file { field.to_owned() } else { args.expiry.flag_for(field) }
    };
    let key = args.idempotency_key.clone().unwrap_or_else(|| Uuid::new_v4().to_string());
    let call = api.post("/tokens").header("idempotency-key", key.as_str());
    let is_own = !body.contains_key("owner");
    let sent = call.json(&body).send().and_then(|response| {
        // With --json, a document of a later version is printed unchanged.
        if context.out.json {
            response.read::<Map<String, Value>>()?;
        } else {
            response.read::<TokenWithSecret<'_>>()?;
        }
        Ok(response)
    });
    let response = sent.map_err(|error| match error {
        CliError::Unreachable(message) => CliError::LostResponse { message, key },
        error => error
            .addressed_to_owner(is_own)
            .with_field_names(name)
            .with_field_errors(|field, message| args.access.error(field).or_else(|| args.expiry.error(field, message))),
    })?;
    print_secret(&response, "Created the token", context)
}

/// The request body, with the fields of `body` replaced by the flags.
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

/// Reads the request body from a file. Duplicate keys are an error, because the intended value is unknown.
fn read_body(path: &Path) -> Result<Map<String, Value>, CliError> {
    let invalid = |why: &str| CliError::usage(format!("{}: {why}", input::name(path, "--from-file")));
    let text = input::text(path, "--from-file")?;
    let text = input::without_bom(&text);
    let (value, duplicates) = json::read(text.as_bytes()).map_err(|error| {
        let (Position { line, column }, why) = json_error::explain(&error, text);
        invalid(&format!("line {line}, column {column}: {why}"))
    })?;
    if !duplicates.is_empty() {
        let each = duplicates.issues().map(|(place, message)| format!("\n  {place}: {message}"));
        return Err(invalid(&format!("duplicate keys{}", each.collect::<String>())));
    }
    match value {
        Value::Object(body) => Ok(body),
        _ => Err(invalid("it must be a JSON object")),
    }
}
