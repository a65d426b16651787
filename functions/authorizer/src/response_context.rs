//! Context of a response: for the function behind the gateway, the gateway responses and the
//! access log.

use std::fmt::Display;

use portcullis::audit_log::redact_path;
use portcullis::authz::{Api, Decision, DenyReason, MissingAccess, Principal, Session};
use portcullis::catalog::{RoleName, Target};
use portcullis::clock::{DAY_SECONDS, Timestamp};
use portcullis::grants::{Grant, Permission, Resource};
use portcullis::text::redact;
use portcullis::token::LiveApproval;
use serde::{Serialize, Serializer};
use serde_json::Value;

use portcullis::authz::Arn;

/// Maximum number of roles in a 403; `POST /explain` names all.
const MAX_ROLES: usize = 20;

/// Maximum length of a session's groups as JSON text, in characters. A response is below 8 KB, and
/// a truncated list of groups would grant something else.
pub(crate) const MAX_GROUPS_LENGTH: usize = 2_500;

/// Maximum number of bytes shown of a path, a resource or a name.
const MAX_SHOWN_BYTES: usize = 512;

/// How long before a token expires the context starts to hold its expiry, in seconds.
const EXPIRY_NOTICE_SECONDS: i64 = 14 * DAY_SECONDS;

/// Detail of a 403 that the gateway makes from a cached, API-wide policy.
const UNSPECIFIED_PERMISSION_MISSING: &str = "This needs a permission that you do not have. With authorizer caching on, the gateway cannot say which: use POST /explain.";

/// The context of a response.
pub(crate) struct Context {
    pub(crate) values: Values,
    /// The key to leave out if the response is too large.
    pub(crate) optional: Option<&'static str>,
}

/// The values of a context; each key once.
#[derive(Default)]
pub(crate) struct Values(Vec<(&'static str, String)>);

impl Values {
    fn insert(&mut self, key: &'static str, value: impl Into<String>) {
        self.0.push((key, value.into()));
    }

    /// Whether there was a value to remove.
    pub(crate) fn remove(&mut self, key: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|(kept, _)| *kept != key);
        self.0.len() < before
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// The decision as strings: for the function behind the gateway, for the gateway responses
/// (which put `detail` and `missing_*` into a problem document), and for the access log
/// (`audit_*`).
///
/// The gateway copies values into JSON unescaped, so those for its templates contain no quote
/// and no backslash.
pub(crate) fn request_context(
    api: Api,
    arn: &Arn<'_>,
    principal: Option<&Principal>,
    decision: &Decision,
    approvals: &[&LiveApproval],
    now: Timestamp,
) -> Context {
    // A refused credential names no caller, even if its record is known.
    let authenticated = principal.filter(|_| !matches!(decision, Decision::Unauthorized(_)));
    let mut context = authenticated.map(|principal| caller(principal, api, now)).unwrap_or_default();
    if let Target::Http { path, .. } = arn.target {
        context.insert("audit_path", in_json(&redact_path(api, &format!("/{path}"))));
    }
    context.insert("audit_decision", if *decision == Decision::Allow { "allow" } else { "deny" });
    match decision {
        Decision::Allow => {
            // A request rarely uses more than one.
            if let Some(approval) = approvals.first() {
                context.insert("approval_id", approval.id.to_string());
                context.insert("approved_by", approval.by.to_string());
            }
        }
        Decision::Forbidden(reason, missing) => {
            context.insert("audit_reason", reason.as_str());
            context.insert("detail", detail(*reason, missing));
            let permission = missing.permission.as_ref().map_or_else(String::new, ToString::to_string);
            context.insert("missing_permission", permission);
            context.insert("missing_resource", missing.resource.as_deref().map_or_else(String::new, for_template));
            context.insert("missing_roles", role_names(shown_roles(&missing.roles)));
        }
        Decision::Unauthorized(reason) => context.insert("audit_reason", reason.as_str()),
    }
    match (decision, api, authenticated) {
        // The management API's functions derive a session's grants from its groups and the version
        // of the catalog that they read. They get no roles: a role may differ in that version.
        (Decision::Allow, Api::Management, Some(Principal::Session(session))) => {
            context.insert("groups", groups(session));
            Context { values: context, optional: None }
        }
        (Decision::Allow, _, Some(principal)) => with_grants(principal, context),
        // No function gets the context of a denial, so roles that do not fit may be left out.
        _ => Context { values: context, optional: Some("roles") },
    }
}

/// The same for every route at once. It holds nothing about one request, because the gateway reuses it for all
/// of them.
pub(crate) fn for_the_whole_api(principal: &Principal, now: Timestamp) -> Context {
    let mut context = caller(principal, Api::Protected, now);
    context.insert("detail", UNSPECIFIED_PERMISSION_MISSING);
    for key in ["missing_permission", "missing_resource", "missing_roles"] {
        context.insert(key, "");
    }
    with_grants(principal, context)
}

/// Without the grants if they do not fit: the function behind the gateway then reads them again.
fn with_grants(principal: &Principal, mut values: Values) -> Context {
    values.insert("grants", grants(principal));
    Context { values, optional: Some("grants") }
}

/// The context that identifies the caller.
fn caller(principal: &Principal, api: Api, now: Timestamp) -> Values {
    let mut context = Values::default();
    context.insert("owner", principal.owner().as_str());
    // Owners are never redacted.
    context.insert("audit_owner", inside_json(principal.owner().as_str()));
    match principal {
        Principal::Token(record) => {
            context.insert("principal_type", "token");
            context.insert("token_id", record.id.as_str());
            context.insert("token_name", record.name.as_str());
            context.insert("audit_token_name", for_template(record.name.as_str()));
            if let Some(end) = record.expires_at.filter(|end| *end <= now.plus_seconds(EXPIRY_NOTICE_SECONDS)) {
                context.insert("token_expires_at", end.to_string());
            }
        }
        Principal::Session(session) => {
            context.insert("principal_type", "session");
            if api == Api::Protected {
                context.insert("roles", role_names(&session.roles));
            }
            context.insert("expires_at", session.expires_at.to_string());
        }
    }
    context
}

/// A session's groups as JSON text.
pub(crate) fn groups(session: &Session) -> String {
    Value::from(session.groups.clone()).to_string()
}

/// The grants as JSON text.
fn grants(principal: &Principal) -> String {
    let grants: Vec<_> = principal.grants().iter().map(ShownGrant::from).collect();
    serde_json::to_string(&grants).unwrap_or_default()
}

#[derive(Serialize)]
struct ShownGrant<'a> {
    permissions: Shown<'a, Permission>,
    resources: Shown<'a, Resource>,
}

impl<'a> From<&'a Grant> for ShownGrant<'a> {
    fn from(grant: &'a Grant) -> Self {
        Self { permissions: Shown(&grant.permissions), resources: Shown(&grant.resources) }
    }
}

/// Values as their text.
struct Shown<'a, T>(&'a [T]);

struct Text<'a, T>(&'a T);

impl<T: Display> Serialize for Shown<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Text))
    }
}

impl<T: Display> Serialize for Text<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

fn shown_roles(roles: &[RoleName]) -> &[RoleName] {
    roles.get(..MAX_ROLES).unwrap_or(roles)
}

fn role_names(names: &[RoleName]) -> String {
    names.iter().map(RoleName::as_str).collect::<Vec<_>>().join(" ")
}

/// One or two sentences for the caller of a 403.
fn detail(reason: DenyReason, missing: &MissingAccess) -> String {
    let permission = missing.permission.as_ref().map_or_else(String::new, ToString::to_string);
    let resource = missing.resource.as_deref().map_or_else(String::new, named);
    let mut text = match reason {
        DenyReason::PermissionMissing => format!("You need the permission {permission} on {resource}."),
        DenyReason::ResourceNotGranted => {
            format!("You need the permission {permission} on {resource}. You have it on other resources only.")
        }
        DenyReason::RouteLookalike => format!(
            "You need the permission {permission} on {resource}, because the path is another spelling of a route."
        ),
        DenyReason::ApprovalRequired => format!(
            "You need an approval for {permission} on {resource}. Request one with POST /approvals of the token API, or portcullis approval request."
        ),
        DenyReason::IpNotAllowed => {
            "This token is not allowed from your IP address. See allowed_ips in GET /tokens/{id}.".to_owned()
        }
        DenyReason::RouteNotListed => "This route is not in the catalog, which is strict.".to_owned(),
        DenyReason::MalformedPath => "The path can be read in more than one way. Send it without '.' and '..', doubled, encoded or backward slashes, ';', '*', '?' and control characters, and in at most 400 characters.".to_owned(),
        // A refused credential gets a 401 without a reason.
        DenyReason::Malformed
        | DenyReason::Unknown
        | DenyReason::SecretReuse
        | DenyReason::Revoked
        | DenyReason::Disabled
        | DenyReason::Expired
        | DenyReason::Idle => String::new(),
    };
    if !missing.roles.is_empty() {
        text.push_str(&format!(
            " Ask an administrator for {} {}.",
            if missing.roles.len() == 1 { "the role" } else { "one of the roles" },
            role_names(shown_roles(&missing.roles)).replace(' ', ", ")
        ));
    }
    text
}

fn named(resource: &str) -> String {
    if resource.is_empty() { "the API's root".to_owned() } else { for_template(resource) }
}

/// Redacted, then as [`in_json`].
fn for_template(text: &str) -> String {
    in_json(&redact(text))
}

/// Safe inside a string of a JSON template, and truncated, so that a response with several such
/// values stays below 8 KB however long the caller's path is.
fn in_json(text: &str) -> String {
    let shown = text.get(..text.floor_char_boundary(MAX_SHOWN_BYTES)).unwrap_or_default();
    let cut = if shown.len() < text.len() { "…" } else { "" };
    inside_json(&format!("{shown}{cut}"))
}

/// Replaces the characters that would end a string in a JSON template.
fn inside_json(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '"' => '\'',
            '\\' => '/',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::{record, token};
    use portcullis::token::TokenRecord;

    #[test]
    fn a_token_that_expires_within_two_weeks_shows_when() {
        let now = Timestamp::from_seconds(1_800_000_000);
        for (seconds, is_shown) in [(0, true), (14 * 86_400, true), (14 * 86_400 + 1, false)] {
            let end = now.plus_seconds(seconds);
            let principal = token(TokenRecord { expires_at: Some(end), ..record() });
            let Values(shown) = caller(&principal, Api::Protected, now);
            let found = shown.into_iter().find(|(key, _)| *key == "token_expires_at");
            assert_eq!(found, is_shown.then(|| ("token_expires_at", end.to_string())), "{seconds}");
        }
    }

    #[test]
    fn only_a_text_that_is_cut_ends_with_an_ellipsis() {
        let longest = "x".repeat(MAX_SHOWN_BYTES);
        assert_eq!(in_json(&longest), longest);
        assert_eq!(in_json(&format!("{longest}x")), format!("{longest}…"));
    }
}
