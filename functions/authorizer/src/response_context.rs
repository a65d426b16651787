//! Context of a response: for the function behind the gateway, the gateway responses and the
//! access log.

use portcullis::audit_log::redact_path;
use portcullis::authz::{Api, Decision, DenyReason, MissingAccess, Principal, Session};
use portcullis::catalog::{RoleName, Target};
use portcullis::clock::{DAY_SECONDS, Timestamp};
use portcullis::text::redact;
use serde_json::{Map, Value, json};

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

/// The decision as strings: for the function behind the gateway, for the gateway responses
/// (which put `detail` and `missing_*` into a problem document), and for the access log
/// (`audit_*`).
///
/// The gateway copies values into JSON unescaped, so those for its templates contain no quote
/// and no backslash. The result is the context with the grants, then without them, for when they
/// do not fit into the 8 KB of a response; the function behind it then reads them again.
pub(crate) fn request_context(
    api: Api,
    arn: &Arn<'_>,
    principal: Option<&Principal>,
    decision: &Decision,
    now: Timestamp,
) -> [Map<String, Value>; 2] {
    // A refused credential names no caller, even if its record is known.
    let authenticated = principal.filter(|_| !matches!(decision, Decision::Unauthorized(_)));
    let mut context = authenticated.map(|principal| caller(principal, api, now)).unwrap_or_default();
    if let Target::Http { path, .. } = arn.target {
        insert(&mut context, "audit_path", &in_json(&redact_path(api, &format!("/{path}"))));
    }
    insert(&mut context, "audit_decision", if *decision == Decision::Allow { "allow" } else { "deny" });
    match decision {
        Decision::Allow => {}
        Decision::Forbidden(reason, missing) => {
            insert(&mut context, "audit_reason", reason.as_str());
            insert(&mut context, "detail", &detail(*reason, missing));
            let permission = missing.permission.as_ref().map_or_else(String::new, ToString::to_string);
            insert(&mut context, "missing_permission", &permission);
            insert(
                &mut context,
                "missing_resource",
                &missing.resource.as_deref().map_or_else(String::new, for_template),
            );
            insert(&mut context, "missing_roles", &role_names(shown_roles(&missing.roles)));
        }
        Decision::Unauthorized(reason) => insert(&mut context, "audit_reason", reason.as_str()),
    }
    match (decision, api, authenticated) {
        // The management API's functions derive a session's grants from its groups and the version
        // of the catalog that they read. They get no roles: a role may differ in that version.
        (Decision::Allow, Api::Management, Some(Principal::Session(session))) => {
            insert(&mut context, "groups", &groups(session));
            [context.clone(), context]
        }
        (Decision::Allow, _, Some(principal)) => with_grants_and_without(principal, context),
        // No function gets the context of a denial, so roles that do not fit may be left out.
        _ => {
            let mut without_roles = context.clone();
            without_roles.remove("roles");
            [context, without_roles]
        }
    }
}

/// The same for every route at once, with the grants and without. It holds nothing about one
/// request, because the gateway reuses it for all of them.
pub(crate) fn for_the_whole_api(principal: &Principal, now: Timestamp) -> [Map<String, Value>; 2] {
    let mut context = caller(principal, Api::Protected, now);
    insert(&mut context, "detail", UNSPECIFIED_PERMISSION_MISSING);
    for key in ["missing_permission", "missing_resource", "missing_roles"] {
        insert(&mut context, key, "");
    }
    with_grants_and_without(principal, context)
}

fn with_grants_and_without(principal: &Principal, context: Map<String, Value>) -> [Map<String, Value>; 2] {
    let mut with_grants = context.clone();
    insert(&mut with_grants, "grants", &grants(principal));
    [with_grants, context]
}

/// The context that identifies the caller.
fn caller(principal: &Principal, api: Api, now: Timestamp) -> Map<String, Value> {
    let mut context = Map::new();
    insert(&mut context, "owner", principal.owner().as_str());
    // Owners are never redacted.
    insert(&mut context, "audit_owner", &inside_json(principal.owner().as_str()));
    match principal {
        Principal::Token(record) => {
            insert(&mut context, "principal_type", "token");
            insert(&mut context, "token_id", record.id.as_str());
            insert(&mut context, "token_name", record.name.as_str());
            insert(&mut context, "audit_token_name", &for_template(record.name.as_str()));
            if let Some(end) = record.expires_at.filter(|end| *end <= now.plus_seconds(EXPIRY_NOTICE_SECONDS)) {
                insert(&mut context, "token_expires_at", &end.to_string());
            }
        }
        Principal::Session(session) => {
            insert(&mut context, "principal_type", "session");
            if api == Api::Protected {
                insert(&mut context, "roles", &role_names(&session.roles));
            }
            insert(&mut context, "expires_at", &session.expires_at.to_string());
        }
    }
    context
}

/// A session's groups as JSON text.
pub(crate) fn groups(session: &Session) -> String {
    Value::from(session.groups.clone()).to_string()
}

fn insert(context: &mut Map<String, Value>, key: &str, value: &str) {
    context.insert(key.to_owned(), Value::from(value));
}

/// The grants as JSON text.
fn grants(principal: &Principal) -> String {
    let grants = principal.grants().iter().map(|grant| {
        let permissions: Vec<_> = grant.permissions.iter().map(ToString::to_string).collect();
        let resources: Vec<_> = grant.resources.iter().map(ToString::to_string).collect();
        json!({ "permissions": permissions, "resources": resources })
    });
    grants.collect::<Value>().to_string()
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
        DenyReason::PermissionMissing => format!("This needs the permission {permission} on {resource}; you do not have it."),
        DenyReason::ResourceNotGranted => {
            format!("This needs {permission} on {resource}; you have it on other resources only.")
        }
        DenyReason::RouteLookalike => format!(
            "The path is another spelling of a route that needs {permission} on {resource}; you do not have it there."
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
        text.push_str(&format!(" Roles that give it: {}.", role_names(shown_roles(&missing.roles)).replace(' ', ", ")));
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
