//! The body of `POST /tokens`, parsed: what is wrong with it is said all at once.

use lambda_http::Body;
use portcullis::access::{Grant, MOST_PERMISSIONS, MOST_RESOURCES, Resource};
use portcullis::clock::Timestamp;
use portcullis::http::{Fields, Problem};
use portcullis::token::{Description, OwnerId, TokenName, parse_expires_at, parse_expires_in};

const KNOWN: &str = "name, description, permissions, resources, expires_in, expires_at, owner";

/// What was asked for, each part of it good in itself.
#[derive(Debug)]
pub(crate) struct NewToken {
    pub(crate) name: TokenName,
    pub(crate) description: Option<Description>,
    pub(crate) grant: Grant,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) owner: Option<OwnerId>,
}

impl NewToken {
    pub(crate) fn read(body: &Body, now: Timestamp) -> Result<Self, Problem> {
        let mut fields = Fields::read(body)?;
        let name = fields.required("name");
        let description = fields.optional::<Description>("description");
        let permissions = fields.list("permissions", MOST_PERMISSIONS);
        if permissions.is_none() && !fields.failed("permissions") {
            fields.fail("permissions", "is required: a token has at least one permission");
        }
        let resources = fields.list("resources", MOST_RESOURCES).unwrap_or_else(|| vec![Resource::All]);
        if fields.has("expires_in") && fields.has("expires_at") {
            fields.fail("expires_at", "must not be given together with expires_in");
        }
        let expires_in = fields.optional_with("expires_in", |text| parse_expires_in(text, now));
        let expires_at = fields.optional_with("expires_at", |text| parse_expires_at(text, now));
        let owner = fields.optional("owner");
        fields.finish(KNOWN)?;
        // Everything that is missing was noted above, so finish() has already refused it.
        let (Some(name), Some(permissions)) = (name, permissions) else {
            return Err(Problem::internal());
        };
        let grant = Grant { permissions, resources };
        Ok(Self { name, description, grant, expires_at: expires_in.or(expires_at), owner })
    }
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
        assert_eq!(token.grant.resources, [Resource::All]);
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
        assert_eq!(token.grant.permissions.len(), 2);
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
