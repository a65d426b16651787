//! Validation of a catalog as a whole, beyond the form of its parts.

use serde_json::Value;

use super::limits::{elements, entries};
use super::{BUILTIN_PERMISSIONS, Catalog, CatalogIssue, RoleName, RouteMatcher, builtin_permissions};
use crate::grants::{MAX_PERMISSIONS, MAX_RESOURCES, Permission, Resource};
use crate::text::{BLANK, contains_credential, is_blank, name_issues, path_issues, redact, unprintable};

const MAX_DESCRIPTION_LENGTH: usize = 200;
const MAX_GROUP_LENGTH: usize = 256;

/// Minimum similarity (0 to 1) for suggesting a listed permission.
const MIN_SIMILARITY: f64 = 0.55;
/// Maximum number of issues for which a permission is suggested: as many as a response names.
const MAX_SUGGESTIONS: usize = 20;

impl Catalog {
    /// Validates the document itself, because `self` has only the parts that could be read. So an unreadable
    /// part does not hide issues beside it.
    pub(super) fn check(&self, document: &Value, issues: &mut Vec<CatalogIssue>) {
        self.check_permissions(issues);
        self.check_approvals(document.get("permissions"), issues);
        self.check_roles(document.get("roles"), issues);
        self.check_routes(document.get("routes"), issues);
        check_groups(document, issues);
        self.check_trust(document.get("trust"), issues);
    }

    fn check_permissions(&self, issues: &mut Vec<CatalogIssue>) {
        for (permission, text) in &self.permissions {
            let path = format!("permissions.{permission}");
            if permission.is_wildcard() {
                issues.push(CatalogIssue::new(&path, "must be one permission, without *"));
            }
            check_permission_syntax(&path, permission, issues);
            check_description(&path, text, issues);
            let is_builtin = builtin_permissions().contains(permission);
            let ours = permission.resource().filter(|name| is_builtin || matches!(*name, "tokens" | "catalog"));
            if let Some(resource) = ours {
                issues.push(CatalogIssue::new(
                    &path,
                    format!("{resource}:… permissions are built in and part of every catalog: remove it"),
                ));
            }
        }
    }

    fn check_approvals(&self, permissions: Option<&Value>, issues: &mut Vec<CatalogIssue>) {
        let rules = entries(permissions).filter_map(|(name, listed)| Some((name, listed.get("approval")?)));
        for (name, rule) in rules {
            let path = format!("permissions.{name}.approval");
            let of_resources = format!("{path}.resources");
            if let Some(list) = rule.get("resources") {
                check_count(&of_resources, Some(list), MAX_RESOURCES, issues);
                for (path, text) in texts(&of_resources, Some(list)) {
                    if let Err(invalid) = text.parse::<Resource>() {
                        issues.push(CatalogIssue::of_text(path, text, invalid.0));
                    }
                }
            }
            let unless = rule.get("unless").and_then(Value::as_str);
            if let Some(unless) = unless.and_then(Permission::from_stored) {
                let path = format!("{path}.unless");
                check_permission_syntax(&path, &unless, issues);
                if unless.is_wildcard() || unless.to_string() == *name {
                    let message = "must be one other permission, without *";
                    issues.push(CatalogIssue::of_text(path, &unless.to_string(), message));
                } else {
                    self.check_known(path, &unless, issues);
                }
            }
        }
    }

    fn check_roles(&self, roles: Option<&Value>, issues: &mut Vec<CatalogIssue>) {
        for (name, role) in entries(roles) {
            let path = format!("roles.{name}");
            if let Err(invalid) = name.parse::<RoleName>() {
                issues.push(CatalogIssue::new(&path, invalid.0));
            }
            let Some(role) = role.as_object() else { continue };
            if let Some(text) = role.get("description").and_then(Value::as_str) {
                check_description(&format!("{path}.description"), text, issues);
            }
            let (path, list) = (format!("{path}.permissions"), role.get("permissions"));
            check_count(&path, list, MAX_PERMISSIONS, issues);
            for (path, permission) in permissions(&path, list) {
                check_permission_syntax(&path, &permission, issues);
                self.check_known(path, &permission, issues);
            }
        }
    }

    /// Records an unknown permission, suggesting the most similar listed one.
    pub(super) fn check_known(&self, path: String, permission: &Permission, issues: &mut Vec<CatalogIssue>) {
        if !self.is_known(permission) {
            let near = (issues.len() < MAX_SUGGESTIONS).then(|| self.most_like(permission)).flatten();
            let advice = near.map_or_else(
                || ": list it under permissions, with a description".to_owned(),
                |near| format!("; did you mean {:?}?", redact(&near.to_string())),
            );
            issues.push(CatalogIssue::new(
                path,
                format!("unknown permission {:?}{advice}", redact(&permission.to_string())),
            ));
        }
    }

    fn most_like(&self, permission: &Permission) -> Option<Permission> {
        let text = permission.to_string();
        let by_convention = permission.resource().filter(|_| !self.strict).into_iter();
        let by_convention =
            by_convention.flat_map(|name| ["read", "write"].map(|action| Permission::named(name, action)));
        let known = self.permissions.keys().cloned().chain(builtin_permissions()).chain(by_convention);
        let rated = known.map(|known| (strsim::normalized_damerau_levenshtein(&text, &known.to_string()), known));
        let best = rated.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
        (best.0 >= MIN_SIMILARITY).then_some(best.1)
    }

    fn check_routes(&self, routes: Option<&Value>, issues: &mut Vec<CatalogIssue>) {
        let mut earlier: Vec<(usize, &str, RouteMatcher)> = Vec::new();
        for (at, route) in elements(routes).enumerate() {
            let path = |field: &str| format!("routes[{at}].{field}");
            let text = |field: &str| route.get(field).and_then(Value::as_str);
            if let Some(permission) = text("permission").and_then(Permission::from_stored) {
                check_permission_syntax(&path("permission"), &permission, issues);
                if permission.is_wildcard() {
                    let message = "must be one permission, without *";
                    issues.push(CatalogIssue::of_text(path("permission"), &permission.to_string(), message));
                } else {
                    self.check_known(path("permission"), &permission, issues);
                }
            }
            for field in ["match", "resource"] {
                let text = text(field).unwrap_or_default();
                issues.extend(path_issues(text).map(|issue| CatalogIssue::of_text(path(field), text, issue)));
            }
            let Some((pattern, on)) = text("match").and_then(|text| Some((text, RouteMatcher::read(text).ok()?)))
            else {
                continue;
            };
            if let Some((before, other, _)) = earlier.iter().find(|(_, _, other)| other.overlaps(&on)) {
                let message =
                    format!("overlaps with routes[{before}] ({}); a request may match only one route", redact(other));
                issues.push(CatalogIssue::of_text(path("match"), pattern, message));
            }
            earlier.push((at, pattern, on));
        }
    }
}

fn check_groups(document: &Value, issues: &mut Vec<CatalogIssue>) {
    let roles = document.get("roles");
    for (group, role) in entries(document.pointer("/sessions/groups")) {
        let path = format!("sessions.groups.{group}");
        if !(1..=MAX_GROUP_LENGTH).contains(&group.chars().count()) || group.chars().any(unprintable) {
            let message = format!("must be a group's name of 1 to {MAX_GROUP_LENGTH} printable characters");
            issues.push(CatalogIssue::of_text(&path, group, message));
        }
        issues.extend(name_issues(group).map(|issue| CatalogIssue::of_text(&path, group, issue)));
        if let Some(role) = role.as_str()
            && !entries(roles).any(|(name, _)| name == role)
        {
            issues.push(CatalogIssue::of_text(path, role, "is not the name of a role"));
        }
    }
}

/// The strings of a list, each with its path. Other values already caused an issue.
pub(super) fn texts<'a>(path: &str, list: Option<&'a Value>) -> impl Iterator<Item = (String, &'a str)> {
    elements(list).enumerate().filter_map(move |(at, value)| Some((format!("{path}[{at}]"), value.as_str()?)))
}

/// The permissions of a list, each with its path.
pub(super) fn permissions(path: &str, list: Option<&Value>) -> impl Iterator<Item = (String, Permission)> {
    texts(path, list).filter_map(|(path, text)| Some((path, Permission::from_stored(text)?)))
}

/// Records an issue for a list or object that is empty or too long.
pub(super) fn check_count(path: &str, list: Option<&Value>, max: usize, issues: &mut Vec<CatalogIssue>) {
    let count = match list {
        None => 0,
        Some(Value::Array(list)) => list.len(),
        Some(Value::Object(object)) => object.len(),
        Some(_) => return,
    };
    if !(1..=max).contains(&count) {
        issues.push(CatalogIssue::new(path, format!("must have 1 to {max} entries; it has {count}")));
    }
}

/// Whether this is a built-in permission with its built-in description, as in documents read from the service. Those
/// of approvals have any description, because earlier releases left them to the catalog.
pub(super) fn is_builtin(permission: &Permission, text: &str) -> bool {
    let own = |(resource, action, description): &(&str, &str, &str)| {
        *permission == Permission::named(resource, action) && (text == *description || *resource == "approvals")
    };
    BUILTIN_PERMISSIONS.iter().any(own)
}

pub(super) fn check_permission_syntax(path: &str, permission: &Permission, issues: &mut Vec<CatalogIssue>) {
    if let Err(invalid) = permission.to_string().parse::<Permission>() {
        issues.push(CatalogIssue::of_text(path, &permission.to_string(), invalid.0));
    }
}

fn check_description(path: &str, text: &str, issues: &mut Vec<CatalogIssue>) {
    let count = text.chars().count();
    if count > MAX_DESCRIPTION_LENGTH {
        let message = format!("must have a description of at most {MAX_DESCRIPTION_LENGTH} characters; it has {count}");
        issues.push(CatalogIssue::of_text(path, text, message));
    }
    if !text.is_empty() && is_blank(text) {
        issues.push(CatalogIssue::of_text(path, text, BLANK));
    }
    if text.chars().any(unprintable) || contains_credential(text) {
        issues.push(CatalogIssue::of_text(
            path,
            text,
            "must have a one-line description without control or invisible characters, API tokens or JWTs",
        ));
    }
}
