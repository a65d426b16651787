//! Asks for what `portcullis token create` needs and no flag gives.

use std::fmt::Display;
use std::str::FromStr;

use portcullis::clock::Timestamp;
use portcullis::grants::{Permission, Resource};
use portcullis::text::{TokenName, parse_expires_in};
use serde_json::{Map, Value, json};

use crate::prompt::Questions;
use crate::{CliError, Context};

/// Adds the missing fields to the body of a create request: the name, the grants and, if anything has to be asked, the
/// expiry.
///
/// # Errors
/// When a field is missing and the user cannot be asked, or gives up.
pub(super) fn ask_for(body: &mut Map<String, Value>, has_expiry: bool, context: &Context) -> Result<(), CliError> {
    let has = |field: &str| body.contains_key(field);
    let has_grants = has("grants");
    let (name, access) = (!has("name"), !(has_grants || has("permissions") || has("role")));
    let resources = !(has_grants || has("resources"));
    if !(name || access || resources) {
        return Ok(());
    }
    let asks = !context.yes && !context.out.json;
    let Some(questions) = asks.then(Questions::start).transpose()?.flatten() else {
        return Err(missing(name, access, resources));
    };
    if name {
        body.insert("name".to_owned(), questions.ask("Name", |text| checked::<TokenName>(text).map(Value::from))?);
    }
    if access {
        let (field, value) = questions.ask("Permissions, as in apps:read,builds:read, or a role", access_field)?;
        body.insert(field.to_owned(), value);
    }
    if resources {
        let list = |text: &str| list_of::<Resource>(text);
        body.insert(
            "resources".to_owned(),
            questions.ask("Resources, as in apps/billing,apps/shop, or * for all", list)?,
        );
    }
    if !has_expiry {
        let now = context.out.now();
        let question = "Expires in, as in 90d, or never [default: chosen by the service]";
        body.extend(questions.ask(question, |text| expiry_field(text, now))?);
    }
    Ok(())
}

/// The error that names the missing flags.
fn missing(name: bool, access: bool, resources: bool) -> CliError {
    let flags = [
        (name, "--name"),
        (access, "one of --permission, --role and --grant"),
        (resources, "--resource (use --resource '*' for all resources)"),
    ];
    let flags: Vec<_> = flags.into_iter().filter(|(is_missing, _)| *is_missing).map(|(_, flag)| flag).collect();
    CliError::usage(format!("missing flags: {}", flags.join("; ")))
        .with_hint("see portcullis token create --help; on a terminal, the command asks for them")
}

/// A permission has a colon or is `*`; anything else is a role.
fn access_field(text: &str) -> Result<(&'static str, Value), String> {
    if text.contains([':', '*', ',']) {
        return Ok(("permissions", list_of::<Permission>(text)?));
    }
    if text.is_empty() { Err("must not be empty".to_owned()) } else { Ok(("role", json!(text))) }
}

fn expiry_field(text: &str, now: Timestamp) -> Result<Option<(String, Value)>, String> {
    match text {
        "" => Ok(None),
        "never" => Ok(Some(("expires_at".to_owned(), Value::Null))),
        time => {
            parse_expires_in(time, now).map_err(|error| error.to_string())?;
            Ok(Some(("expires_in".to_owned(), json!(time))))
        }
    }
}

fn list_of<T: FromStr<Err: Display>>(text: &str) -> Result<Value, String> {
    text.split(',').map(|item| checked::<T>(item.trim()).map(Value::from)).collect()
}

/// The text, if the service would accept it.
fn checked<T: FromStr<Err: Display>>(text: &str) -> Result<&str, String> {
    text.parse::<T>().map(|_| text).map_err(|error| error.to_string())
}
