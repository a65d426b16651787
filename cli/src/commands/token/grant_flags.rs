//! The flags that say what a token may do, and until when.

use portcullis::clock::Timestamp;
use portcullis::text::parse_expires_in;
use serde_json::{Map, Value, json};

use crate::CliError;
use crate::error::flag_for_field;

/// What a token may do, in one of several ways.
#[derive(Debug, clap::Args)]
pub(crate) struct Access {
    /// A permission, as in apps:read; may be given several times
    #[arg(short, long, value_name = "PERMISSION", conflicts_with = "grant")]
    permission: Vec<String>,
    /// On what, as in apps/billing; may be given several times; everything, if it is left out
    #[arg(short, long, value_name = "RESOURCE", conflicts_with = "grant", allow_hyphen_values = true)]
    resource: Vec<String>,
    /// Permissions on resources, as in apps:write@apps/billing or apps:read,builds:read@apps/*; may be given several times
    #[arg(short, long, value_name = "PERMISSIONS@RESOURCES")]
    grant: Vec<String>,
}

impl Access {
    /// As the body of a create has it, in place of what the body says of the same.
    ///
    /// # Errors
    /// Resources for grants, which have resources of their own.
    pub(crate) fn put_into(&self, body: &mut Map<String, Value>) -> Result<(), CliError> {
        if !self.grant.is_empty() {
            body.retain(|field, _| !["role", "permissions", "resources"].contains(&field.as_str()));
            body.insert("grants".to_owned(), self.grant.iter().map(|text| grant(text)).collect());
        }
        if !self.permission.is_empty() {
            body.retain(|field, _| !["role", "grants"].contains(&field.as_str()));
            body.insert("permissions".to_owned(), json!(self.permission));
        }
        if !self.resource.is_empty() {
            if body.get("grants").is_some_and(|grants| !grants.is_null()) {
                let why = "--resource says on what, and the grants of the file have resources of their own";
                return Err(CliError::usage(why).with_hint("give --permission, --role or --grant in place of those"));
            }
            body.insert("resources".to_owned(), json!(self.resource));
        }
        Ok(())
    }

    /// The field of a change under the name that the flags know: `--permission` and `--resource` are one grant there.
    pub(crate) fn field<'a>(&self, field: &'a str) -> &'a str {
        match field.strip_prefix("grants") {
            Some(place) if !self.permission.is_empty() => place.strip_prefix("[0].").unwrap_or("permissions"),
            _ => field,
        }
    }

    /// As a change has it, which knows grants alone; `None` if nothing was said.
    ///
    /// # Errors
    /// Resources without permissions.
    pub(crate) fn grants(&self) -> Result<Option<Value>, CliError> {
        if !self.grant.is_empty() {
            return Ok(Some(self.grant.iter().map(|text| grant(text)).collect()));
        }
        match (self.permission.as_slice(), self.resource.as_slice()) {
            ([], []) => Ok(None),
            ([], _) => Err(CliError::usage("--resource says on what, so it needs --permission")),
            (permissions, []) => Ok(Some(json!([{ "permissions": permissions }]))),
            (permissions, resources) => Ok(Some(json!([{ "permissions": permissions, "resources": resources }]))),
        }
    }
}

/// `apps:read,builds:read@apps/*`; what is wrong with it, the service says.
fn grant(text: &str) -> Value {
    let words = |list: &str| list.split(',').map(str::to_owned).collect::<Vec<_>>();
    match text.split_once('@') {
        Some((permissions, resources)) => {
            json!({ "permissions": words(permissions), "resources": words(resources) })
        }
        None => json!({ "permissions": words(text) }),
    }
}

/// When a token ends.
#[derive(Debug, clap::Args)]
pub(crate) struct Expiry {
    /// For how long it lives from now on: a whole number and s, m, h or d, as in 30d
    #[arg(short, long, value_name = "TIME", group = "expiry")]
    expires_in: Option<String>,
    /// When it ends, as in 2027-01-15T08:00:00Z
    #[arg(long, value_name = "WHEN", group = "expiry")]
    expires_at: Option<String>,
    /// Let it never expire
    #[arg(long, group = "expiry")]
    no_expiry: bool,
}

impl Expiry {
    /// Whether something was said.
    pub(crate) fn is_given(&self) -> bool {
        self.no_expiry || self.expires_in.is_some() || self.expires_at.is_some()
    }

    /// The flag for a field, which for the expiry is the one that was given.
    pub(crate) fn flag_for(&self, field: &str) -> String {
        match field {
            "expires_in" | "expires_at" if self.no_expiry => "--no-expiry".to_owned(),
            "expires_in" | "expires_at" if self.expires_in.is_some() => flag_for_field("expires_in"),
            "expires_in" | "expires_at" if self.expires_at.is_some() => flag_for_field("expires_at"),
            _ => flag_for_field(field),
        }
    }

    /// As the body of a create or a rotation has it.
    pub(crate) fn put_into(&self, body: &mut Map<String, Value>) {
        if self.is_given() {
            body.remove("expires_in");
            body.remove("expires_at");
        }
        match (&self.expires_in, &self.expires_at, self.no_expiry) {
            (Some(time), ..) => drop(body.insert("expires_in".to_owned(), json!(time))),
            (None, Some(when), _) => drop(body.insert("expires_at".to_owned(), json!(when))),
            (None, None, true) => drop(body.insert("expires_at".to_owned(), Value::Null)),
            (None, None, false) => {}
        }
    }

    /// As a change has it, which knows no relative times. One that cannot be read stays as it is: the service refuses
    /// it in any form, beside all else that is wrong.
    pub(crate) fn put_absolute_into(&self, body: &mut Map<String, Value>, now: Timestamp) {
        match self.expires_in.as_deref().map(|time| parse_expires_in(time, now)) {
            Some(Ok(at)) => drop(body.insert("expires_at".to_owned(), json!(at))),
            Some(Err(_)) | None => self.put_into(body),
        }
    }

    /// A refused change, with what is wrong with `--expires-in`.
    pub(crate) fn explain(&self, refused: CliError, now: Timestamp) -> CliError {
        match self.expires_in.as_deref().map(|time| parse_expires_in(time, now)) {
            Some(Err(invalid)) => refused.with_message("expires_in", &invalid.to_string()),
            Some(Ok(_)) | None => refused,
        }
    }
}
