//! What has to hold of a catalog as a whole, beyond the form of its parts.

use serde_json::Value;

use super::limits::{elements, entries};
use super::{BUILTIN_PERMISSIONS, Catalog, CatalogIssue, RoleName, RouteMatcher};
use crate::grants::{MAX_PERMISSIONS, Permission};
use crate::text::{BLANK, contains_credential, is_blank, name_flaws, path_flaws, redact, unprintable};

const MAX_DESCRIPTION_LENGTH: usize = 200;
const MAX_GROUP_LENGTH: usize = 256;

/// From which similarity on a listed permission is suggested, from 0 to 1.
const MIN_SIMILARITY: f64 = 0.55;
/// For so many flaws a permission is suggested: as many as a response names.
const MAX_SUGGESTIONS: usize = 20;

impl Catalog {
    /// Checks the document as it was written, of which this has only what could be read: so a part that
    /// could not be read hides no flaw of those beside it.
    pub(super) fn check(&self, document: &Value, flaws: &mut Vec<CatalogIssue>) {
        self.check_permissions(flaws);
        self.check_roles(document.get("roles"), flaws);
        self.check_routes(document.get("routes"), flaws);
        check_groups(document, flaws);
        self.check_trust(document.get("trust"), flaws);
    }

    fn check_permissions(&self, flaws: &mut Vec<CatalogIssue>) {
        for (permission, text) in &self.permissions {
            let place = format!("permissions.{permission}");
            if permission.is_wildcard() {
                flaws.push(CatalogIssue::new(&place, "must be one permission, without *"));
            }
            form(&place, permission, flaws);
            description(&place, text, flaws);
            let ours = permission.resource().filter(|resource| matches!(*resource, "tokens" | "catalog"));
            if let Some(resource) = ours {
                flaws.push(CatalogIssue::new(place, format!("{resource}:… are Portcullis's own permissions, which are always there as they are: leave it out")));
            }
        }
    }

    fn check_roles(&self, roles: Option<&Value>, flaws: &mut Vec<CatalogIssue>) {
        for (name, role) in entries(roles) {
            let place = format!("roles.{name}");
            if let Err(invalid) = name.parse::<RoleName>() {
                flaws.push(CatalogIssue::new(&place, invalid.0));
            }
            let Some(role) = role.as_object() else { continue };
            if let Some(text) = role.get("description").and_then(Value::as_str) {
                description(&format!("{place}.description"), text, flaws);
            }
            let (place, list) = (format!("{place}.permissions"), role.get("permissions"));
            count(&place, list, MAX_PERMISSIONS, flaws);
            for (place, permission) in permissions(&place, list) {
                form(&place, &permission, flaws);
                self.known(place, &permission, flaws);
            }
        }
    }

    /// Notes a permission that is not listed, with the listed one that is most like it.
    pub(super) fn known(&self, place: String, permission: &Permission, flaws: &mut Vec<CatalogIssue>) {
        if !self.is_known(permission) {
            let near = (flaws.len() < MAX_SUGGESTIONS).then(|| self.most_like(permission)).flatten();
            let advice = near.map_or_else(
                || ": list it under permissions, with a description".to_owned(),
                |near| format!("; did you mean {:?}?", redact(&near.to_string())),
            );
            flaws.push(CatalogIssue::new(
                place,
                format!("unknown permission {:?}{advice}", redact(&permission.to_string())),
            ));
        }
    }

    fn most_like(&self, permission: &Permission) -> Option<Permission> {
        let text = permission.to_string();
        let own = BUILTIN_PERMISSIONS.iter().map(|(resource, action, _)| Permission::named(resource, action));
        let by_convention = permission.resource().filter(|_| !self.strict).into_iter();
        let by_convention =
            by_convention.flat_map(|name| ["read", "write"].map(|action| Permission::named(name, action)));
        let known = self.permissions.keys().cloned().chain(own).chain(by_convention);
        let rated = known.map(|known| (strsim::normalized_damerau_levenshtein(&text, &known.to_string()), known));
        let best = rated.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
        (best.0 >= MIN_SIMILARITY).then_some(best.1)
    }

    fn check_routes(&self, routes: Option<&Value>, flaws: &mut Vec<CatalogIssue>) {
        let mut earlier: Vec<(usize, &str, RouteMatcher)> = Vec::new();
        for (at, route) in elements(routes).enumerate() {
            let place = |field: &str| format!("routes[{at}].{field}");
            let text = |field: &str| route.get(field).and_then(Value::as_str);
            if let Some(permission) = text("permission").and_then(Permission::from_stored) {
                form(&place("permission"), &permission, flaws);
                if permission.is_wildcard() {
                    let message = "must be one permission, without *";
                    flaws.push(CatalogIssue::of_text(place("permission"), &permission.to_string(), message));
                } else {
                    self.known(place("permission"), &permission, flaws);
                }
            }
            for field in ["match", "resource"] {
                let text = text(field).unwrap_or_default();
                flaws.extend(path_flaws(text).map(|flaw| CatalogIssue::of_text(place(field), text, flaw)));
            }
            let Some((pattern, on)) = text("match").and_then(|text| Some((text, RouteMatcher::read(text).ok()?)))
            else {
                continue;
            };
            if let Some((before, other, _)) = earlier.iter().find(|(_, _, other)| other.meets(&on)) {
                let message = format!(
                    "matches requests that routes[{before}] matches too ({}); one request needs one permission",
                    redact(other)
                );
                flaws.push(CatalogIssue::of_text(place("match"), pattern, message));
            }
            earlier.push((at, pattern, on));
        }
    }
}

fn check_groups(document: &Value, flaws: &mut Vec<CatalogIssue>) {
    let roles = document.get("roles");
    for (group, role) in entries(document.pointer("/sessions/groups")) {
        let place = format!("sessions.groups.{group}");
        if !(1..=MAX_GROUP_LENGTH).contains(&group.chars().count()) || group.chars().any(unprintable) {
            let message = format!("must be a group's name of 1 to {MAX_GROUP_LENGTH} printable characters");
            flaws.push(CatalogIssue::of_text(&place, group, message));
        }
        flaws.extend(name_flaws(group).map(|flaw| CatalogIssue::of_text(&place, group, flaw)));
        if let Some(role) = role.as_str()
            && !entries(roles).any(|(name, _)| name == role)
        {
            flaws.push(CatalogIssue::of_text(place, role, "is not the name of a role"));
        }
    }
}

/// The strings of a list, each with its place. What is no string was noted when it was read.
pub(super) fn texts<'a>(place: &str, list: Option<&'a Value>) -> impl Iterator<Item = (String, &'a str)> {
    elements(list).enumerate().filter_map(move |(at, value)| Some((format!("{place}[{at}]"), value.as_str()?)))
}

/// The permissions of a list, each with its place.
pub(super) fn permissions(place: &str, list: Option<&Value>) -> impl Iterator<Item = (String, Permission)> {
    texts(place, list).filter_map(|(place, text)| Some((place, Permission::from_stored(text)?)))
}

/// Notes a list or an object that has no entries or too many.
pub(super) fn count(place: &str, list: Option<&Value>, max: usize, flaws: &mut Vec<CatalogIssue>) {
    let count = match list {
        None => 0,
        Some(Value::Array(list)) => list.len(),
        Some(Value::Object(object)) => object.len(),
        Some(_) => return,
    };
    if !(1..=max).contains(&count) {
        flaws.push(CatalogIssue::new(place, format!("must have 1 to {max} entries; it has {count}")));
    }
}

/// The product's own permissions, as a catalog that was read from the service has them.
pub(super) fn is_builtin(permission: &Permission, text: &str) -> bool {
    let own = |(resource, action, description): &(&str, &str, &str)| {
        *permission == Permission::named(resource, action) && text == *description
    };
    BUILTIN_PERMISSIONS.iter().any(own)
}

pub(super) fn form(place: &str, permission: &Permission, flaws: &mut Vec<CatalogIssue>) {
    if let Err(invalid) = permission.to_string().parse::<Permission>() {
        flaws.push(CatalogIssue::of_text(place, &permission.to_string(), invalid.0));
    }
}

fn description(place: &str, text: &str, flaws: &mut Vec<CatalogIssue>) {
    let count = text.chars().count();
    if count > MAX_DESCRIPTION_LENGTH {
        let message = format!("must be described in at most {MAX_DESCRIPTION_LENGTH} characters; it has {count}");
        flaws.push(CatalogIssue::of_text(place, text, message));
    }
    if !text.is_empty() && is_blank(text) {
        flaws.push(CatalogIssue::of_text(place, text, BLANK));
    }
    if text.chars().any(unprintable) || contains_credential(text) {
        flaws.push(CatalogIssue::of_text(
            place,
            text,
            "must be described in one line without control and invisible characters, and without an API token or a JWT",
        ));
    }
}
