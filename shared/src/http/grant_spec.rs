//! The grants requested for a token, in each form that a request can use.

use super::{FieldError, JsonFields, Problem};
use crate::authz::Principal;
use crate::catalog::{Catalog, RoleName};
use crate::grants::{
    Grant, Grants, MAX_GRANTS, MAX_PERMISSIONS, MAX_RESOURCES, Permission, Resource, UncoveredGrant, UncoveredPart,
};

const KNOWN_OF_GRANT: &str = "permissions, resources";
/// Maximum number of roles in the message for an unknown role; `GET /catalog` has all.
const MAX_SHOWN_ROLES: usize = 10;

/// The requested grants, in the form of the request; errors name the fields of that form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantSpec {
    /// `role` and `resources`
    Role(RoleName, Vec<Resource>),
    /// `permissions` and `resources`, the short form of one grant
    Single(Grants),
    /// `grants`
    Grants(Grants),
}

impl GrantSpec {
    /// Reads the fields `role`, `permissions`, `resources` and `grants`, recording errors.
    pub fn read(fields: &mut JsonFields) -> Option<Self> {
        let forms = ["role", "permissions", "grants"].map(|form| (form, fields.contains(form)));
        let mut given = forms.into_iter().filter_map(|(form, is_given)| is_given.then_some(form));
        let first = given.next();
        for form in given {
            fields.error(form, format!("must not be given together with {}", first.unwrap_or_default()));
        }
        if first == Some("grants") && fields.contains("resources") {
            fields.error("resources", "must not be given together with grants, which have resources of their own");
        }
        let role = fields.optional("role");
        let permissions = fields.list("permissions", MAX_PERMISSIONS);
        let resources = match first {
            Some("role" | "permissions") if !fields.contains("grants") => required_resources(fields),
            _ => fields.list("resources", MAX_RESOURCES),
        };
        let grants = Self::read_grants(fields);
        if first.is_none() && !["role", "permissions", "grants"].iter().any(|form| fields.failed(form)) {
            fields.error(
                "permissions",
                "is required unless role or grants is given; a token needs at least one permission",
            );
        }
        match (role, permissions, grants) {
            (Some(role), ..) => Some(Self::Role(role, resources?)),
            (_, Some(permissions), _) => Some(Self::Single(Grants::single(permissions, resources?))),
            (.., Some(grants)) => Some(grants),
            _ => None,
        }
    }

    /// Reads only the field `grants`.
    pub fn read_grants(fields: &mut JsonFields) -> Option<Self> {
        fields.objects("grants", MAX_GRANTS, KNOWN_OF_GRANT, grant).map(|grants| Self::Grants(grants.into()))
    }

    /// The grants. A role is expanded now; later changes of the role do not affect the token.
    ///
    /// # Errors
    /// 400 for an unknown role and for permissions that a strict catalog does not list. The error names the catalog's
    /// roles if the caller may read the catalog.
    pub fn expand(&self, catalog: &Catalog, caller: &Principal) -> Result<Grants, Problem> {
        let grants = match self {
            Self::Role(name, resources) => {
                let role = catalog.role(name).ok_or_else(|| {
                    Problem::invalid(vec![FieldError::new("role", unknown_role(name, catalog, caller))])
                })?;
                Grants::single(role.permissions.clone(), resources.clone())
            }
            Self::Single(grants) | Self::Grants(grants) => grants.clone(),
        };
        let unlisted = grants.iter().enumerate().flat_map(|(at, grant)| {
            let unlisted = grant.permissions.iter().filter(|permission| !catalog.is_grantable(permission));
            unlisted.map(move |permission| {
                let message = format!("{permission} is not in the catalog, which is strict");
                FieldError::new(&self.field_path(at, "permissions"), message)
            })
        });
        let unlisted: Vec<_> = unlisted.collect();
        if unlisted.is_empty() { Ok(grants) } else { Err(Problem::invalid(unlisted)) }
    }

    /// Errors for the grants below `place` that the caller does not hold.
    #[must_use]
    pub fn uncovered(held: &Grants, grants: &Grants, place: &str) -> Vec<FieldError> {
        let form = Self::Grants(Grants::default());
        let errors = held.uncovered(grants).into_iter().map(|excess| form.field_error(&excess));
        errors.map(|error| FieldError { field: format!("{place}{}", error.field), ..error }).collect()
    }

    /// The error for a part that the caller does not hold, at the field of this form.
    pub(super) fn field_error(&self, excess: &UncoveredGrant) -> FieldError {
        match &excess.what {
            UncoveredPart::Permission(permission) => {
                FieldError::new(&self.field_path(excess.grant, "permissions"), format!("you do not have {permission}"))
            }
            UncoveredPart::Resource(resource, permissions) => {
                let permissions: Vec<_> = permissions.iter().map(Permission::to_string).collect();
                let message = format!("you do not have {} on {resource}", permissions.join(", "));
                FieldError::new(&self.field_path(excess.grant, "resources"), message)
            }
        }
    }

    fn field_path(&self, grant: usize, field: &str) -> String {
        match self {
            Self::Role(..) if field == "permissions" => "role".to_owned(),
            Self::Role(..) | Self::Single(_) => field.to_owned(),
            Self::Grants(_) => format!("grants[{grant}].{field}"),
        }
    }
}

/// Message for a role that the catalog lacks, with the roles that it has.
fn unknown_role(name: &RoleName, catalog: &Catalog, caller: &Principal) -> String {
    let roles: Vec<_> = catalog.role_names().map(RoleName::as_str).collect();
    let (shown, more) = roles.split_at(roles.len().min(MAX_SHOWN_ROLES));
    let what = format!("\"{name}\" is not a role of the catalog");
    match (shown.join(", "), more.len()) {
        _ if !caller.may_read_catalog() => what,
        (shown, _) if shown.is_empty() => format!("{what}, which has no roles; use permissions"),
        (shown, 0) => format!("{what}; use one of {shown}"),
        (shown, more) => format!("{what}; use one of {shown} or {more} more"),
    }
}

fn grant(fields: &mut JsonFields) -> Option<Grant> {
    let permissions = fields.list("permissions", MAX_PERMISSIONS);
    if permissions.is_none() && !fields.failed("permissions") {
        fields.error("permissions", "is required; a grant needs at least one permission");
    }
    let resources = required_resources(fields);
    Some(Grant { permissions: permissions?, resources: resources? })
}

/// Reads `resources`. There is no default, so that a token gets all resources only if the request says so.
fn required_resources(fields: &mut JsonFields) -> Option<Vec<Resource>> {
    let resources = fields.list("resources", MAX_RESOURCES);
    if resources.is_none() && !fields.failed("resources") {
        fields.error("resources", "is required; name the resources, or use \"*\" for all");
    }
    resources
}
