//! Reads the catalog from its JSON document, collecting every issue with its path, and writes it back.
//!
//! ```json
//! {
//!   "strict": false,
//!   "permissions": {
//!     "app:restart": "Restart an app",
//!     "app:deploy": { "description": "Deploy an app", "approval": { "valid_for": "15m" } }
//!   },
//!   "roles": { "cicd": { "description": "Deploy", "permissions": ["build:create"] } },
//!   "routes": [{ "match": "POST /apps/{app}/builds", "permission": "build:create", "resource": "app/{app}" }],
//!   "sessions": { "groups": { "platform-admins": "admin" } },
//!   "trust": []
//! }
//! ```
//!
//! The entries of `trust` have a module of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use super::issue::CatalogIssue;
use super::limits::over_limits;
use super::route::{RouteMatcher, template};
use super::routes::Routes;
use super::validate::is_builtin;
use super::{ApprovalRule, BUILTIN_PERMISSIONS, Catalog, Role, RoleName, Route, TrustRule, builtin_permissions};
use crate::grants::Permission;
use crate::text::{counted, parse_duration};

/// Maximum number of unknown fields of an object that are named individually.
const MAX_UNKNOWN: usize = 19;

impl Catalog {
    /// Reads and validates a document.
    ///
    /// # Errors
    /// Every issue of the document, each with its path.
    pub fn read(document: &Value) -> Result<Self, Vec<CatalogIssue>> {
        let over = over_limits(document);
        if !over.is_empty() {
            return Err(over);
        }
        let mut reader = DocumentReader::default();
        let catalog = reader.catalog(document);
        let mut issues = reader.issues;
        catalog.check(document, &mut issues);
        if issues.is_empty() { Ok(catalog) } else { Err(issues) }
    }

    /// Reads a stored catalog without re-validating it, so that stricter rules never make it unreadable. `None`
    /// if it cannot be parsed.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        let mut reader = DocumentReader::default();
        let mut catalog = reader.catalog(&serde_json::from_str(text).ok()?);
        // An earlier version may have described the built-in permissions differently.
        let builtin = builtin_permissions();
        catalog.permissions.retain(|permission, _| !builtin.contains(permission));
        catalog.approvals.retain(|permission, _| !builtin.contains(permission));
        reader.issues.is_empty().then_some(catalog)
    }

    /// The document, including the built-in permissions.
    #[must_use]
    pub fn to_document(&self) -> Value {
        let own = BUILTIN_PERMISSIONS
            .map(|(resource, action, description)| (format!("{resource}:{action}"), json!(description)));
        let listed = self.permissions.iter().map(|(permission, text)| {
            let value = match self.approvals.get(permission) {
                None => json!(text),
                Some(rule) => json!({ "description": text, "approval": rule.to_document() }),
            };
            (permission.to_string(), value)
        });
        let roles = self.roles.iter().map(|(name, role)| {
            let permissions: Vec<_> = role.permissions.iter().map(ToString::to_string).collect();
            (name.to_string(), json!({ "description": role.description, "permissions": permissions }))
        });
        let routes = self.routes().iter().map(|route| {
            let (pattern, permission) = (&route.pattern, route.permission.to_string());
            match &route.resource {
                Some(resource) => json!({ "match": pattern, "permission": permission, "resource": resource }),
                None => json!({ "match": pattern, "permission": permission }),
            }
        });
        let groups: BTreeMap<_, _> = self.groups.iter().map(|(group, role)| (group, role.as_str())).collect();
        json!({
            "strict": self.strict,
            "permissions": own.into_iter().chain(listed).collect::<Map<_, _>>(),
            "roles": roles.collect::<Map<_, _>>(),
            "routes": routes.collect::<Vec<_>>(),
            "sessions": { "groups": groups },
            "trust": self.trust.iter().map(TrustRule::to_document).collect::<Vec<_>>(),
        })
    }
}

#[derive(Default)]
pub(super) struct DocumentReader {
    issues: Vec<CatalogIssue>,
}

impl DocumentReader {
    fn catalog(&mut self, document: &Value) -> Catalog {
        let mut catalog = Catalog::default();
        let Some(mut top) = self.object("", document) else {
            return catalog;
        };
        if let Some(value) = top.remove("strict") {
            catalog.strict = value.as_bool().unwrap_or_else(|| {
                self.add_value_issue("strict", &value, "must be true or false");
                false
            });
        }
        for (text, value) in self.entries(&mut top, "", "permissions") {
            let path = format!("permissions.{text}");
            let permission = self.permission(&path, &json!(text));
            let (description, approval) = self.listed_permission(&path, &value);
            let Some(permission) = permission else { continue };
            // Documents read from the service include the built-in permissions, with a description alone.
            if value.is_string() && is_builtin(&permission, &description) {
                continue;
            }
            catalog.approvals.extend(approval.map(|rule| (permission.clone(), rule)));
            if catalog.permissions.insert(permission, description).is_some() {
                self.add_issue(path, "is listed twice, in different spellings");
            }
        }
        for (name, role) in self.entries(&mut top, "", "roles") {
            let role = self.role(&format!("roles.{name}"), &role);
            if let (Some(name), Some(role)) = (RoleName::from_stored(&name), role) {
                catalog.roles.insert(name, role);
            }
        }
        let routes = top.remove("routes");
        let routes = self.list("routes", routes.as_ref());
        let routes = routes.iter().enumerate().filter_map(|(at, route)| self.route(&format!("routes[{at}]"), route));
        catalog.routes = Routes::new(routes.collect());
        if let Some(sessions) = top.remove("sessions")
            && let Some(mut sessions) = self.object("sessions", &sessions)
        {
            for (group, role) in self.entries(&mut sessions, "sessions.", "groups") {
                let role = self.text(&format!("sessions.groups.{group}"), &role);
                if let Some(role) = role.and_then(|role| RoleName::from_stored(&role)) {
                    catalog.groups.insert(group, role);
                }
            }
            self.reject_unknown("sessions.", sessions, "groups");
        }
        let trust = top.remove("trust");
        for (at, rule) in self.list("trust", trust.as_ref()).iter().enumerate() {
            catalog.trust.extend(self.trust_rule(&format!("trust[{at}]"), rule));
        }
        self.reject_unknown("", top, "strict, permissions, roles, routes, sessions, trust");
        catalog
    }

    /// A permission's description and approval rule: the description alone, or an object.
    fn listed_permission(&mut self, path: &str, value: &Value) -> (String, Option<ApprovalRule>) {
        let Value::Object(fields) = value else {
            if !value.is_string() {
                self.add_value_issue(path, value, "must be a description, or an object with description and approval");
            }
            return (value.as_str().unwrap_or_default().to_owned(), None);
        };
        let mut fields = fields.clone();
        let (description, approval) = (fields.remove("description"), fields.remove("approval"));
        self.reject_unknown(&format!("{path}."), fields, "description, approval");
        let description = description.and_then(|value| self.text(&format!("{path}.description"), &value));
        let approval = approval.and_then(|value| self.approval(&format!("{path}.approval"), &value));
        (description.unwrap_or_default(), approval)
    }

    fn role(&mut self, path: &str, role: &Value) -> Option<Role> {
        let mut fields = self.object(path, role)?;
        let description = fields.remove("description");
        let permissions = fields.remove("permissions");
        self.reject_unknown(&format!("{path}."), fields, "description, permissions");
        let description = description.and_then(|value| self.text(&format!("{path}.description"), &value));
        let path = format!("{path}.permissions");
        let (mut list, mut seen) = (Vec::new(), BTreeSet::new());
        for (at, value) in self.list(&path, permissions.as_ref()).iter().enumerate() {
            let permission = self.permission(&format!("{path}[{at}]"), value);
            // Duplicates are dropped, as in a token.
            list.extend(permission.filter(|permission| seen.insert(permission.clone())));
        }
        Some(Role { description: description.unwrap_or_default(), permissions: list })
    }

    fn route(&mut self, path: &str, route: &Value) -> Option<Route> {
        let mut fields = self.object(path, route)?;
        let (pattern, permission) = (fields.remove("match"), fields.remove("permission"));
        let resource = fields.remove("resource").map(|value| self.text(&format!("{path}.resource"), &value));
        self.reject_unknown(&format!("{path}."), fields, "match, permission, resource");
        let at = |field: &str| format!("{path}.{field}");
        for (field, value) in [("match", &pattern), ("permission", &permission)] {
            if value.is_none() {
                self.add_issue(at(field), "is required");
            }
        }
        let permission = permission.and_then(|value| self.permission(&at("permission"), &value));
        let pattern = pattern.and_then(|value| self.text(&at("match"), &value));
        let on = pattern.as_deref().and_then(|text| self.parsed(&at("match"), text, RouteMatcher::read(text)));
        let resource = match resource {
            None => Some(None),
            Some(text) => text.and_then(|text| {
                let template = self.parsed(&at("resource"), &text, template(&text, on.as_ref()));
                template.map(|template| Some((text, template)))
            }),
        };
        Some(Route::new(pattern?, on?, permission?, resource?))
    }

    /// The parsed value; an error is recorded as an issue.
    fn parsed<T>(&mut self, path: &str, text: &str, read: Result<T, &'static str>) -> Option<T> {
        read.map_err(|message| self.add_value_issue(path, &json!(text), message)).ok()
    }

    pub(super) fn permission(&mut self, path: &str, value: &Value) -> Option<Permission> {
        let text = self.text(path, value)?;
        let permission = Permission::from_stored(&text);
        if permission.is_none() {
            self.add_value_issue(path, value, "must be resource:action, as in app:read; each part is a name or *");
        }
        permission
    }

    pub(super) fn text(&mut self, path: &str, value: &Value) -> Option<String> {
        if !value.is_string() {
            self.add_value_issue(path, value, "must be a string");
        }
        value.as_str().map(str::to_owned)
    }

    pub(super) fn list(&mut self, path: &str, value: Option<&Value>) -> Vec<Value> {
        match value {
            None => Vec::new(),
            Some(Value::Array(list)) => list.clone(),
            Some(other) => {
                self.add_value_issue(path, other, "must be a list");
                Vec::new()
            }
        }
    }

    fn entries(&mut self, from: &mut Map<String, Value>, before: &str, field: &str) -> Map<String, Value> {
        let value = from.remove(field);
        value.and_then(|value| self.object(&format!("{before}{field}"), &value)).unwrap_or_default()
    }

    /// Reads each entry of a list; duplicates are issues.
    pub(super) fn each<T: PartialEq>(
        &mut self,
        path: &str,
        list: Option<&Value>,
        read: impl Fn(&mut Self, &str, &Value) -> Option<T>,
    ) -> Option<Vec<T>> {
        let (mut all, list) = (Vec::new(), self.list(path, list));
        for (at, value) in list.iter().enumerate() {
            let path = format!("{path}[{at}]");
            match read(self, &path, value) {
                Some(entry) if all.contains(&entry) => self.add_value_issue(&path, value, "is listed twice"),
                Some(entry) => all.push(entry),
                None => {}
            }
        }
        (all.len() == list.len()).then_some(all)
    }

    /// A duration in seconds, as in `15m`. `form` describes the form and the range.
    pub(super) fn duration(
        &mut self,
        path: &str,
        value: &Value,
        range: RangeInclusive<u32>,
        form: &str,
    ) -> Option<u32> {
        let text = self.text(path, value)?;
        let seconds = parse_duration(&text).ok().filter(|seconds| range.contains(seconds));
        if seconds.is_none() {
            self.add_value_issue(path, value, form);
        }
        seconds
    }

    pub(super) fn object(&mut self, path: &str, value: &Value) -> Option<Map<String, Value>> {
        let object = value.as_object().cloned();
        if object.is_none() {
            self.add_value_issue(if path.is_empty() { "*" } else { path }, value, "must be an object");
        }
        object
    }

    pub(super) fn reject_unknown(&mut self, before: &str, fields: Map<String, Value>, known: &str) {
        let count = fields.len();
        for (field, _) in fields.into_iter().take(MAX_UNKNOWN) {
            self.add_issue(format!("{before}{field}"), format!("is unknown; use one of {known}"));
        }
        if count > MAX_UNKNOWN {
            let more = counted(count - MAX_UNKNOWN, "more unknown field");
            self.add_issue(format!("{before}*"), more);
        }
    }

    pub(super) fn add_value_issue(&mut self, path: &str, value: &Value, message: &str) {
        self.issues.push(CatalogIssue::of_value(path, value, message));
    }

    pub(super) fn add_issue(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.issues.push(CatalogIssue::new(path, message));
    }
}
