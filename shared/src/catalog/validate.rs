//! What has to hold of a catalog as a whole, beyond the form of its parts.

use super::document::Places;
use super::{Catalog, Flaw, OWN, RoleName};
use crate::grants::{MOST_PERMISSIONS, Permission};
use crate::text::{
    BLANK, CREDENTIAL, OUTER_SPACE, contains_credential, has_outer_space, is_blank, redact, unprintable,
};

const LONGEST_DESCRIPTION: usize = 200;
const LONGEST_GROUP: usize = 256;

/// From which similarity on a listed permission is suggested, from 0 to 1.
const MIN_SIMILARITY: f64 = 0.55;
/// For so many flaws a permission is suggested: as many as a response names.
const MAX_SUGGESTIONS: usize = 20;

impl Catalog {
    /// `places` says where the parts of lists stand: those that could not be read are
    /// missing here.
    pub(super) fn check(&self, places: &Places, flaws: &mut Vec<Flaw>) {
        self.check_permissions(flaws);
        self.check_roles(places, flaws);
        self.check_routes(places, flaws);
        self.check_groups(flaws);
        self.check_trust(&places.trust.at, flaws);
    }

    fn check_permissions(&self, flaws: &mut Vec<Flaw>) {
        for (permission, text) in &self.permissions {
            let place = format!("permissions.{permission}");
            if permission.is_wildcard() {
                flaws.push(Flaw::new(&place, "must be one permission, without *"));
            }
            form(&place, permission, flaws);
            description(&place, text, flaws);
            let ours = permission.resource().filter(|resource| matches!(*resource, "tokens" | "catalog"));
            if let Some(resource) = ours {
                flaws.push(Flaw::new(place, format!("{resource}:… are Portcullis's own permissions, which are always there as they are: leave it out")));
            }
        }
    }

    fn check_roles(&self, places: &Places, flaws: &mut Vec<Flaw>) {
        for ((name, role), (_, listed)) in self.roles.iter().zip(&places.roles) {
            let place = format!("roles.{name}");
            if let Err(invalid) = name.as_str().parse::<RoleName>() {
                flaws.push(Flaw::new(&place, invalid.0));
            }
            description(&format!("{place}.description"), &role.description, flaws);
            let count = listed.count;
            if !(1..=MOST_PERMISSIONS).contains(&count) {
                let message = format!("must have 1 to {MOST_PERMISSIONS} entries; it has {count}");
                flaws.push(Flaw::new(format!("{place}.permissions"), message));
            }
            for (permission, at) in role.permissions.iter().zip(&listed.at) {
                let place = format!("{place}.permissions[{at}]");
                form(&place, permission, flaws);
                self.known(place, permission, flaws);
            }
        }
    }

    /// Notes a permission that is not listed, with the listed one that is most like it.
    pub(super) fn known(&self, place: String, permission: &Permission, flaws: &mut Vec<Flaw>) {
        if !self.knows(permission) {
            let near = (flaws.len() < MAX_SUGGESTIONS).then(|| self.most_like(permission)).flatten();
            let advice = near.map_or_else(
                || ": list it under permissions, with a description".to_owned(),
                |near| format!("; did you mean {:?}?", redact(&near.to_string())),
            );
            flaws.push(Flaw::new(place, format!("unknown permission {:?}{advice}", redact(&permission.to_string()))));
        }
    }

    fn most_like(&self, permission: &Permission) -> Option<Permission> {
        let text = permission.to_string();
        let own = OWN.iter().map(|(resource, action, _)| Permission::named(resource, action));
        let by_convention = permission.resource().filter(|_| !self.strict).into_iter();
        let by_convention =
            by_convention.flat_map(|name| ["read", "write"].map(|action| Permission::named(name, action)));
        let known = self.permissions.keys().cloned().chain(own).chain(by_convention);
        let rated = known.map(|known| (strsim::normalized_damerau_levenshtein(&text, &known.to_string()), known));
        let best = rated.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
        (best.0 >= MIN_SIMILARITY).then_some(best.1)
    }

    fn check_routes(&self, places: &Places, flaws: &mut Vec<Flaw>) {
        let routes = || self.routes.iter().zip(&places.routes.at);
        for (route, at) in routes() {
            let place = format!("routes[{at}].permission");
            form(&place, &route.permission, flaws);
            if route.permission.is_wildcard() {
                flaws.push(Flaw::of_text(place, &route.permission.to_string(), "must be one permission, without *"));
            } else {
                self.known(place, &route.permission, flaws);
            }
            for (field, text) in [("match", Some(&route.pattern)), ("resource", route.resource.as_ref())] {
                if text.is_some_and(|text| has_outer_space(text)) {
                    flaws.push(Flaw::new(format!("routes[{at}].{field}"), OUTER_SPACE));
                }
                if text.is_some_and(|text| contains_credential(text)) {
                    flaws.push(Flaw::new(format!("routes[{at}].{field}"), CREDENTIAL));
                }
            }
            let mut earlier = routes().take_while(|(_, before)| *before < at);
            if let Some((before, place)) = earlier.find(|(before, _)| before.meets(route)) {
                let message = format!(
                    "matches requests that routes[{place}] matches too ({}); one request needs one permission",
                    redact(&before.pattern)
                );
                flaws.push(Flaw::of_text(format!("routes[{at}].match"), &route.pattern, message));
            }
        }
    }

    fn check_groups(&self, flaws: &mut Vec<Flaw>) {
        for (group, role) in &self.groups {
            let place = format!("sessions.groups.{group}");
            if !(1..=LONGEST_GROUP).contains(&group.chars().count()) || group.chars().any(unprintable) {
                let message = format!("must be a group's name of 1 to {LONGEST_GROUP} printable characters");
                flaws.push(Flaw::new(&place, message));
            }
            if has_outer_space(group) {
                flaws.push(Flaw::new(&place, OUTER_SPACE));
            }
            if contains_credential(group) {
                flaws.push(Flaw::new(&place, CREDENTIAL));
            }
            if !self.roles.contains_key(role) {
                flaws.push(Flaw::of_text(place, role.as_str(), "is not the name of a role"));
            }
        }
    }
}

/// The product's own permissions, as a catalog that was read from the service has them.
pub(super) fn is_own(permission: &Permission, text: &str) -> bool {
    let own = |(resource, action, description): &(&str, &str, &str)| {
        *permission == Permission::named(resource, action) && text == *description
    };
    OWN.iter().any(own)
}

pub(super) fn form(place: &str, permission: &Permission, flaws: &mut Vec<Flaw>) {
    if let Err(invalid) = permission.to_string().parse::<Permission>() {
        flaws.push(Flaw::of_text(place, &permission.to_string(), invalid.0));
    }
}

fn description(place: &str, text: &str, flaws: &mut Vec<Flaw>) {
    let count = text.chars().count();
    if count > LONGEST_DESCRIPTION {
        let message = format!("must be described in at most {LONGEST_DESCRIPTION} characters; it has {count}");
        flaws.push(Flaw::new(place, message));
    }
    if !text.is_empty() && is_blank(text) {
        flaws.push(Flaw::new(place, BLANK));
    }
    if text.chars().any(unprintable) || contains_credential(text) {
        flaws.push(Flaw::new(
            place,
            "must be described in one line without control and invisible characters, and without an API token or a JWT",
        ));
    }
}
