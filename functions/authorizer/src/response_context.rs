//! The context that travels with an answer to the function behind the gateway, and into the
//! gateway's own answers and its access log.

use portcullis::audit_log::redact_path;
use portcullis::authz::{Api, Decision, DenyReason, Missing, Principal, Session};
use portcullis::catalog::{RoleName, Target};
use portcullis::clock::{DAY_SECONDS, Timestamp};
use portcullis::text::redact;
use serde_json::{Map, Value, json};

use portcullis::authz::Arn;

/// The most roles that a 403 names; `POST /explain` names all.
const MAX_ROLES: usize = 20;

/// The most characters of a session's groups as JSON text: an answer has 8 KB for everything, and
/// a list of groups that was cut would be another person's.
pub(crate) const MAX_GROUPS_LENGTH: usize = 2_500;

/// The most bytes that are shown of a path, a resource or a name.
const MAX_SHOWN_BYTES: usize = 512;

/// From so long before it ends, the function behind the gateway is told when a token does.
const EXPIRY_NOTICE_SECONDS: i64 = 14 * DAY_SECONDS;

/// What a 403 says where the gateway gives it by itself, from an answer for the whole API.
const SOMETHING_IS_MISSING: &str = "This needs a permission that you do not have. With authorizer caching on, the gateway cannot say which: ask POST /explain.";

/// What the authorizer found out, in strings: for the function behind the gateway, for the
/// gateway's own answers (which put `detail` and `missing_*` into a problem document), and
/// for its access log (`audit_*`).
///
/// The gateway copies values into JSON as they are, so those for its templates hold no
/// quote and no backslash. An answer stays under 8 KB: so there is this with the grants, and
/// without them for where they are too large; then whoever needs them reads them again.
pub(crate) fn of_the_request(
    api: Api,
    arn: &Arn<'_>,
    principal: Option<&Principal>,
    decision: &Decision,
    now: Timestamp,
) -> [Map<String, Value>; 2] {
    // A credential that was refused is nobody's, even where its record is known.
    let authenticated = principal.filter(|_| !matches!(decision, Decision::Unauthorized(_)));
    let mut context = authenticated.map(|principal| caller(principal, api, now)).unwrap_or_default();
    if let Target::Http { path, .. } = arn.target {
        put(&mut context, "audit_path", &in_json(&redact_path(api, &format!("/{path}"))));
    }
    put(&mut context, "audit_decision", if *decision == Decision::Allow { "allow" } else { "deny" });
    match decision {
        Decision::Allow => {}
        Decision::Forbidden(reason, missing) => {
            put(&mut context, "audit_reason", reason.as_str());
            put(&mut context, "detail", &detail(*reason, missing));
            let permission = missing.permission.as_ref().map_or_else(String::new, ToString::to_string);
            put(&mut context, "missing_permission", &permission);
            put(&mut context, "missing_resource", &missing.resource.as_deref().map_or_else(String::new, for_template));
            put(&mut context, "missing_roles", &words(some(&missing.roles)));
        }
        Decision::Unauthorized(reason) => put(&mut context, "audit_reason", reason.as_str()),
    }
    match (decision, api, authenticated) {
        // Portcullis's own functions derive a person's grants from their groups, which the
        // provider said, under the one version of the catalog that they read. They get no roles: a
        // role's name may mean something else in that version.
        (Decision::Allow, Api::Management, Some(Principal::Session(session))) => {
            put(&mut context, "groups", &groups(session));
            [context.clone(), context]
        }
        (Decision::Allow, _, Some(principal)) => with_grants_and_without(principal, context),
        // No function gets the context of a refusal: a person's roles may be left out where they do not fit.
        _ => {
            let mut without_roles = context.clone();
            without_roles.remove("roles");
            [context, without_roles]
        }
    }
}

/// The same for every route at once, with the grants and without. It says nothing of the
/// one request: the gateway hands it on with all of them, and puts it into its own answers.
pub(crate) fn for_the_whole_api(principal: &Principal, now: Timestamp) -> [Map<String, Value>; 2] {
    let mut context = caller(principal, Api::Protected, now);
    put(&mut context, "detail", SOMETHING_IS_MISSING);
    for key in ["missing_permission", "missing_resource", "missing_roles"] {
        put(&mut context, key, "");
    }
    with_grants_and_without(principal, context)
}

fn with_grants_and_without(principal: &Principal, context: Map<String, Value>) -> [Map<String, Value>; 2] {
    let mut with_grants = context.clone();
    put(&mut with_grants, "grants", &grants(principal));
    [with_grants, context]
}

/// Who makes the request.
fn caller(principal: &Principal, api: Api, now: Timestamp) -> Map<String, Value> {
    let mut context = Map::new();
    put(&mut context, "owner", principal.owner().as_str());
    // Owners are never redacted.
    put(&mut context, "audit_owner", &inside_json(principal.owner().as_str()));
    match principal {
        Principal::Token(record) => {
            put(&mut context, "principal_type", "token");
            put(&mut context, "token_id", record.id.as_str());
            put(&mut context, "token_name", record.name.as_str());
            put(&mut context, "audit_token_name", &for_template(record.name.as_str()));
            if let Some(end) = record.expires_at.filter(|end| *end <= now.plus_seconds(EXPIRY_NOTICE_SECONDS)) {
                put(&mut context, "token_expires_at", &end.to_string());
            }
        }
        Principal::Session(session) => {
            put(&mut context, "principal_type", "session");
            if api == Api::Protected {
                put(&mut context, "roles", &words(&session.roles));
            }
            put(&mut context, "expires_at", &session.expires_at.to_string());
        }
    }
    context
}

/// A session's groups as JSON text.
pub(crate) fn groups(session: &Session) -> String {
    Value::from(session.groups.clone()).to_string()
}

fn put(context: &mut Map<String, Value>, key: &str, value: &str) {
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

fn some(roles: &[RoleName]) -> &[RoleName] {
    roles.get(..MAX_ROLES).unwrap_or(roles)
}

fn words(names: &[RoleName]) -> String {
    names.iter().map(RoleName::as_str).collect::<Vec<_>>().join(" ")
}

/// One or two sentences for the caller of a 403.
fn detail(reason: DenyReason, missing: &Missing) -> String {
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
            "This token may not be used from your address. GET /tokens/{id} shows from which it may.".to_owned()
        }
        DenyReason::RouteNotListed => "The catalog is strict and does not list this route, so nobody may call it.".to_owned(),
        DenyReason::MalformedPath => "The path can be read in more than one way. Send it without '.' and '..', doubled, encoded or backward slashes, ';', '*', '?' and control characters, and in at most 400 characters.".to_owned(),
        // Such a credential is refused, and its holder is told nothing.
        DenyReason::Malformed
        | DenyReason::Unknown
        | DenyReason::SecretReuse
        | DenyReason::Revoked
        | DenyReason::Disabled
        | DenyReason::Expired
        | DenyReason::Idle => String::new(),
    };
    if !missing.roles.is_empty() {
        text.push_str(&format!(" Roles that give it: {}.", words(some(&missing.roles)).replace(' ', ", ")));
    }
    text
}

fn named(resource: &str) -> String {
    if resource.is_empty() { "the API's root".to_owned() } else { for_template(resource) }
}

/// Without secrets, as [`in_json`].
fn for_template(text: &str) -> String {
    in_json(&redact(text))
}

/// Without what would end a string in a JSON template, and in so few bytes that an answer with several of them stays
/// under its 8 KB, however long a path the caller sent.
fn in_json(text: &str) -> String {
    let shown = text.get(..text.floor_char_boundary(MAX_SHOWN_BYTES)).unwrap_or_default();
    let cut = if shown.len() < text.len() { "…" } else { "" };
    inside_json(&format!("{shown}{cut}"))
}

/// Without what would end a string in a JSON template.
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
