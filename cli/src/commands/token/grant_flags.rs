//! Flags for the grants and the expiry of a token.

use clap_complete::ArgValueCompleter;
use portcullis::clock::Timestamp;
use portcullis::text::parse_expires_in;
use serde_json::{Map, Value, json};

use crate::error::flag_for_field;
use crate::{CliError, completion};

/// Flags for grants.
#[derive(Debug, clap::Args)]
pub(crate) struct GrantFlags {
    /// Permission to grant, as in apps:read; repeatable
    #[arg(short, long, value_name = "PERMISSION", conflicts_with = "grant", add = ArgValueCompleter::new(completion::permissions))]
    permission: Vec<String>,
    /// Resource that the permissions apply to, as in apps/billing, or * for all; repeatable
    #[arg(short, long, value_name = "RESOURCE", conflicts_with = "grant", allow_hyphen_values = true)]
    resource: Vec<String>,
    /// Permissions on resources, as in apps:write@apps/billing or apps:read,builds:read@apps/*; repeatable
    #[arg(short, long, value_name = "PERMISSIONS@RESOURCES", add = ArgValueCompleter::new(completion::grants))]
    grant: Vec<String>,
}

impl GrantFlags {
    /// Sets the fields in the body of a create request.
    ///
    /// # Errors
    /// When `--resource` is combined with grants of the file, which have their own resources.
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
                let why = "--resource cannot be combined with grants of the file, which have their own resources";
                return Err(CliError::usage(why).with_hint("use --permission, --role or --grant to replace them"));
            }
            body.insert("resources".to_owned(), json!(self.resource));
        }
        Ok(())
    }

    /// Maps an error field of an update to the field of the flags: `--permission` and `--resource` are sent as one
    /// grant.
    pub(crate) fn field<'a>(&self, field: &'a str) -> &'a str {
        match field.strip_prefix("grants") {
            Some(place) if !self.permission.is_empty() => place.strip_prefix("[0].").unwrap_or("permissions"),
            _ => field,
        }
    }

    /// The error of a `--grant` without resources.
    pub(crate) fn error(&self, field: &str) -> Option<(String, String)> {
        let index = field.strip_prefix("grants[")?.strip_suffix("].resources")?;
        self.grant.get(index.parse::<usize>().ok()?).filter(|text| !text.contains('@'))?;
        let message = "has no resources; add them after an @, as in apps:read@apps/billing, or @* for all resources";
        Some((flag_for_field(&format!("grants[{index}]")), message.to_owned()))
    }

    /// The grants for an update. `None` if no flag was given.
    ///
    /// # Errors
    /// When there are resources without permissions.
    pub(crate) fn grants(&self) -> Result<Option<Value>, CliError> {
        if !self.grant.is_empty() {
            return Ok(Some(self.grant.iter().map(|text| grant(text)).collect()));
        }
        match (self.permission.as_slice(), self.resource.as_slice()) {
            ([], []) => Ok(None),
            ([], _) => Err(CliError::usage("--resource requires --permission")),
            (_, []) => Err(CliError::usage("--permission requires --resource; use --resource '*' for all resources")),
            (permissions, resources) => Ok(Some(json!([{ "permissions": permissions, "resources": resources }]))),
        }
    }
}

/// Parses a grant such as `apps:read,builds:read@apps/*`. The service validates it.
fn grant(text: &str) -> Value {
    let words = |list: &str| list.split(',').map(str::to_owned).collect::<Vec<_>>();
    match text.split_once('@') {
        Some((permissions, resources)) => {
            json!({ "permissions": words(permissions), "resources": words(resources) })
        }
        None => json!({ "permissions": words(text) }),
    }
}

/// Flags for the expiry.
#[derive(Debug, clap::Args)]
pub(crate) struct ExpiryFlags {
    /// Lifetime from now: a whole number and s, m, h or d, as in 30d
    #[arg(short, long, value_name = "TIME", group = "expiry", allow_hyphen_values = true)]
    expires_in: Option<String>,
    /// Expiry time, as in 2027-01-15T08:00:00Z
    #[arg(long, value_name = "WHEN", group = "expiry")]
    expires_at: Option<String>,
    /// Never expire
    #[arg(long, group = "expiry")]
    no_expiry: bool,
}

impl ExpiryFlags {
    /// Checks the times.
    ///
    /// # Errors
    /// When one is invalid.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), CliError> {
        if let Some(Err(invalid)) = self.expires_in.as_deref().map(|time| parse_expires_in(time, now)) {
            return Err(CliError::usage(format!("--expires-in: {invalid}")));
        }
        match self.expires_at.as_deref().map(Timestamp::parse) {
            Some(None) => Err(CliError::usage("--expires-at: must be a time, as in 2027-01-15T08:00:00Z")),
            _ => Ok(()),
        }
    }

    /// Whether a flag was given.
    pub(crate) fn is_given(&self) -> bool {
        self.no_expiry || self.expires_in.is_some() || self.expires_at.is_some()
    }

    /// The flag for a field. For the expiry, it is the flag that was given.
    pub(crate) fn flag_for(&self, field: &str) -> String {
        match field {
            "expires_in" | "expires_at" if self.no_expiry => "--no-expiry".to_owned(),
            "expires_in" | "expires_at" if self.expires_in.is_some() => flag_for_field("expires_in"),
            "expires_in" | "expires_at" if self.expires_at.is_some() => flag_for_field("expires_at"),
            _ => flag_for_field(field),
        }
    }

    /// The error of `--no-expiry`, with the flag to use instead.
    pub(crate) fn error(&self, field: &str, message: &str) -> Option<(String, String)> {
        let is_expiry = matches!(field, "expires_in" | "expires_at");
        (self.no_expiry && is_expiry).then(|| (self.flag_for(field), format!("{message}; use --expires-in")))
    }

    /// Sets the fields in the body of a create or rotate request.
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

    /// Sets the fields in the body of an update, which accepts no relative times. Invalid times are sent unchanged, so
    /// that the service reports them together with other errors.
    pub(crate) fn put_absolute_into(&self, body: &mut Map<String, Value>, now: Timestamp) {
        match self.expires_in.as_deref().map(|time| parse_expires_in(time, now)) {
            Some(Ok(at)) => drop(body.insert("expires_at".to_owned(), json!(at))),
            Some(Err(_)) | None => self.put_into(body),
        }
    }

    /// Adds the reason why `--expires-in` is invalid to the error of an update.
    pub(crate) fn explain(&self, error: CliError, now: Timestamp) -> CliError {
        match self.expires_in.as_deref().map(|time| parse_expires_in(time, now)) {
            Some(Err(invalid)) => error.with_message("expires_in", &invalid.to_string()),
            Some(Ok(_)) | None => error,
        }
    }
}
