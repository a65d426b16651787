//! The grants that a token is to have, in each of the forms in which they can be asked for.

use super::{FieldError, JsonFields, Problem};
use crate::catalog::{Catalog, RoleName};
use crate::grants::{
    Grant, Grants, MAX_GRANTS, MAX_PERMISSIONS, MAX_RESOURCES, Permission, Resource, UncoveredGrant, UncoveredPart,
};

const KNOWN_OF_GRANT: &str = "permissions, resources";

/// What the token is to do, in the form in which it was asked for: errors are named by the
/// fields of that form.
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
    /// Reads the fields `role`, `permissions`, `resources` and `grants`, and notes what is wrong
    /// with them.
    pub fn read(fields: &mut JsonFields) -> Option<Self> {
        let forms = ["role", "permissions", "grants"].map(|form| (form, fields.has(form)));
        let mut given = forms.into_iter().filter_map(|(form, is_given)| is_given.then_some(form));
        let first = given.next();
        for form in given {
            fields.error(form, format!("must not be given together with {}", first.unwrap_or_default()));
        }
        if first == Some("grants") && fields.has("resources") {
            fields.error("resources", "must not be given together with grants, which have resources of their own");
        }
        let role = fields.optional("role");
        let permissions = fields.list("permissions", MAX_PERMISSIONS);
        let resources = fields.list("resources", MAX_RESOURCES).unwrap_or_else(|| vec![Resource::All]);
        let grants = Self::read_grants(fields);
        if first.is_none() && !["role", "permissions", "grants"].iter().any(|form| fields.failed(form)) {
            fields.error("permissions", "is required, or role, or grants: a token has at least one permission");
        }
        match (role, permissions, grants) {
            (Some(role), ..) => Some(Self::Role(role, resources)),
            (_, Some(permissions), _) => Some(Self::Single(Grants::single(permissions, resources))),
            (.., Some(grants)) => Some(grants),
            _ => None,
        }
    }

    /// Reads the field `grants` alone.
    pub fn read_grants(fields: &mut JsonFields) -> Option<Self> {
        fields.objects("grants", MAX_GRANTS, KNOWN_OF_GRANT, grant).map(|grants| Self::Grants(grants.into()))
    }

    /// What it comes to: a role is expanded here, and the token keeps the permissions that
    /// it had at this moment.
    ///
    /// # Errors
    /// 400 for a role that is not there, and for permissions that a strict catalog does not
    /// list.
    pub fn expand(&self, catalog: &Catalog) -> Result<Grants, Problem> {
        let grants = match self {
            Self::Role(name, resources) => {
                let role = catalog.role(name).ok_or_else(|| {
                    let message = "is not the name of a role; GET /catalog shows them";
                    Problem::invalid(vec![FieldError::new("role", message)])
                })?;
                Grants::single(role.permissions.clone(), resources.clone())
            }
            Self::Single(grants) | Self::Grants(grants) => grants.clone(),
        };
        let unlisted = grants.iter().enumerate().flat_map(|(at, grant)| {
            let unlisted = grant.permissions.iter().filter(|permission| !catalog.is_grantable(permission));
            unlisted.map(move |permission| {
                let message = format!("{permission} is not in the catalog, and it is strict");
                FieldError::new(&self.place(at, "permissions"), message)
            })
        });
        let unlisted: Vec<_> = unlisted.collect();
        if unlisted.is_empty() { Ok(grants) } else { Err(Problem::invalid(unlisted)) }
    }

    /// What of several grants, which stand behind `place`, somebody does not have.
    #[must_use]
    pub fn uncovered(held: &Grants, grants: &Grants, place: &str) -> Vec<FieldError> {
        let form = Self::Grants(Grants::default());
        let complaints = held.uncovered(grants).into_iter().map(|excess| form.complaint(&excess));
        complaints.map(|complaint| FieldError { field: format!("{place}{}", complaint.field), ..complaint }).collect()
    }

    /// What the one who asks does not have, in the words of the form.
    pub(super) fn complaint(&self, excess: &UncoveredGrant) -> FieldError {
        match &excess.what {
            UncoveredPart::Permission(permission) => {
                FieldError::new(&self.place(excess.grant, "permissions"), format!("you do not have {permission}"))
            }
            UncoveredPart::Resource(resource, permissions) => {
                let permissions: Vec<_> = permissions.iter().map(Permission::to_string).collect();
                let message = format!("you do not have {} on {resource}", permissions.join(", "));
                FieldError::new(&self.place(excess.grant, "resources"), message)
            }
        }
    }

    fn place(&self, grant: usize, field: &str) -> String {
        match self {
            Self::Role(..) if field == "permissions" => "role".to_owned(),
            Self::Role(..) | Self::Single(_) => field.to_owned(),
            Self::Grants(_) => format!("grants[{grant}].{field}"),
        }
    }
}

fn grant(fields: &mut JsonFields) -> Option<Grant> {
    let permissions = fields.list("permissions", MAX_PERMISSIONS);
    if permissions.is_none() && !fields.failed("permissions") {
        fields.error("permissions", "is required: a grant has at least one permission");
    }
    let resources = fields.list("resources", MAX_RESOURCES).unwrap_or_else(|| vec![Resource::All]);
    Some(Grant { permissions: permissions?, resources })
}
