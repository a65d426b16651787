//! The body of `POST /tokens`, parsed: what is wrong with it is said all at once.

use lambda_http::Body;
use portcullis::access::{
    Beyond, Catalog, Excess, Grant, Grants, MOST_GRANTS, MOST_PERMISSIONS, MOST_RESOURCES, Permission, Resource,
    RoleName,
};
use portcullis::clock::Timestamp;
use portcullis::http::{FieldError, Fields, Problem};
use portcullis::token::{Description, OwnerId, TokenName, parse_expires_at, parse_expires_in};

const KNOWN: &str = "name, description, role, permissions, resources, grants, expires_in, expires_at, owner";
const KNOWN_OF_GRANT: &str = "permissions, resources";

/// What was asked for, each part of it good in itself.
#[derive(Debug)]
pub(crate) struct NewToken {
    pub(crate) name: TokenName,
    pub(crate) description: Option<Description>,
    pub(crate) access: Access,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) owner: Option<OwnerId>,
}

/// What the token is to do, in the form in which it was asked for: errors are named by the
/// fields of that form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// `role` and `resources`
    Role(RoleName, Vec<Resource>),
    /// `permissions` and `resources`, the short form of one grant
    One(Grants),
    /// `grants`
    Several(Grants),
}

impl NewToken {
    pub(crate) fn read(body: &Body, now: Timestamp) -> Result<Self, Problem> {
        let mut fields = Fields::read(body)?;
        let name = fields.required("name");
        let description = fields.optional::<Description>("description");
        let access = Access::read(&mut fields);
        if fields.has("expires_in") && fields.has("expires_at") {
            fields.fail("expires_at", "must not be given together with expires_in");
        }
        let expires_in = fields.optional_with("expires_in", |text| parse_expires_in(text, now));
        let expires_at = fields.optional_with("expires_at", |text| parse_expires_at(text, now));
        let owner = fields.optional("owner");
        fields.finish(KNOWN)?;
        // Everything that is missing was noted above, so finish() has already refused it.
        let (Some(name), Some(access)) = (name, access) else {
            return Err(Problem::internal());
        };
        Ok(Self { name, description, access, expires_at: expires_in.or(expires_at), owner })
    }
}

impl Access {
    fn read(fields: &mut Fields) -> Option<Self> {
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
        let grants = fields.objects("grants", MOST_GRANTS, KNOWN_OF_GRANT, grant);
        if first.is_none() && !["role", "permissions", "grants"].iter().any(|form| fields.failed(form)) {
            fields.fail("permissions", "is required, or role, or grants: a token has at least one permission");
        }
        match (role, permissions, grants) {
            (Some(role), ..) => Some(Self::Role(role, resources)),
            (_, Some(permissions), _) => Some(Self::One(Grants::one(permissions, resources))),
            (.., Some(grants)) => Some(Self::Several(grants.into())),
            _ => None,
        }
    }

    /// What it comes to: a role is expanded here, and the token keeps the permissions that
    /// it had at this moment.
    ///
    /// # Errors
    /// 400 for a role that is not there, and for permissions that a strict catalog does not
    /// list.
    pub(crate) fn expand(&self, catalog: &Catalog) -> Result<Grants, Problem> {
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

    /// What the one who asks does not have, in the words of the form.
    pub(crate) fn complaint(&self, excess: &Excess) -> FieldError {
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000; // 2027-01-15T08:00:00Z

    fn read(body: &str) -> Result<NewToken, Problem> {
        NewToken::read(&Body::Text(body.to_owned()), Timestamp::from_seconds(NOW))
    }

    fn refused(body: &str) -> String {
        serde_json::to_string_pretty(&read(body).unwrap_err()).unwrap()
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let token = read(r#"{"name":"ci","permissions":["app:read"]}"#).unwrap();
        assert_eq!(token.access, Access::One(Grants::one(vec!["app:read".parse().unwrap()], vec![Resource::All])));
        assert_eq!((token.description, token.expires_at, token.owner), (None, None, None));
    }

    #[test]
    fn null_is_for_never() {
        let token = read(r#"{"name":"ci","permissions":["*"],"expires_at":null,"expires_in":null}"#).unwrap();
        assert_eq!(token.expires_at, None);
        let token = read(r#"{"name":"ci","permissions":["*"],"expires_at":null,"expires_in":"1d"}"#).unwrap();
        assert_eq!(token.expires_at.unwrap().seconds(), NOW + 86_400);
    }

    #[test]
    fn a_permission_that_is_given_twice_is_kept_once() {
        let token = read(r#"{"name":"ci","permissions":["*","*:*","a:b"]}"#).unwrap();
        let Access::One(grants) = token.access else { panic!("{:?}", token.access) };
        assert_eq!(grants.iter().next().unwrap().permissions.len(), 2);
    }

    #[test]
    fn every_limit_broken_at_once_is_named_in_one_answer() {
        let many = |text: &str, count: usize| vec![format!("\"{text}\""); count].join(",");
        let body = format!(
            r#"{{"name":"","description":"{}","permissions":[{},"a b:c"],"resources":[{}],"expires_in":"0s","expires_at":"2020-01-01T00:00:00Z","owner":"a b","colour":"red","id":1}}"#,
            "x".repeat(501),
            many("a:b", 51),
            many("app", 51),
        );
        insta::assert_snapshot!(refused(&body));
    }

    #[test]
    fn every_wrong_type_is_named() {
        insta::assert_snapshot!(refused(
            r#"{"name":1,"description":[],"permissions":"app:read","resources":{},"expires_in":30,"expires_at":true,"owner":1.5}"#
        ));
    }

    #[test]
    fn what_is_not_a_permission_is_named_by_its_place() {
        insta::assert_snapshot!(refused(
            r#"{"name":"ci","permissions":["ok:ok","a b:c","a:","a:b:c",""," x:y",7,null],"resources":["/app","a//b","a/../b",""]}"#
        ));
    }

    #[test]
    fn a_name_is_required_and_null_is_none() {
        assert!(refused(r#"{"name":null,"permissions":["a:b"]}"#).contains("is required"));
        assert!(refused(r#"{"permissions":["a:b"]}"#).contains("is required"));
    }

    #[test]
    fn a_field_that_is_given_twice_is_refused() {
        let answer = refused(r#"{"name":"a","permissions":["a:b"],"name":"b","x":1,"x":2}"#);
        assert!(answer.contains("must be given once"), "{answer}");
    }

    #[test]
    fn at_least_one_permission_is_required() {
        insta::assert_snapshot!(refused(r#"{"name":"ci","permissions":[]}"#));
        insta::assert_snapshot!(refused("{}"));
        insta::assert_snapshot!(refused(r#"{"name":null,"permissions":null,"resources":null}"#));
    }

    #[test]
    fn a_token_may_have_several_grants() {
        let token = read(
            r#"{"name":"ci","grants":[{"permissions":["app:deploy"],"resources":["app/billing"]},{"permissions":["app:read"]}]}"#,
        );
        let Access::Several(grants) = token.unwrap().access else { panic!() };
        assert!(grants.allows(&"app:deploy".parse().unwrap(), "app/billing"));
        assert!(!grants.allows(&"app:deploy".parse().unwrap(), "app/payroll"));
        assert!(grants.allows(&"app:read".parse().unwrap(), "anything"));
    }

    #[test]
    fn role_permissions_and_grants_exclude_each_other() {
        insta::assert_snapshot!(refused(
            r#"{"name":"ci","role":"cicd","permissions":["a:b"],"grants":[{"permissions":["a:b"]}]}"#
        ));
        insta::assert_snapshot!(refused(r#"{"name":"ci","grants":[{"permissions":["a:b"]}],"resources":["x"]}"#));
    }

    #[test]
    fn what_is_wrong_in_a_grant_is_named_by_its_place() {
        insta::assert_snapshot!(refused(
            r#"{"name":"ci","grants":[{"permissions":["a:b","a b"],"resources":["/x"]},7,{},{"permissions":["a:b"],"colour":1},{"permissions":[],"resources":[]},{"permissions":["a:b"],"permissions":["*"]}]}"#
        ));
        let many = vec![r#"{"permissions":["a:b"]}"#; 21].join(",");
        assert!(
            refused(&format!(r#"{{"name":"ci","grants":[{many}]}}"#)).contains("must have 1 to 20 entries; it has 21")
        );
    }

    #[test]
    fn a_role_is_expanded_into_the_permissions_that_it_has_now() {
        let catalog = catalog(r#"{"roles": {"cicd": {"permissions": ["app:read", "app:write"]}}}"#);
        let access = read(r#"{"name":"ci","role":"cicd","resources":["app/billing"]}"#).unwrap().access;
        let grants = access.expand(&catalog).unwrap();
        assert!(grants.allows(&"app:write".parse().unwrap(), "app/billing"));
        assert!(!grants.allows(&"app:write".parse().unwrap(), "app/payroll"));
        let lost = read(r#"{"name":"ci","role":"nobody"}"#).unwrap().access.expand(&catalog).unwrap_err();
        assert!(serde_json::to_string(&lost).unwrap().contains("is not the name of a role"));
    }

    #[test]
    fn a_strict_catalog_names_every_permission_that_it_does_not_list() {
        let catalog = catalog(r#"{"strict": true, "permissions": {"app:read": "See"}}"#);
        let access = |body| read(body).unwrap().access;
        assert!(access(r#"{"name":"ci","permissions":["app:read","app:*","tokens:read"]}"#).expand(&catalog).is_ok());
        let body = r#"{"name":"ci","grants":[{"permissions":["app:read","app:reed"]},{"permissions":["ap:*"]}]}"#;
        insta::assert_snapshot!(serde_json::to_string_pretty(&access(body).expand(&catalog).unwrap_err()).unwrap());
    }

    fn catalog(document: &str) -> Catalog {
        Catalog::read(&serde_json::from_str(document).unwrap()).unwrap()
    }

    #[test]
    fn what_is_not_a_json_object_is_refused_as_a_whole() {
        for body in ["", "[]", "1", "null", "\"x\"", "{", "{\"name\":\"a\"} x", "\u{feff}{}"] {
            assert!(refused(body).contains("urn:portcullis:problem:invalid_request"), "{body:?}");
        }
        let utf16: Vec<u8> = "{\"name\":\"x\"}".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert!(NewToken::read(&Body::Binary(utf16), Timestamp::from_seconds(NOW)).is_err());
        let deep = "[".repeat(10_000);
        assert!(refused(&format!("{{\"name\":{deep}")).contains("not JSON"));
    }

    #[test]
    fn a_body_over_16_kib_is_refused() {
        let body = |size: usize| {
            let frame = r#"{"name":"ci","permissions":["a:b"],"description":""}"#.len();
            format!(r#"{{"name":"ci","permissions":["a:b"],"description":"{}"}}"#, "x".repeat(size - frame))
        };
        assert!(refused(&body(16 * 1024)).contains("description"));
        assert!(refused(&body(16 * 1024 + 1)).contains("body_too_large"));
    }
}
