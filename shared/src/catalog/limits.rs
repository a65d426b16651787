//! Maximum sizes of a catalog's lists. They are checked before anything is parsed, so that a document of many
//! small entries stays cheap.

use serde_json::{Map, Value};

use super::{BUILTIN_PERMISSIONS, CatalogIssue};
use crate::grants::{MAX_GRANTS, MAX_PERMISSIONS, MAX_RESOURCES};

const MAX_LISTED_PERMISSIONS: usize = 500;
const MAX_ROLES: usize = 100;
const MAX_ROUTES: usize = 1000;
const MAX_GROUPS: usize = 500;
const MAX_TRUST_RULES: usize = 100;
pub(super) const MAX_CLAIMS: usize = 20;
pub(super) const MAX_PATTERNS: usize = 20;

/// The lists that exceed their maximum.
pub(super) fn over_limits(document: &Value) -> Vec<CatalogIssue> {
    let mut limits = Limits(Vec::new());
    let listed = document.get("permissions").and_then(Value::as_object);
    let own = BUILTIN_PERMISSIONS.iter().filter(|(resource, action, _)| {
        listed.is_some_and(|listed| listed.contains_key(&format!("{resource}:{action}")))
    });
    limits.at_most("permissions", document.get("permissions"), MAX_LISTED_PERMISSIONS + own.count());
    limits.at_most("roles", document.get("roles"), MAX_ROLES);
    limits.at_most("routes", document.get("routes"), MAX_ROUTES);
    limits.at_most("sessions.groups", document.pointer("/sessions/groups"), MAX_GROUPS);
    limits.at_most("trust", document.get("trust"), MAX_TRUST_RULES);
    // Lists within a list that is too long are skipped.
    if limits.0.is_empty() {
        for (name, listed) in entries(document.get("permissions")) {
            let path = format!("permissions.{name}.approval.resources");
            limits.at_most(&path, listed.pointer("/approval/resources"), MAX_RESOURCES);
        }
        for (name, role) in entries(document.get("roles")) {
            limits.at_most(&format!("roles.{name}.permissions"), role.get("permissions"), MAX_PERMISSIONS);
        }
        for (at, rule) in elements(document.get("trust")).enumerate() {
            limits.trust_rule(&format!("trust[{at}]"), rule);
        }
    }
    limits.0
}

struct Limits(Vec<CatalogIssue>);

impl Limits {
    fn trust_rule(&mut self, path: &str, rule: &Value) {
        self.at_most(&format!("{path}.claims"), rule.get("claims"), MAX_CLAIMS);
        self.at_most(&format!("{path}.grants"), rule.get("grants"), MAX_GRANTS);
        for (claim, patterns) in entries(rule.get("claims")).take(MAX_CLAIMS) {
            self.at_most(&format!("{path}.claims.{claim}"), Some(patterns), MAX_PATTERNS);
        }
        for (at, grant) in elements(rule.get("grants")).enumerate().take(MAX_GRANTS) {
            let path = format!("{path}.grants[{at}]");
            self.at_most(&format!("{path}.permissions"), grant.get("permissions"), MAX_PERMISSIONS);
            self.at_most(&format!("{path}.resources"), grant.get("resources"), MAX_RESOURCES);
        }
    }

    fn at_most(&mut self, path: &str, list: Option<&Value>, max: usize) {
        let count = match list {
            Some(Value::Array(list)) => list.len(),
            Some(Value::Object(object)) => object.len(),
            _ => 0,
        };
        if count > max {
            self.0.push(CatalogIssue::new(path, format!("must have at most {max} entries; it has {count}")));
        }
    }
}

/// The entries if the value is an array.
pub(super) fn elements(list: Option<&Value>) -> impl Iterator<Item = &Value> {
    list.and_then(Value::as_array).into_iter().flatten()
}

/// The entries if the value is an object.
pub(super) fn entries(object: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    object.and_then(Value::as_object).into_iter().flat_map(Map::iter)
}
