//! The answer in the shape that each kind of event needs, and the context that travels
//! with it to the function behind the gateway.

use portcullis::access::{Decision, Missing, Principal, Reason, RoleName, Target};
use portcullis::audit::redact;
use portcullis::config::HttpApiAnswer;
use serde_json::{Map, Value, json};

use crate::Event;
use crate::arn::Arn;

/// The most that the grants may take in an answer of 8 KB.
const MOST_GRANTS_BYTES: usize = 3 * 1024;

/// The error that a REST API turns into a 401 (its text has to be exactly this), or into a
/// 500.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The credential opens nothing: 401.
    #[error("Unauthorized")]
    Unauthorized,
    /// No decision could be made: 500.
    #[error("no decision")]
    NoDecision,
}

/// How an answer has to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A policy, or the error `Unauthorized`: REST and WebSocket APIs.
    Rest,
    /// A policy: HTTP APIs.
    Policy,
    /// `isAuthorized`: HTTP APIs.
    Simple,
}

impl Shape {
    pub(crate) fn of(event: &Event, http_api_answer: HttpApiAnswer) -> Self {
        match (event.version(), http_api_answer) {
            (Some("2.0"), HttpApiAnswer::Simple) => Self::Simple,
            (Some("1.0" | "2.0"), _) => Self::Policy,
            // WebSocket APIs have a version too, which is not a payload's: "$LATEST".
            _ => Self::Rest,
        }
    }
}

pub(crate) fn answer(
    shape: Shape,
    arn: &Arn<'_>,
    principal: Option<&Principal>,
    decision: &Decision,
) -> Result<Value, Refusal> {
    if shape == Shape::Rest && matches!(decision, Decision::Refuse(_)) {
        return Err(Refusal::Unauthorized);
    }
    let allowed = *decision == Decision::Allow;
    let context = context(arn, principal, decision);
    if shape == Shape::Simple {
        return Ok(json!({ "isAuthorized": allowed, "context": context }));
    }
    let (effect, resource) = if allowed { ("Allow", arn.text.to_owned()) } else { ("Deny", arn.denied()) };
    Ok(json!({
        "principalId": principal_id(principal),
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{ "Action": "execute-api:Invoke", "Effect": effect, "Resource": resource }],
        },
        "context": context,
    }))
}

/// The token's id, or the person's name: who it is in the gateway's own logs and keys.
fn principal_id(principal: Option<&Principal>) -> &str {
    match principal {
        Some(Principal::Token(record)) => record.id.as_str(),
        Some(Principal::Session(session)) => session.owner.as_str(),
        None => "nobody",
    }
}

/// What the authorizer found out, in strings: for the function behind the gateway, for the
/// gateway's own answers (which put `detail` and `missing_*` into a problem document), and
/// for its access log (`audit_*`).
///
/// The gateway copies values into JSON as they are, so those for its templates hold no
/// quote and no backslash. All of it stays under 8 KB: `grants` are left out where they
/// are too large, and read again by whoever needs them.
fn context(arn: &Arn<'_>, principal: Option<&Principal>, decision: &Decision) -> Map<String, Value> {
    let mut context = Map::new();
    let mut put = |key: &str, value: &str| context.insert(key.to_owned(), Value::from(value));
    // A credential that was refused is nobody's, even where its record is known.
    let authenticated = principal.filter(|_| !matches!(decision, Decision::Refuse(_)));
    if let Some(principal) = authenticated {
        put("owner", principal.owner().as_str());
        match principal {
            Principal::Token(record) => {
                put("principal_type", "token");
                put("token_id", record.id.as_str());
                put("token_name", record.name.as_str());
                put("audit_token_name", &for_template(record.name.as_str()));
            }
            Principal::Session(session) => {
                put("principal_type", "session");
                put("roles", &words(&session.roles));
                put("expires_at", &session.expires_at.to_string());
            }
        }
    }
    if let Target::Http { path, .. } = arn.target {
        put("audit_path", &for_template(&format!("/{path}")));
    }
    put("audit_decision", if *decision == Decision::Allow { "allow" } else { "deny" });
    match (decision, authenticated) {
        (Decision::Allow, Some(principal)) => {
            if let Some(grants) = grants(principal) {
                put("grants", &grants);
            }
        }
        (Decision::Forbid(reason, missing), _) => {
            put("audit_reason", reason.as_str());
            put("detail", &detail(*reason, missing));
            put("missing_permission", &missing.permission.as_ref().map_or_else(String::new, ToString::to_string));
            put("missing_resource", &missing.resource.as_deref().map_or_else(String::new, for_template));
            put("missing_roles", &words(&missing.roles));
        }
        (Decision::Refuse(reason), _) => {
            put("audit_reason", reason.as_str());
        }
        (Decision::Allow, None) => {}
    }
    context
}

/// The grants as JSON text, unless they are too large to travel with the answer: there they
/// are a string inside JSON, in which each quote takes two characters.
fn grants(principal: &Principal) -> Option<String> {
    let grants = principal.grants().iter().map(|grant| {
        let permissions: Vec<_> = grant.permissions.iter().map(ToString::to_string).collect();
        let resources: Vec<_> = grant.resources.iter().map(ToString::to_string).collect();
        json!({ "permissions": permissions, "resources": resources })
    });
    let text = grants.collect::<Value>().to_string();
    (Value::from(text.as_str()).to_string().len() <= MOST_GRANTS_BYTES).then_some(text)
}

fn words(names: &[RoleName]) -> String {
    names.iter().map(RoleName::as_str).collect::<Vec<_>>().join(" ")
}

/// One or two sentences for the caller of a 403.
fn detail(reason: Reason, missing: &Missing) -> String {
    let mut text = match (&missing.permission, &missing.resource) {
        (Some(permission), Some(resource)) if reason == Reason::PermissionMissing => {
            format!("This needs the permission {permission} on {}; you do not have it.", named(resource))
        }
        (Some(permission), Some(resource)) => {
            format!("This needs {permission} on {}; you have it on other resources only.", named(resource))
        }
        _ if reason == Reason::RouteNotListed => {
            "The catalog is strict and does not list this route, so nobody may call it.".to_owned()
        }
        _ => "The path can be read in more than one way. Send it without '.' and '..', doubled, encoded or backward slashes, ';', '*', '?' and control characters, and in at most 400 characters.".to_owned(),
    };
    if !missing.roles.is_empty() {
        text.push_str(&format!(" Roles that give it: {}.", words(&missing.roles).replace(' ', ", ")));
    }
    text
}

fn named(resource: &str) -> String {
    if resource.is_empty() { "the API's root".to_owned() } else { for_template(resource) }
}

/// Without what would end a string in a JSON template, and without secrets.
fn for_template(text: &str) -> String {
    redact(text)
        .chars()
        .map(|c| match c {
            '"' => '\'',
            '\\' => '/',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis::access::{Grants, Session};
    use portcullis::clock::Timestamp;
    use portcullis::token::{Actor, Record};

    const ARN: &str = "arn:aws:execute-api:eu-central-1:123456789012:a1b2c3/v1/GET/apps/billing";

    fn record() -> Record {
        Record {
            id: "0123456789abcdef".parse().unwrap(),
            name: "GitHub \"Actions\" \\o/".parse().unwrap(),
            description: None,
            owner: "alice@example.com".parse().unwrap(),
            created_by: Actor::Bootstrap,
            created_at: Timestamp::from_seconds(0),
            expires_at: None,
            revoked: None,
            role: None,
            grants: Grants::one(
                vec!["apps:read".parse().unwrap(), "builds:*".parse().unwrap()],
                vec!["apps/billing".parse().unwrap()],
            ),
            last_used_at: None,
            version: 1,
        }
    }

    fn token(record: Record) -> Principal {
        Principal::Token(Box::new(record))
    }

    fn shown(shape: Shape, arn: &str, decision: &Decision) -> String {
        shown_to(&token(record()), shape, arn, decision)
    }

    fn shown_to(principal: &Principal, shape: Shape, arn: &str, decision: &Decision) -> String {
        match answer(shape, &Arn::parse(arn).unwrap(), Some(principal), decision) {
            Ok(answer) => serde_json::to_string_pretty(&answer).unwrap(),
            Err(refusal) => format!("error: {refusal}"),
        }
    }

    fn missing(reason: Reason) -> Decision {
        let missing = Missing {
            permission: Some("apps:write".parse().unwrap()),
            resource: Some("apps/\"x\"".to_owned()),
            roles: vec!["cicd".parse().unwrap(), "ops".parse().unwrap()],
        };
        Decision::Forbid(reason, missing)
    }

    #[test]
    fn a_policy_names_the_one_method_that_was_asked_for() {
        insta::assert_snapshot!(shown(Shape::Rest, ARN, &Decision::Allow));
    }

    #[test]
    fn a_forbidden_request_gets_a_deny_that_says_what_is_missing() {
        insta::assert_snapshot!(shown(Shape::Rest, ARN, &missing(Reason::PermissionMissing)));
        insta::assert_snapshot!(shown(Shape::Simple, ARN, &missing(Reason::ResourceNotGranted)));
    }

    #[test]
    fn a_refused_credential_is_the_error_that_makes_a_401_and_a_deny_for_http_apis() {
        assert_eq!(shown(Shape::Rest, ARN, &Decision::Refuse(Reason::Revoked)), "error: Unauthorized");
        insta::assert_snapshot!(shown(Shape::Policy, ARN, &Decision::Refuse(Reason::Revoked)));
        insta::assert_snapshot!(shown(Shape::Simple, ARN, &Decision::Refuse(Reason::Revoked)));
    }

    #[test]
    fn what_goes_into_the_gateways_templates_cannot_end_a_json_string() {
        for decision in [Decision::Allow, missing(Reason::PermissionMissing)] {
            let path = format!("{ARN}/\"}},\\u0022\n");
            let answer = answer(Shape::Rest, &Arn::parse(&path).unwrap(), Some(&token(record())), &decision).unwrap();
            for (key, value) in answer["context"].as_object().unwrap() {
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
            roles: vec!["ops".parse().unwrap(), "viewer".parse().unwrap()],
            grants: Grants::one(vec!["*:read".parse().unwrap()], vec!["*".parse().unwrap()]),
            expires_at: Timestamp::from_seconds(1_800_000_000),
        };
        insta::assert_snapshot!(shown_to(&Principal::Session(session), Shape::Simple, ARN, &Decision::Allow));
    }

    #[test]
    fn the_largest_answer_stays_under_8_kb() {
        let long = |n: usize| format!("{n:02}{}:{}", "p".repeat(48), "a".repeat(49)).parse().unwrap();
        let longest = "\"".repeat(512 - ARN.len() - 1);
        let resource = |n: usize| format!("{n:02}{}", "\"".repeat(200)).parse().unwrap();
        let arn = format!("{ARN}/{longest}");
        let arn = Arn::parse(&arn).unwrap();
        let roles: Vec<RoleName> = (0..100).map(|n| format!("{}{n:02}", "r".repeat(30)).parse().unwrap()).collect();
        let forbidden = |roles| Missing { permission: Some(long(0)), resource: Some("\"".repeat(512)), roles };
        for size in [1, 3, 10, 50] {
            let grants = Grants::one((0..size).map(long).collect(), (0..size).map(resource).collect());
            let largest = Record {
                name: "\"".repeat(100).parse().unwrap(),
                owner: "o".repeat(128).parse().unwrap(),
                grants: grants.clone(),
                ..record()
            };
            let session = Session {
                owner: "o".repeat(128).parse().unwrap(),
                roles: roles.clone(),
                grants,
                expires_at: Timestamp::from_millis(1),
            };
            for principal in [token(largest), Principal::Session(session)] {
                for decision in [Decision::Allow, Decision::Forbid(Reason::ResourceNotGranted, forbidden(Vec::new()))] {
                    let answer = answer(Shape::Rest, &arn, Some(&principal), &decision).unwrap().to_string();
                    assert!(answer.len() < 8 * 1024, "{size}: {}", answer.len());
                }
            }
        }
    }

    #[test]
    fn grants_that_do_not_fit_are_left_out_whole() {
        let shown = |size: usize| {
            let permissions = (0..size).map(|n| format!("p{n}:{}", "a".repeat(90)).parse().unwrap()).collect();
            let record = Record { grants: Grants::one(permissions, vec!["*".parse().unwrap()]), ..record() };
            grants(&token(record))
        };
        assert!(shown(20).unwrap().ends_with(r#""resources":["*"]}]"#));
        assert_eq!(shown(50), None);
    }
}
