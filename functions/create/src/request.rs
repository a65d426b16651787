//! Body of `POST /tokens`. Reading reports all errors at once.

use lambda_http::Body;
use portcullis::Settings;
use portcullis::clock::Timestamp;
use portcullis::grants::{IpAllowlist, MAX_NETWORKS};
use portcullis::http::{GrantSpec, JsonFields, Problem, read_expiry};
use portcullis::text::{Description, OwnerId, TokenName};

const KNOWN: &str =
    "name, description, role, permissions, resources, grants, allowed_ips, expires_in, expires_at, owner";

/// A request to create a token, each field validated on its own.
#[derive(Debug)]
pub(crate) struct CreateTokenRequest {
    pub(crate) name: TokenName,
    pub(crate) description: Option<Description>,
    pub(crate) access: GrantSpec,
    pub(crate) allowed_ips: IpAllowlist,
    /// `None` if the request names no expiry, `Some(None)` if it says that the token never expires.
    pub(crate) expires_at: Option<Option<Timestamp>>,
    pub(crate) owner: Option<OwnerId>,
}

impl CreateTokenRequest {
    pub(crate) fn read(body: &Body, settings: &Settings, now: Timestamp) -> Result<Self, Problem> {
        let mut fields = JsonFields::read(body)?;
        let name = fields.required("name");
        let description = fields.optional::<Description>("description");
        let access = GrantSpec::read(&mut fields);
        let allowed_ips = fields.list("allowed_ips", MAX_NETWORKS).map(IpAllowlist::from).unwrap_or_default();
        let expires_at = read_expiry(&mut fields, settings, now);
        let owner = fields.optional("owner");
        fields.finish(KNOWN)?;
        // finish() has already refused a missing field.
        let (Some(name), Some(access)) = (name, access) else {
            return Err(Problem::internal());
        };
        Ok(Self { name, description, access, allowed_ips, expires_at, owner })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis::authz::{Principal, Session};
    use portcullis::catalog::Catalog;
    use portcullis::grants::{Grants, Resource};

    const NOW: i64 = 1_800_000_000; // 2027-01-15T08:00:00Z

    fn settings() -> Settings {
        Settings::default()
    }

    fn read(body: &str) -> Result<CreateTokenRequest, Problem> {
        CreateTokenRequest::read(&Body::Text(body.to_owned()), &settings(), Timestamp::from_seconds(NOW))
    }

    fn refused(body: &str) -> String {
        serde_json::to_string_pretty(&read(body).unwrap_err()).unwrap()
    }

    #[test]
    fn omitted_fields_get_their_defaults() {
        let token = read(r#"{"name":"ci","permissions":["app:read"],"resources":["*"]}"#).unwrap();
        assert_eq!(
            token.access,
            GrantSpec::Single(Grants::single(vec!["app:read".parse().unwrap()], vec![Resource::All]))
        );
        assert_eq!((token.description, token.expires_at, token.owner), (None, None, None));
    }

    #[test]
    fn null_means_no_expiry() {
        let token =
            read(r#"{"name":"ci","permissions":["*"],"resources":["*"],"expires_at":null,"expires_in":null}"#).unwrap();
        assert_eq!(token.expires_at, Some(None));
    }

    #[test]
    fn a_permission_that_is_given_twice_is_kept_once() {
        let token = read(r#"{"name":"ci","permissions":["*","*:*","a:b"],"resources":["*"]}"#).unwrap();
        let GrantSpec::Single(grants) = token.access else { panic!("{:?}", token.access) };
        assert_eq!(grants.iter().next().unwrap().permissions.len(), 2);
    }

    #[test]
    fn every_wrong_type_is_named() {
        insta::assert_snapshot!(refused(
            r#"{"name":1,"description":[],"permissions":"app:read","resources":{},"expires_in":30,"expires_at":true,"owner":1.5}"#
        ));
    }

    #[test]
    fn an_invalid_permission_is_named_with_its_index() {
        insta::assert_snapshot!(refused(
            r#"{"name":"ci","permissions":["ok:ok","a b:c","a:","a:b:c",""," x:y",7,null],"resources":["/app","a//b","a/../b",""]}"#
        ));
    }

    #[test]
    fn a_name_is_required_and_null_counts_as_missing() {
        assert!(refused(r#"{"name":null,"permissions":["a:b"],"resources":["*"]}"#).contains("is required"));
        assert!(refused(r#"{"permissions":["a:b"]}"#).contains("is required"));
    }

    #[test]
    fn a_field_that_is_given_twice_is_refused() {
        let response = refused(r#"{"name":"a","permissions":["a:b"],"resources":["*"],"name":"b","x":1,"x":2}"#);
        assert!(response.contains("must be given once"), "{response}");
    }

    #[test]
    fn at_least_one_permission_is_required() {
        insta::assert_snapshot!(refused(r#"{"name":"ci","permissions":[],"resources":["*"]}"#));
        insta::assert_snapshot!(refused("{}"));
        insta::assert_snapshot!(refused(r#"{"name":null,"permissions":null,"resources":null}"#));
    }

    #[test]
    fn a_token_may_have_several_grants() {
        let token = read(
            r#"{"name":"ci","grants":[{"permissions":["app:deploy"],"resources":["app/billing"]},{"permissions":["app:read"],"resources":["*"]}]}"#,
        );
        let GrantSpec::Grants(grants) = token.unwrap().access else { panic!() };
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
    fn an_invalid_grant_is_named_with_its_index() {
        insta::assert_snapshot!(refused(
            r#"{"name":"ci","grants":[{"permissions":["a:b","a b"],"resources":["/x"]},7,{},{"permissions":["a:b"],"colour":1},{"permissions":[],"resources":[]},{"permissions":["a:b"],"permissions":["*"]}]}"#
        ));
        let many = vec![r#"{"permissions":["a:b"],"resources":["*"]}"#; 21].join(",");
        assert!(
            refused(&format!(r#"{{"name":"ci","grants":[{many}]}}"#)).contains("must have 1 to 20 entries; it has 21")
        );
    }

    #[test]
    fn a_role_is_expanded_into_the_permissions_that_it_has_now() {
        let catalog = catalog(r#"{"roles": {"cicd": {"permissions": ["app:read", "app:write"]}}}"#);
        let access = read(r#"{"name":"ci","role":"cicd","resources":["app/billing"]}"#).unwrap().access;
        let grants = access.expand(&catalog, &caller("*")).unwrap();
        assert!(grants.allows(&"app:write".parse().unwrap(), "app/billing"));
        assert!(!grants.allows(&"app:write".parse().unwrap(), "app/payroll"));
    }

    #[test]
    fn an_unknown_role_is_named_with_the_roles_that_exist() {
        let refused = |document: &str, permission: &str| {
            let access = read(r#"{"name":"ci","role":"manager","resources":["*"]}"#).unwrap().access;
            let problem = access.expand(&catalog(document), &caller(permission)).unwrap_err();
            serde_json::to_value(problem).unwrap()["errors"][0]["message"].as_str().unwrap().to_owned()
        };
        let unknown = "\"manager\" is not a role of the catalog";
        let few = r#"{"roles": {"cicd": {"permissions": ["*:read"]}, "admin": {"permissions": ["*"]}}}"#;
        assert_eq!(refused(few, "*"), format!("{unknown}; use one of admin, cicd"));
        // Only callers who may read the catalog learn its roles.
        assert_eq!(refused(few, "tokens:write"), unknown);
        assert_eq!(refused("{}", "*"), format!("{unknown}, which has no roles; use permissions"));
        let many: Vec<_> = (10..22).map(|n| format!(r#""r{n}": {{"permissions": ["*"]}}"#)).collect();
        let message = refused(&format!(r#"{{"roles": {{{}}}}}"#, many.join(",")), "catalog:read");
        assert!(
            message.ends_with("use one of r10, r11, r12, r13, r14, r15, r16, r17, r18, r19 or 2 more"),
            "{message}"
        );
    }

    #[test]
    fn a_strict_catalog_names_every_permission_that_it_does_not_list() {
        let catalog = catalog(r#"{"strict": true, "permissions": {"app:read": "See"}}"#);
        let access = |body| read(body).unwrap().access;
        assert!(
            access(r#"{"name":"ci","permissions":["app:read","app:*","tokens:read"],"resources":["*"]}"#)
                .expand(&catalog, &caller("*"))
                .is_ok()
        );
        let body = r#"{"name":"ci","grants":[{"permissions":["app:read","app:reed"],"resources":["*"]},{"permissions":["ap:*"],"resources":["*"]}]}"#;
        insta::assert_snapshot!(
            serde_json::to_string_pretty(&access(body).expand(&catalog, &caller("*")).unwrap_err()).unwrap()
        );
    }

    /// A caller with this permission on all resources.
    fn caller(permission: &str) -> Principal {
        let mut session = Session::new(
            &Catalog::default(),
            "alice".parse().unwrap(),
            &[],
            Timestamp::from_seconds(NOW),
            Settings::default().authz.token_management,
        );
        session.grants = Grants::single(vec![permission.parse().unwrap()], vec![Resource::All]);
        Principal::Session(session)
    }

    fn catalog(document: &str) -> Catalog {
        Catalog::read(&serde_json::from_str(document).unwrap()).unwrap()
    }

    #[test]
    fn with_a_maximum_lifetime_no_token_lives_longer_or_without_expiry() {
        let settings = Settings {
            token: portcullis::token::Settings { max_lifetime_days: 90, ..Default::default() },
            ..settings()
        };
        let read = |expiry: &str| {
            let body = format!(r#"{{"name":"ci","permissions":["a:b"],"resources":["*"]{expiry}}}"#);
            CreateTokenRequest::read(&Body::Text(body), &settings, Timestamp::from_seconds(NOW))
                .map(|token| token.expires_at.flatten().unwrap().seconds() - NOW)
                .map_err(|problem| serde_json::to_value(problem).unwrap()["errors"].to_string())
        };
        assert_eq!(read(r#","expires_in":"90d""#), Ok(90 * 86_400));
        assert_eq!(read(r#","expires_at":"2027-04-15T08:00:00Z""#), Ok(90 * 86_400));
        let limit = |field: &str| {
            Err(format!(
                r#"[{{"field":"{field}","message":"must be at most 90 days away, the maximum lifetime of this deployment"}}]"#
            ))
        };
        assert_eq!(read(r#","expires_in":"7776001s""#), limit("expires_in"));
        assert_eq!(read(r#","expires_at":"2027-04-15T08:00:01Z""#), limit("expires_at"));
        assert_eq!(
            read(r#","expires_at":null"#),
            Err(r#"[{"field":"expires_at","message":"tokens of this deployment must expire within 90 days"}]"#
                .to_owned())
        );
    }

    #[test]
    fn an_invalid_address_is_named_with_its_index() {
        insta::assert_snapshot!(refused(
            r#"{"name":"ci","permissions":["a:b"],"resources":["*"],"allowed_ips":["192.0.2.7","192.0.2.7/24","x",7,"::ffff:0:0/90"]}"#
        ));
        let many = vec![r#""192.0.2.7""#; 51].join(",");
        assert!(
            refused(&format!(r#"{{"name":"ci","permissions":["a:b"],"resources":["*"],"allowed_ips":[{many}]}}"#))
                .contains("1 to 50")
        );
        assert!(
            refused(r#"{"name":"ci","permissions":["a:b"],"resources":["*"],"allowed_ips":[]}"#).contains("1 to 50")
        );
    }

    #[test]
    fn a_body_that_is_not_a_json_object_is_refused() {
        for body in ["", "[]", "1", "null", "\"x\"", "{", "{\"name\":\"a\"} x", "\u{feff}{}"] {
            assert!(refused(body).contains("urn:portcullis:problem:invalid_request"), "{body:?}");
        }
        let utf16: Vec<u8> = "{\"name\":\"x\"}".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert!(CreateTokenRequest::read(&Body::Binary(utf16), &settings(), Timestamp::from_seconds(NOW)).is_err());
        let deep = "[".repeat(10_000);
        assert!(refused(&format!("{{\"name\":{deep}")).contains("not JSON"));
    }

    #[test]
    fn a_body_over_16_kib_is_refused() {
        let body = |size: usize| {
            let frame = r#"{"name":"ci","permissions":["a:b"],"resources":["*"],"description":""}"#.len();
            format!(
                r#"{{"name":"ci","permissions":["a:b"],"resources":["*"],"description":"{}"}}"#,
                "x".repeat(size - frame)
            )
        };
        assert!(refused(&body(16 * 1024)).contains("description"));
        assert!(refused(&body(16 * 1024 + 1)).contains("body_too_large"));
    }
}
