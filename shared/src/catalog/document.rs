//! The catalog as a JSON document: read with every flaw named at its place, and written.
//!
//! ```json
//! {
//!   "strict": false,
//!   "permissions": { "app:restart": "Restart an app" },
//!   "roles": { "cicd": { "description": "Deploy", "permissions": ["build:create"] } },
//!   "routes": [{ "match": "POST /apps/{app}/builds", "permission": "build:create", "resource": "app/{app}" }],
//!   "sessions": { "groups": { "platform-admins": "admin" } },
//!   "trust": []
//! }
//! ```
//!
//! What stands in `trust` is read and written in its own module.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::flaw::CatalogIssue;
use super::limits::over_limits;
use super::route::{RouteMatcher, template};
use super::validate::is_builtin;
use super::{BUILTIN_PERMISSIONS, Catalog, Role, RoleName, Route, TrustRule};
use crate::grants::Permission;

/// The most unknown fields of an object that are named one by one.
const MAX_UNKNOWN: usize = 19;

impl Catalog {
    /// Reads a document, and checks it as a whole.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn read(document: &Value) -> Result<Self, Vec<CatalogIssue>> {
        let over = over_limits(document);
        if !over.is_empty() {
            return Err(over);
        }
        let mut reader = Reader::default();
        let catalog = reader.catalog(document);
        let mut flaws = reader.flaws;
        catalog.check(document, &mut flaws);
        if flaws.is_empty() { Ok(catalog) } else { Err(flaws) }
    }

    /// A catalog that was accepted once, by the rules of its time: its form is all that it
    /// needs, so that stricter rules never make a stored one unreadable.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        let mut reader = Reader::default();
        let catalog = reader.catalog(&serde_json::from_str(text).ok()?);
        reader.flaws.is_empty().then_some(catalog)
    }

    /// The document, with the product's own permissions in it.
    #[must_use]
    pub fn to_document(&self) -> Value {
        let own = BUILTIN_PERMISSIONS
            .map(|(resource, action, description)| (format!("{resource}:{action}"), json!(description)));
        let listed = self.permissions.iter().map(|(permission, text)| (permission.to_string(), json!(text)));
        let roles = self.roles.iter().map(|(name, role)| {
            let permissions: Vec<_> = role.permissions.iter().map(ToString::to_string).collect();
            (name.to_string(), json!({ "description": role.description, "permissions": permissions }))
        });
        let routes = self.routes.iter().map(|route| {
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
pub(super) struct Reader {
    flaws: Vec<CatalogIssue>,
}

impl Reader {
    fn catalog(&mut self, document: &Value) -> Catalog {
        let mut catalog = Catalog::default();
        let Some(mut top) = self.object("", document) else {
            return catalog;
        };
        if let Some(value) = top.remove("strict") {
            catalog.strict = value.as_bool().unwrap_or_else(|| {
                self.fail_value("strict", &value, "must be true or false");
                false
            });
        }
        for (text, description) in self.entries(&mut top, "", "permissions") {
            let place = format!("permissions.{text}");
            let permission = self.permission(&place, &json!(text));
            let description = self.text(&place, &description).unwrap_or_default();
            if let Some(permission) = permission
                // Those of the product are in every document that it gives.
                && !is_builtin(&permission, &description)
                && catalog.permissions.insert(permission, description).is_some()
            {
                self.fail(place, "is listed twice, in two spellings");
            }
        }
        for (name, role) in self.entries(&mut top, "", "roles") {
            let role = self.role(&format!("roles.{name}"), &role);
            if let (Some(name), Some(role)) = (RoleName::from_stored(&name), role) {
                catalog.roles.insert(name, role);
            }
        }
        let routes = top.remove("routes");
        for (at, route) in self.list("routes", routes.as_ref()).iter().enumerate() {
            catalog.routes.extend(self.route(&format!("routes[{at}]"), route));
        }
        if let Some(sessions) = top.remove("sessions")
            && let Some(mut sessions) = self.object("sessions", &sessions)
        {
            for (group, role) in self.entries(&mut sessions, "sessions.", "groups") {
                let role = self.text(&format!("sessions.groups.{group}"), &role);
                if let Some(role) = role.and_then(|role| RoleName::from_stored(&role)) {
                    catalog.groups.insert(group, role);
                }
            }
            self.nothing_else("sessions.", sessions, "groups");
        }
        let trust = top.remove("trust");
        for (at, rule) in self.list("trust", trust.as_ref()).iter().enumerate() {
            catalog.trust.extend(self.trust_rule(&format!("trust[{at}]"), rule));
        }
        self.nothing_else("", top, "strict, permissions, roles, routes, sessions, trust");
        catalog
    }

    fn role(&mut self, place: &str, role: &Value) -> Option<Role> {
        let mut fields = self.object(place, role)?;
        let description = fields.remove("description");
        let permissions = fields.remove("permissions");
        self.nothing_else(&format!("{place}."), fields, "description, permissions");
        let description = description.and_then(|value| self.text(&format!("{place}.description"), &value));
        let place = format!("{place}.permissions");
        let (mut list, mut seen) = (Vec::new(), BTreeSet::new());
        for (at, value) in self.list(&place, permissions.as_ref()).iter().enumerate() {
            let permission = self.permission(&format!("{place}[{at}]"), value);
            // One that is given twice is kept once, as in a token.
            list.extend(permission.filter(|permission| seen.insert(permission.clone())));
        }
        Some(Role { description: description.unwrap_or_default(), permissions: list })
    }

    fn route(&mut self, place: &str, route: &Value) -> Option<Route> {
        let mut fields = self.object(place, route)?;
        let (pattern, permission) = (fields.remove("match"), fields.remove("permission"));
        let resource = fields.remove("resource").map(|value| self.text(&format!("{place}.resource"), &value));
        self.nothing_else(&format!("{place}."), fields, "match, permission, resource");
        let at = |field: &str| format!("{place}.{field}");
        for (field, value) in [("match", &pattern), ("permission", &permission)] {
            if value.is_none() {
                self.fail(at(field), "is required");
            }
        }
        let permission = permission.and_then(|value| self.permission(&at("permission"), &value));
        let pattern = pattern.and_then(|value| self.text(&at("match"), &value));
        let on = pattern.as_deref().and_then(|text| self.noted(&at("match"), text, RouteMatcher::read(text)));
        let resource = match resource {
            None => Some(None),
            Some(text) => text.and_then(|text| {
                let template = self.noted(&at("resource"), &text, template(&text, on.as_ref()));
                template.map(|template| Some((text, template)))
            }),
        };
        Some(Route::new(pattern?, on?, permission?, resource?))
    }

    /// What was read of a text; what is wrong with it is noted.
    fn noted<T>(&mut self, place: &str, text: &str, read: Result<T, &'static str>) -> Option<T> {
        read.map_err(|message| self.fail_value(place, &json!(text), message)).ok()
    }

    pub(super) fn permission(&mut self, place: &str, value: &Value) -> Option<Permission> {
        let text = self.text(place, value)?;
        let permission = Permission::from_stored(&text);
        if permission.is_none() {
            self.fail_value(place, value, "must be resource:action, as in app:read; each half a name or *");
        }
        permission
    }

    pub(super) fn text(&mut self, place: &str, value: &Value) -> Option<String> {
        if !value.is_string() {
            self.fail_value(place, value, "must be a string");
        }
        value.as_str().map(str::to_owned)
    }

    pub(super) fn list(&mut self, place: &str, value: Option<&Value>) -> Vec<Value> {
        match value {
            None => Vec::new(),
            Some(Value::Array(list)) => list.clone(),
            Some(other) => {
                self.fail_value(place, other, "must be a list");
                Vec::new()
            }
        }
    }

    fn entries(&mut self, from: &mut Map<String, Value>, before: &str, field: &str) -> Map<String, Value> {
        let value = from.remove(field);
        value.and_then(|value| self.object(&format!("{before}{field}"), &value)).unwrap_or_default()
    }

    pub(super) fn object(&mut self, place: &str, value: &Value) -> Option<Map<String, Value>> {
        let object = value.as_object().cloned();
        if object.is_none() {
            self.fail_value(if place.is_empty() { "*" } else { place }, value, "must be an object");
        }
        object
    }

    pub(super) fn nothing_else(&mut self, before: &str, fields: Map<String, Value>, known: &str) {
        let count = fields.len();
        for (field, _) in fields.into_iter().take(MAX_UNKNOWN) {
            self.fail(format!("{before}{field}"), format!("is unknown; known are {known}"));
        }
        if count > MAX_UNKNOWN {
            self.fail(format!("{before}*"), format!("{} more fields are unknown", count - MAX_UNKNOWN));
        }
    }

    pub(super) fn fail_value(&mut self, place: &str, value: &Value, message: &str) {
        self.flaws.push(CatalogIssue::of_value(place, value, message));
    }

    pub(super) fn fail(&mut self, place: impl Into<String>, message: impl Into<String>) {
        self.flaws.push(CatalogIssue::new(place, message));
    }
}
