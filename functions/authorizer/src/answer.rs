//! The answer in the shape that each kind of event needs, and the context that travels
//! with it to the function behind the gateway.

use portcullis::access::{Decision, Missing, Permission, Reason, Target};
use portcullis::audit::redact;
use portcullis::config::HttpApiAnswer;
use portcullis::token::Record;
use serde_json::{Map, Value, json};

use crate::Event;
use crate::arn::Arn;

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
    record: Option<&Record>,
    decision: &Decision,
) -> Result<Value, Refusal> {
    if shape == Shape::Rest && matches!(decision, Decision::Refuse(_)) {
        return Err(Refusal::Unauthorized);
    }
    let allowed = *decision == Decision::Allow;
    let context = context(arn, record, decision);
    if shape == Shape::Simple {
        return Ok(json!({ "isAuthorized": allowed, "context": context }));
    }
    let (effect, resource) = if allowed { ("Allow", arn.text.to_owned()) } else { ("Deny", arn.denied()) };
    Ok(json!({
        "principalId": record.map_or("nobody", |record| record.id.as_str()),
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{ "Action": "execute-api:Invoke", "Effect": effect, "Resource": resource }],
        },
        "context": context,
    }))
}

/// What the authorizer found out, in strings: for the function behind the gateway, for the
/// gateway's own answers (which put `detail` and `missing_*` into a problem document), and
/// for its access log (`audit_*`).
///
/// The gateway copies values into JSON as they are, so those for its templates hold no
/// quote and no backslash. All of it stays under 8 KB: 50 permissions of 100 characters
/// are the most; resources are left out, and read again by whoever needs them.
fn context(arn: &Arn<'_>, record: Option<&Record>, decision: &Decision) -> Map<String, Value> {
    let mut context = Map::new();
    let mut put = |key: &str, value: &str| context.insert(key.to_owned(), Value::from(value));
    // A credential that was refused is nobody's, even where its record is known.
    let authenticated = record.filter(|_| !matches!(decision, Decision::Refuse(_)));
    if let Some(record) = authenticated {
        put("principal_type", "token");
        put("token_id", record.id.as_str());
        put("token_name", record.name.as_str());
        put("owner", record.owner.as_str());
        put("audit_token_name", &for_template(record.name.as_str()));
    }
    if let Target::Http { path, .. } = arn.target {
        put("audit_path", &for_template(&format!("/{path}")));
    }
    put("audit_decision", if *decision == Decision::Allow { "allow" } else { "deny" });
    match (decision, authenticated) {
        (Decision::Allow, Some(record)) => {
            let permissions: Vec<_> = record.grant.permissions.iter().map(Permission::to_string).collect();
            put("permissions", &permissions.join(" "));
        }
        (Decision::Forbid(reason, missing), _) => {
            put("audit_reason", reason.as_str());
            put("detail", &detail(*reason, missing));
            put("missing_permission", &missing.permission.as_ref().map_or_else(String::new, ToString::to_string));
            put("missing_resource", &missing.resource.as_deref().map_or_else(String::new, for_template));
        }
        (Decision::Refuse(reason), _) => {
            put("audit_reason", reason.as_str());
        }
        (Decision::Allow, None) => {}
    }
    context
}

/// One sentence for the caller of a 403.
fn detail(reason: Reason, missing: &Missing) -> String {
    match (&missing.permission, &missing.resource) {
        (Some(permission), Some(resource)) if reason == Reason::PermissionMissing => {
            format!("This needs the permission {permission} on {}; your token does not have it.", named(resource))
        }
        (Some(permission), Some(resource)) => {
            format!("This needs {permission} on {}; your token has it on other resources only.", named(resource))
        }
        _ => "The path can be read in more than one way. Send it without '.' and '..', doubled, encoded or backward slashes, ';', '*', '?' and control characters, and in at most 400 characters.".to_owned(),
    }
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
    use portcullis::access::Grant;
    use portcullis::clock::Timestamp;
    use portcullis::token::Actor;

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
            grant: Grant {
                permissions: vec!["apps:read".parse().unwrap(), "builds:*".parse().unwrap()],
                resources: vec!["apps/billing".parse().unwrap()],
            },
            last_used_at: None,
            version: 1,
        }
    }

    fn shown(shape: Shape, arn: &str, decision: &Decision) -> String {
        match answer(shape, &Arn::parse(arn).unwrap(), Some(&record()), decision) {
            Ok(answer) => serde_json::to_string_pretty(&answer).unwrap(),
            Err(refusal) => format!("error: {refusal}"),
        }
    }

    fn missing(reason: Reason) -> Decision {
        let missing =
            Missing { permission: Some("apps:write".parse().unwrap()), resource: Some("apps/\"x\"".to_owned()) };
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
            let answer = answer(Shape::Rest, &Arn::parse(&path).unwrap(), Some(&record()), &decision).unwrap();
            for (key, value) in answer["context"].as_object().unwrap() {
                let templated = key.starts_with("audit_") || key.starts_with("missing_") || key == "detail";
                let safe = !value.as_str().unwrap().contains(['"', '\\', '\n']);
                assert!(!templated || safe, "{key}: {value}");
            }
        }
    }

    #[test]
    fn the_largest_answer_stays_under_8_kb() {
        let longest = |n: usize| format!("{n:02}{}:{}", "p".repeat(48), "a".repeat(49));
        let mut largest = record();
        largest.name = "\"".repeat(100).parse().unwrap();
        largest.owner = "o".repeat(128).parse().unwrap();
        largest.grant.permissions = (0..50).map(|n| longest(n).parse().unwrap()).collect();
        assert!(largest.grant.permissions.iter().all(|permission| permission.to_string().len() == 100));
        let arn = format!("{ARN}/{}", "\"".repeat(512 - ARN.len() - 1));
        let arn = Arn::parse(&arn).unwrap();
        let forbidden = Missing { permission: Some(longest(0).parse().unwrap()), resource: Some("\"".repeat(512)) };
        for decision in [Decision::Allow, Decision::Forbid(Reason::ResourceNotGranted, forbidden)] {
            let size = answer(Shape::Rest, &arn, Some(&largest), &decision).unwrap().to_string().len();
            assert!(size < 8 * 1024, "{size}");
        }
    }
}
