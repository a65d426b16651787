//! Authorizer response in the format that each kind of event needs.

use crate::HttpApiResponseFormat;
use portcullis::authz::{Api, Decision, Principal};
use portcullis::clock::Timestamp;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::response_context::{Context, Values};
use crate::{Event, response_context as context};
use portcullis::authz::{ApiWidePolicy, Arn, CompileError};
use portcullis::token::LiveApproval;

/// Exclusive maximum size of a response, in bytes.
const MAX_RESPONSE_BYTES: usize = 8 * 1024;

/// Error that a REST API turns into a 401 (the text must be exactly `Unauthorized`) or a 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizerError {
    /// The credential is not valid: 401.
    #[error("Unauthorized")]
    Unauthorized,
    /// No decision could be made: 500.
    #[error("no decision")]
    NoDecision,
}

/// Format of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseFormat {
    /// A policy, or the error `Unauthorized`: REST and WebSocket APIs.
    Rest,
    /// A policy: HTTP APIs.
    Policy,
    /// `isAuthorized`: HTTP APIs.
    Simple,
}

impl ResponseFormat {
    pub(crate) fn from_event(event: &Event, http_api_response_format: HttpApiResponseFormat) -> Self {
        match (event.version(), http_api_response_format) {
            (Some("2.0"), HttpApiResponseFormat::Simple) => Self::Simple,
            (Some("1.0" | "2.0"), _) => Self::Policy,
            // The version of a WebSocket API's event is not a payload format: "$LATEST".
            _ => Self::Rest,
        }
    }
}

/// A response as JSON.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct AuthorizerResponse(Box<RawValue>);

impl AuthorizerResponse {
    /// The JSON.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// `None` if the response is too large.
    fn new(response: &impl Serialize) -> Option<Self> {
        let json = to_raw_value(response).ok()?;
        (json.get().len() < MAX_RESPONSE_BYTES).then_some(Self(json))
    }
}

impl PartialEq for AuthorizerResponse {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SimpleResponse<'a> {
    is_authorized: bool,
    context: &'a Values,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyResponse<'a, P> {
    principal_id: &'a str,
    policy_document: P,
    context: &'a Values,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyDocument<'a> {
    version: &'a str,
    statement: [Statement<'a>; 1],
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement<'a> {
    action: &'a str,
    effect: &'a str,
    resource: &'a str,
}

pub(crate) fn respond(
    format: ResponseFormat,
    api: Api,
    arn: &Arn<'_>,
    principal: Option<&Principal>,
    decision: &Decision,
    approvals: &[&LiveApproval],
    now: Timestamp,
) -> Result<AuthorizerResponse, AuthorizerError> {
    if format == ResponseFormat::Rest && matches!(decision, Decision::Unauthorized(_)) {
        return Err(AuthorizerError::Unauthorized);
    }
    let allowed = *decision == Decision::Allow;
    let context = context::request_context(api, arn, principal, decision, approvals, now);
    if format == ResponseFormat::Simple {
        let response = first_fitting(context, |context| {
            AuthorizerResponse::new(&SimpleResponse { is_authorized: allowed, context })
        });
        return response.ok_or(AuthorizerError::NoDecision);
    }
    let denied;
    let (effect, resource) = if allowed {
        ("Allow", arn.text)
    } else {
        denied = arn.deny_resource();
        ("Deny", &*denied)
    };
    let statement = Statement { action: "execute-api:Invoke", effect, resource };
    let policy_document = PolicyDocument { version: "2012-10-17", statement: [statement] };
    let principal_id = principal_id(principal);
    let response = |context: &_| AuthorizerResponse::new(&PolicyResponse { principal_id, policy_document, context });
    // Tests hold that a response always fits.
    first_fitting(context, response).ok_or(AuthorizerError::NoDecision)
}

/// The response for every route at once.
///
/// # Errors
/// The response is too large, even without the grants.
pub(crate) fn for_the_whole_api(
    principal: &Principal,
    policy: &ApiWidePolicy,
    now: Timestamp,
) -> Result<AuthorizerResponse, CompileError> {
    let (principal_id, policy_document) = (principal_id(Some(principal)), policy.document());
    let response = |context: &_| {
        AuthorizerResponse::new(&PolicyResponse { principal_id, policy_document: &policy_document, context })
    };
    first_fitting(context::for_the_whole_api(principal, now), response).ok_or(CompileError::ManyPatterns)
}

/// The first response that is not too large: with the whole context, then without its optional key.
fn first_fitting(
    context: Context,
    response: impl Fn(&Values) -> Option<AuthorizerResponse>,
) -> Option<AuthorizerResponse> {
    let Context { mut values, optional } = context;
    response(&values).or_else(|| {
        let is_shorter = values.remove(optional?);
        is_shorter.then(|| response(&values)).flatten()
    })
}

/// The token's id, or the session's owner: the principal in the gateway's logs and usage plans.
fn principal_id(principal: Option<&Principal>) -> &str {
    match principal {
        Some(Principal::Token(record)) => record.id.as_str(),
        Some(Principal::Session(session)) => session.owner.as_str(),
        None => "nobody",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::response_context::MAX_GROUPS_LENGTH;
    use portcullis::authz::{AccessRequest, AuthzContext, DenyReason, MissingAccess, Session, Settings, authorize};
    use portcullis::catalog::{Catalog, RoleName};
    use portcullis::grants::{Grants, Resource};
    use portcullis::token::{Actor, TokenRecord};
    use serde_json::{Value, json};

    fn respond(
        format: ResponseFormat,
        api: Api,
        arn: &Arn<'_>,
        principal: Option<&Principal>,
        decision: &Decision,
        now: Timestamp,
    ) -> Result<Value, AuthorizerError> {
        super::respond(format, api, arn, principal, decision, &[], now).map(|response| to_value(&response))
    }

    pub(crate) fn to_value(response: &AuthorizerResponse) -> Value {
        serde_json::from_str(response.as_str()).unwrap()
    }

    const ARN: &str = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/v1/GET/apps/billing";

    pub(crate) fn record() -> TokenRecord {
        let (id, name, owner) = ("0123456789abcdef", "GitHub \"Actions\" \\o/", "alice \"al\" \\o/");
        let grants = Grants::single(
            vec!["apps:read".parse().unwrap(), "builds:*".parse().unwrap()],
            vec!["apps/billing".parse().unwrap()],
        );
        let made = Timestamp::from_seconds(0);
        let (id, name, owner) = (id.parse().unwrap(), name.parse().unwrap(), owner.parse().unwrap());
        TokenRecord::new(id, name, owner, grants, Actor::Bootstrap, made)
    }

    pub(crate) fn token(record: TokenRecord) -> Principal {
        Principal::Token(Box::new(record))
    }

    fn shown(shape: ResponseFormat, arn: &str, decision: &Decision) -> String {
        shown_to(&token(record()), shape, arn, decision)
    }

    fn shown_to(principal: &Principal, shape: ResponseFormat, arn: &str, decision: &Decision) -> String {
        match respond(
            shape,
            Api::Protected,
            &Arn::parse(arn).unwrap(),
            Some(principal),
            decision,
            Timestamp::from_seconds(1),
        ) {
            Ok(response) => serde_json::to_string_pretty(&response).unwrap(),
            Err(refusal) => format!("error: {refusal}"),
        }
    }

    fn missing(reason: DenyReason) -> Decision {
        let missing = MissingAccess {
            permission: Some("apps:write".parse().unwrap()),
            resource: Some("apps/\"x\"".to_owned()),
            roles: vec!["cicd".parse().unwrap(), "ops".parse().unwrap()],
        };
        Decision::Forbidden(reason, missing)
    }

    #[test]
    fn a_policy_names_the_one_method_that_was_asked_for() {
        insta::assert_snapshot!(shown(ResponseFormat::Rest, ARN, &Decision::Allow));
    }

    #[test]
    fn a_forbidden_request_gets_a_deny_that_says_what_is_missing() {
        insta::assert_snapshot!(shown(ResponseFormat::Rest, ARN, &missing(DenyReason::PermissionMissing)));
        insta::assert_snapshot!(shown(ResponseFormat::Simple, ARN, &missing(DenyReason::ResourceNotGranted)));
    }

    #[test]
    fn a_refused_credential_is_a_401_error_and_a_deny_for_http_apis() {
        assert_eq!(
            shown(ResponseFormat::Rest, ARN, &Decision::Unauthorized(DenyReason::Revoked)),
            "error: Unauthorized"
        );
        insta::assert_snapshot!(shown(ResponseFormat::Policy, ARN, &Decision::Unauthorized(DenyReason::Revoked)));
        insta::assert_snapshot!(shown(ResponseFormat::Simple, ARN, &Decision::Unauthorized(DenyReason::Revoked)));
    }

    #[test]
    fn template_values_cannot_break_json_strings() {
        for decision in [Decision::Allow, missing(DenyReason::PermissionMissing)] {
            let path = format!("{ARN}/\"}},\\u0022\n");
            let response = respond(
                ResponseFormat::Rest,
                Api::Protected,
                &Arn::parse(&path).unwrap(),
                Some(&token(record())),
                &decision,
                Timestamp::from_seconds(1),
            )
            .unwrap();
            for (key, value) in response["context"].as_object().unwrap() {
                let templated = key.starts_with("audit_") || key.starts_with("missing_") || key == "detail";
                let safe = !value.as_str().unwrap().contains(['"', '\\', '\n']);
                assert!(!templated || safe, "{key}: {value}");
            }
        }
    }

    #[test]
    fn a_session_is_shown_with_its_roles_and_its_end() {
        let session = Session {
            owner: "alice@example.com".parse().unwrap(),
            groups: vec!["team \"a\"".to_owned()],
            roles: vec!["ops".parse().unwrap(), "viewer".parse().unwrap()],
            grants: Grants::single(vec!["*:read".parse().unwrap()], vec!["*".parse().unwrap()]),
            expires_at: Timestamp::from_seconds(1_800_000_000),
        };
        let session = Principal::Session(session);
        insta::assert_snapshot!(shown_to(&session, ResponseFormat::Simple, ARN, &Decision::Allow));
        // Portcullis's own functions resolve the groups themselves.
        let arn = Arn::parse(ARN).unwrap();
        let own = respond(
            ResponseFormat::Rest,
            Api::Management,
            &arn,
            Some(&session),
            &Decision::Allow,
            Timestamp::from_seconds(1),
        );
        let context = &own.unwrap()["context"];
        assert_eq!((&context["groups"], context.get("roles")), (&json!(r#"["team \"a\""]"#), None));
    }

    #[test]
    fn the_largest_answer_stays_under_8_kb() {
        let long = |n: usize| format!("{n:02}{}:{}", "p".repeat(48), "a".repeat(49)).parse().unwrap();
        let longest = "\"".repeat(512 - ARN.len() - 1);
        let resource = |n: usize| format!("{n:02}{}", "\"".repeat(200)).parse().unwrap();
        let arn = format!("{ARN}/{longest}");
        let arn = Arn::parse(&arn).unwrap();
        let roles: Vec<RoleName> = (0..100).map(|n| format!("{}{n:02}", "r".repeat(30)).parse().unwrap()).collect();
        let forbidden = |roles| MissingAccess { permission: Some(long(0)), resource: Some("\"".repeat(512)), roles };
        for size in [1, 3, 10, 50] {
            let grants = Grants::single((0..size).map(long).collect(), (0..size).map(resource).collect());
            let largest = TokenRecord {
                name: "\"".repeat(100).parse().unwrap(),
                owner: "\"".repeat(255).parse().unwrap(),
                grants: grants.clone(),
                ..record()
            };
            // The longest groups of a session, all of it escaped twice.
            let session = Session {
                groups: vec!["\"".repeat(MAX_GROUPS_LENGTH / 2 - 2)],
                owner: "\"".repeat(255).parse().unwrap(),
                roles: roles.clone(),
                grants,
                expires_at: Timestamp::from_millis(1),
            };
            let decisions =
                [Decision::Allow, Decision::Forbidden(DenyReason::ResourceNotGranted, forbidden(roles.clone()))];
            for principal in [token(largest), Principal::Session(session)] {
                for (decision, api) in decisions.iter().flat_map(|one| [(one, Api::Management), (one, Api::Protected)])
                {
                    let now = Timestamp::from_seconds(1);
                    let response =
                        respond(ResponseFormat::Rest, api, &arn, Some(&principal), decision, now).unwrap().to_string();
                    assert!(response.len() < 8 * 1024, "{size}: {}", response.len());
                }
            }
        }
    }

    #[test]
    fn a_deny_stays_a_deny_with_its_reason_however_long_the_path() {
        let record = TokenRecord { name: "ü".repeat(100).parse().unwrap(), ..record() };
        let catalog = Catalog::default();
        let rules = AuthzContext::new(&catalog, &Settings::default());
        let now = Timestamp::from_seconds(1);
        let principals = [
            token(TokenRecord {
                grants: Grants::single(vec!["apps:write".parse().unwrap()], vec![Resource::All]),
                ..record.clone()
            }),
            token(TokenRecord {
                grants: Grants::single(vec!["*:read".parse().unwrap()], vec!["docs".parse().unwrap()]),
                ..record
            }),
        ];
        for unit in ["a", "apps/", "ü", "%C3%BC", "\"", "x.", "..", "*", "pcl_a1B2"] {
            for length in [0, 1, 100, 400, 512, 513, 3000, 7500, 8192, 10_240] {
                let path = format!("apps/{}", unit.repeat(length / unit.len()));
                let text = format!("arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/v1/GET/{path}");
                let arn = Arn::parse(&text).unwrap();
                for (principal, api) in principals.iter().flat_map(|it| [(it, Api::Management), (it, Api::Protected)]) {
                    let asked = AccessRequest { api, target: arn.target, from: None };
                    let decision = authorize(Some(principal), &rules, &asked, now);
                    let Decision::Forbidden(reason, _) = &decision else { panic!("{decision:?}") };
                    for shape in [ResponseFormat::Rest, ResponseFormat::Policy, ResponseFormat::Simple] {
                        let response = respond(shape, api, &arn, Some(principal), &decision, now).unwrap();
                        assert!(response.to_string().len() < MAX_RESPONSE_BYTES, "{unit} {length}: {response}");
                        assert_eq!(response["context"]["audit_reason"], reason.as_str());
                    }
                }
            }
        }
    }

    #[test]
    fn grants_that_do_not_fit_are_left_out_whole() {
        let shown = |size: usize| {
            let permissions = (0..size).map(|n| format!("p{n}:{}", "a".repeat(90)).parse().unwrap()).collect();
            let record = TokenRecord { grants: Grants::single(permissions, vec!["*".parse().unwrap()]), ..record() };
            let response = respond(
                ResponseFormat::Rest,
                Api::Protected,
                &Arn::parse(ARN).unwrap(),
                Some(&token(record)),
                &Decision::Allow,
                Timestamp::from_seconds(1),
            );
            response.unwrap()["context"]["grants"].clone()
        };
        assert!(shown(50).as_str().unwrap().ends_with(r#""resources":["*"]}]"#));
        assert_eq!(shown(80), Value::Null);
    }
}
