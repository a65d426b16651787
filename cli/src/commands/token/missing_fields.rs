//! Asks for what `portcullis token create` needs and no flag gives.

use std::fmt::Display;
use std::str::FromStr;

use portcullis::api_types::{Deployment, Me, Problem, Token};
use portcullis::catalog::{Catalog, RoleName};
use portcullis::clock::{DAY_SECONDS, Timestamp};
use portcullis::grants::{Permission, Resource};
use portcullis::text::{TokenName, counted, parse_expires_in};
use portcullis::validation::ValidationError;
use serde_json::{Map, Value, json};

use super::grant_flags::ExpiryFlags;
use super::lookup::all_tokens;
use crate::api::Api;
use crate::error::ApiError;
use crate::prompt::Questions;
use crate::{CliError, Context};

/// Adds the missing fields to the body of a create request: the name, the grants and, if anything has to be asked, the
/// expiry. Returns the client that it has used, if anything was asked.
///
/// # Errors
/// When a field is missing and the user cannot be asked, or gives up.
pub(super) fn ask_for(
    body: &mut Map<String, Value>,
    expiry: &ExpiryFlags,
    context: &Context,
) -> Result<Option<Api>, CliError> {
    let has = |field: &str| body.contains_key(field);
    let has_grants = has("grants");
    let (name, access) = (!has("name"), !(has_grants || has("permissions") || has("role")));
    let resources = !(has_grants || has("resources"));
    if !(name || access || resources) {
        return Ok(None);
    }
    let asks = !context.yes && !context.out.json;
    let Some(questions) = asks.then(Questions::start).transpose()?.flatten() else {
        return Err(missing(name, access, resources));
    };
    expiry.check(context.out.now())?;
    let api = context.api()?;
    let me: Me = api.get("/me").send()?.read()?;
    let owner = body.get("owner").and_then(Value::as_str);
    ensure_may_create(&me, owner.is_none_or(|owner| owner == me.owner), &api)?;
    if name {
        body.insert("name".to_owned(), questions.ask("Name", |text| checked::<TokenName>(text).map(Value::from))?);
    }
    if access {
        let catalog = catalog(&api);
        let (field, value) = questions.ask("Permissions (such as apps:read,builds:read) or a role", |text| {
            access_field(text, catalog.as_ref())
        })?;
        body.insert(field.to_owned(), value);
    }
    if resources {
        let list = |text: &str| match text {
            "" => Err("enter at least one resource, or * for all".to_owned()),
            text => list_of(text, "resources", checked::<Resource>),
        };
        body.insert(
            "resources".to_owned(),
            questions.ask("Resources (such as apps/billing,apps/shop, or * for all)", list)?,
        );
    }
    if !expiry.is_given() {
        let now = context.out.now();
        let question = expiry_question(&me.deployment);
        body.extend(questions.ask(&question, |text| expiry_field(text, &me.deployment, now))?);
    }
    Ok(Some(api))
}

/// Refuses what the service would refuse whatever the answers are.
fn ensure_may_create(me: &Me, for_oneself: bool, api: &Api) -> Result<(), CliError> {
    let refused = |status: u16, kind: &str, detail: String| {
        let r#type = format!("urn:portcullis:problem:{kind}");
        let problem = Problem { r#type, status, detail: Some(detail), ..Problem::default() };
        Err(CliError::Refused(ApiError::new(status, problem, String::new(), None, "/tokens")))
    };
    if me.deployment.token_management == "admins" && !is_admin(me) {
        return refused(403, "forbidden", "Only administrators can manage tokens. Ask one for help.".to_owned());
    }
    let Some(limit) = me.deployment.max_tokens_per_owner.filter(|_| for_oneself) else { return Ok(()) };
    // Without access to the list, the service decides.
    let tokens = all_tokens(api, Some(&me.owner)).unwrap_or_default();
    let counts = |token: &&Token| {
        ["active", "disabled"].contains(&token.status.as_str())
            && token.via.is_none()
            && token.created_by != "bootstrap"
    };
    if tokens.iter().filter(counts).count() < usize::try_from(limit).unwrap_or(usize::MAX) {
        return Ok(());
    }
    let limit = counted(limit, "token");
    refused(409, "token_limit_reached", format!("You've reached the limit of {limit}. Revoke one you no longer need."))
}

/// Whether the caller has `tokens:admin` on all tokens.
fn is_admin(me: &Me) -> bool {
    let parsed = |text: &str| text.parse::<Permission>().ok();
    let Some(admin) = parsed("tokens:admin") else { return false };
    me.grants.iter().any(|grant| grant.permissions.iter().any(|held| parsed(held).is_some_and(|p| p.covers(&admin))))
}

/// The catalog, if the user may read it.
fn catalog(api: &Api) -> Option<Catalog> {
    Catalog::from_stored(&api.get("/catalog").send().ok()?.body)
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

/// A permission has a colon or is `*`; anything else is a role. With a catalog, unknown ones are refused.
fn access_field(text: &str, catalog: Option<&Catalog>) -> Result<(&'static str, Value), String> {
    if text.contains([':', '*', ',']) {
        return Ok(("permissions", list_of(text, "permissions", |item| permission(item, catalog))?));
    }
    if text.is_empty() {
        return Err("enter at least one permission, or a role".to_owned());
    }
    match catalog {
        Some(catalog) if !catalog.role_names().any(|role| role.as_str() == text) => {
            let roles = catalog.role_names().map(RoleName::as_str).collect::<Vec<_>>().join(", ");
            let known =
                if roles.is_empty() { "there are no roles".to_owned() } else { format!("the roles are {roles}") };
            Err(format!("unknown role \"{text}\"; {known}"))
        }
        _ => Ok(("role", json!(text))),
    }
}

fn permission<'a>(text: &'a str, catalog: Option<&Catalog>) -> Result<&'a str, String> {
    let permission: Permission = text.parse().map_err(|error: ValidationError| error.to_string())?;
    match catalog {
        Some(catalog) if !catalog.is_grantable(&permission) => {
            Err(format!("unknown permission \"{text}\"; list them with portcullis catalog show"))
        }
        _ => Ok(text),
    }
}

/// `Expires in (such as 90d, or never) [default: 30d]`
fn expiry_question(deployment: &Deployment) -> String {
    let limit = deployment.max_token_lifetime_days.map_or("or never".to_owned(), |days| format!("at most {days}d"));
    format!("Expires in (such as 90d, {limit}) [default: {}d]", deployment.default_token_lifetime_days)
}

fn expiry_field(text: &str, deployment: &Deployment, now: Timestamp) -> Result<Option<(String, Value)>, String> {
    let (field, at) = match text {
        "" => return Ok(None),
        "never" => (("expires_at".to_owned(), Value::Null), None),
        time => {
            let at = parse_expires_in(time, now).map_err(|error| error.to_string())?;
            (("expires_in".to_owned(), json!(time)), Some(at))
        }
    };
    match deployment.max_token_lifetime_days {
        Some(days) if at.is_none() => {
            Err(format!("tokens of this deployment must expire within {}", counted(days, "day")))
        }
        Some(days) if at.is_some_and(|at| at > now.plus_seconds(i64::from(days) * DAY_SECONDS)) => {
            Err(format!("must be at most {days}d, the maximum lifetime of this deployment"))
        }
        _ => Ok(Some(field)),
    }
}

/// Splits at commas. White space within an item is more likely a missing comma than a part of the item.
fn list_of<'a>(text: &'a str, what: &str, check: impl Fn(&'a str) -> Result<&'a str, String>) -> Result<Value, String> {
    let read = |item: &'a str| match item.trim() {
        item if item.contains(char::is_whitespace) => Err(format!("separate {what} with commas")),
        item => check(item).map(Value::from),
    };
    text.split(',').map(read).collect()
}

/// The text, if the service would accept it.
fn checked<T: FromStr<Err: Display>>(text: &str) -> Result<&str, String> {
    text.parse::<T>().map(|_| text).map_err(|error| error.to_string())
}
