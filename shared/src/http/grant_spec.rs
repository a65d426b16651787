//! The grants that a token is to have, in each of the forms in which they can be asked for.

use super::{FieldError, Fields, Problem};
use crate::catalog::{Catalog, RoleName};
use crate::grants::{
    Beyond, Excess, Grant, Grants, MOST_GRANTS, MOST_PERMISSIONS, MOST_RESOURCES, Permission, Resource,
};

const KNOWN_OF_GRANT: &str = "permissions, resources";

/// What the token is to do, in the form in which it was asked for: errors are named by the
/// fields of that form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// `role` and `resources`
    Role(RoleName, Vec<Resource>),
    /// `permissions` and `resources`, the short form of one grant
    One(Grants),
    /// `grants`
    Several(Grants),
}

impl Access {
    /// Reads the fields `role`, `permissions`, `resources` and `grants`, and notes what is wrong
    /// with them.
    pub fn read(fields: &mut Fields) -> Option<Self> {
        let forms = ["role", "permissions", "grants"].map(|form| (form, fields.has(form)));
        let mut given = forms.into_iter().filter_map(|(form, is_given)| is_given.then_some(form));
        let first = given.next();
        for form in given {
            fields.fail(form, format!("must not be given together with {}", first.unwrap_or_default()));
        }
        if first == Some("grants") && fields.has("resources") {
            fields.fail("resources", "must not be given together with grants, which have resources of their own");
        }
        let role = fields.optional("role");
        let permissions = fields.list("permissions", MOST_PERMISSIONS);
        let resources = fields.list("resources", MOST_RESOURCES).unwrap_or_else(|| vec![Resource::All]);
        let grants = Self::read_grants(fields);
        if first.is_none() && !["role", "permissions", "grants"].iter().any(|form| fields.failed(form)) {
            fields.fail("permissions", "is required, or role, or grants: a token has at least one permission");
        }
        match (role, permissions, grants) {
            (Some(role), ..) => Some(Self::Role(role, resources)),
            (_, Some(permissions), _) => Some(Self::One(Grants::one(permissions, resources))),
            (.., Some(grants)) => Some(grants),
            _ => None,
        }
    }

    /// Reads the field `grants` alone.
    pub fn read_grants(fields: &mut Fields) -> Option<Self> {
        fields.objects("grants", MOST_GRANTS, KNOWN_OF_GRANT, grant).map(|grants| Self::Several(grants.into()))
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
                Grants::one(role.permissions.clone(), resources.clone())
            }
            Self::One(grants) | Self::Several(grants) => grants.clone(),
        };
        let unlisted = grants.iter().enumerate().flat_map(|(at, grant)| {
            let unlisted = grant.permissions.iter().filter(|permission| !catalog.may_grant(permission));
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
    pub fn lacking(held: &Grants, grants: &Grants, place: &str) -> Vec<FieldError> {
        let form = Self::Several(Grants::default());
        let complaints = held.lacking(grants).into_iter().map(|excess| form.complaint(&excess));
        complaints.map(|complaint| FieldError { field: format!("{place}{}", complaint.field), ..complaint }).collect()
    }

    /// What the one who asks does not have, in the words of the form.
    pub(super) fn complaint(&self, excess: &Excess) -> FieldError {
        match &excess.what {
            Beyond::Permission(permission) => {
                FieldError::new(&self.place(excess.grant, "permissions"), format!("you do not have {permission}"))
            }
            Beyond::Resource(resource, permissions) => {
                let permissions: Vec<_> = permissions.iter().map(Permission::to_string).collect();
                let message = format!("you do not have {} on {resource}", permissions.join(", "));
                FieldError::new(&self.place(excess.grant, "resources"), message)
            }
        }
    }

    fn place(&self, grant: usize, field: &str) -> String {
        match self {
            Self::Role(..) if field == "permissions" => "role".to_owned(),
            Self::Role(..) | Self::One(_) => field.to_owned(),
            Self::Several(_) => format!("grants[{grant}].{field}"),
        }
    }
}

fn grant(fields: &mut Fields) -> Option<Grant> {
    let permissions = fields.list("permissions", MOST_PERMISSIONS);
    if permissions.is_none() && !fields.failed("permissions") {
        fields.fail("permissions", "is required: a grant has at least one permission");
    }
    let resources = fields.list("resources", MOST_RESOURCES).unwrap_or_else(|| vec![Resource::All]);
    Some(Grant { permissions: permissions?, resources })
}
