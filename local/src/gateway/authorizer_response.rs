//! Evaluation of an authorizer's response for a method ARN, by IAM's rules. A response that is not
//! understood is malformed, never allowed.

use serde_json::Value;
use std::collections::BTreeMap;
use wildmatch::WildMatch;

/// A valid response. It applies to any request of its caller.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AuthorizerResponse {
    /// The principal id.
    pub(crate) principal_id: String,
    /// The context for the function, with values as strings, as API Gateway passes them.
    pub(crate) context: BTreeMap<String, String>,
    policy: Vec<Statement>,
}

/// The response is malformed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the authorizer's response {0}")]
pub(crate) struct InvalidAuthorizerResponse(&'static str);

#[derive(Debug, PartialEq, Eq)]
struct Statement {
    effect: Effect,
    /// Whether it applies to invoking an API.
    invokes: bool,
    resources: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

impl AuthorizerResponse {
    /// Reads a response.
    ///
    /// # Errors
    /// API Gateway would not accept the response.
    pub(crate) fn read(response: &Value) -> Result<Self, InvalidAuthorizerResponse> {
        let principal_id = text(response, "principalId").ok_or(InvalidAuthorizerResponse("has no principalId"))?;
        let policy = response.get("policyDocument").ok_or(InvalidAuthorizerResponse("has no policyDocument"))?;
        let statements = policy.get("Statement").ok_or(InvalidAuthorizerResponse("has no Statement"))?;
        Ok(Self {
            principal_id: principal_id.to_owned(),
            context: context(response.get("context"))?,
            policy: one_or_many(statements).iter().map(Statement::read).collect::<Result<_, _>>()?,
        })
    }

    /// Whether a request is allowed. Deny overrides Allow, and the default is deny.
    pub(crate) fn allows(&self, method_arn: &str) -> bool {
        let says = |effect| self.policy.iter().any(|s| s.effect == effect && s.applies(method_arn));
        says(Effect::Allow) && !says(Effect::Deny)
    }
}

impl Statement {
    fn read(statement: &Value) -> Result<Self, InvalidAuthorizerResponse> {
        let conditional = ["Condition", "NotAction", "NotResource", "NotPrincipal", "Principal"];
        if conditional.iter().any(|key| statement.get(key).is_some()) {
            return Err(InvalidAuthorizerResponse("has a statement that is not supported here"));
        }
        let actions = patterns(statement, "Action")?;
        let invokes = actions.iter().any(|action| matches(&action.to_ascii_lowercase(), "execute-api:invoke"));
        let effect = match text(statement, "Effect") {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => return Err(InvalidAuthorizerResponse("has a statement without an Effect")),
        };
        Ok(Self { effect, invokes, resources: patterns(statement, "Resource")? })
    }

    fn applies(&self, method_arn: &str) -> bool {
        self.invokes && self.resources.iter().any(|resource| arn_matches(resource, method_arn))
    }
}

fn patterns(statement: &Value, key: &str) -> Result<Vec<String>, InvalidAuthorizerResponse> {
    let patterns = statement.get(key).ok_or(InvalidAuthorizerResponse("has an incomplete statement"))?;
    let patterns = one_or_many(patterns).iter().map(|pattern| pattern.as_str().map(str::to_owned));
    patterns.collect::<Option<_>>().ok_or(InvalidAuthorizerResponse("has a pattern that is not a string"))
}

/// Compares an ARN part by part, so that a wildcard in the account does not match into the path. `*`
/// alone matches every ARN.
fn arn_matches(pattern: &str, arn: &str) -> bool {
    let mut patterns = pattern.splitn(6, ':');
    let mut parts = arn.splitn(6, ':');
    pattern == "*"
        || (patterns.clone().count() == parts.clone().count()
            && patterns.by_ref().zip(parts.by_ref()).all(|(pattern, part)| matches(pattern, part)))
}

/// Matches with wildcards: `*` is any run of characters, slashes included, and `?` any one character.
fn matches(pattern: &str, text: &str) -> bool {
    WildMatch::new(pattern).matches(text)
}

fn context(context: Option<&Value>) -> Result<BTreeMap<String, String>, InvalidAuthorizerResponse> {
    let Some(context) = context else {
        return Ok(BTreeMap::new());
    };
    let entries = context.as_object().ok_or(InvalidAuthorizerResponse("has a context that is not a map"))?;
    let entries = entries.iter().map(|(key, value)| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            _ => return Err(InvalidAuthorizerResponse("has a context value that is not a scalar")),
        };
        Ok((key.clone(), text))
    });
    entries.collect()
}

fn one_or_many(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ARN: &str = "arn:aws:execute-api:us-east-1:000000000000:demo/demo/GET/apps/billing";

    fn statement(effect: &str, resource: &str) -> Value {
        json!({"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource})
    }

    fn response(statements: &Value) -> Value {
        json!({"principalId": "id", "policyDocument": {"Version": "2012-10-17", "Statement": statements}})
    }

    fn allowed(statements: &Value) -> bool {
        AuthorizerResponse::read(&response(statements)).unwrap().allows(ARN)
    }

    #[test]
    fn a_request_that_no_statement_allows_is_denied() {
        assert!(allowed(&json!([statement("Allow", ARN)])));
        assert!(allowed(&statement("Allow", ARN)), "one statement need not be a list");
        assert!(!allowed(&json!([])));
        assert!(!allowed(&json!([statement("Allow", &ARN.replace("GET", "POST"))])));
        assert!(!allowed(&json!([statement("Allow", &ARN.to_uppercase())])));
        let other = json!([{"Action": "s3:GetObject", "Effect": "Allow", "Resource": "*"}]);
        assert!(!allowed(&other));
    }

    #[test]
    fn a_deny_wins_wherever_it_stands() {
        assert!(!allowed(&json!([statement("Deny", ARN), statement("Allow", ARN)])));
        assert!(!allowed(&json!([statement("Allow", "*"), statement("Deny", ARN)])));
        let elsewhere = statement("Deny", &ARN.replace("GET", "PUT"));
        assert!(allowed(&json!([statement("Allow", "*"), elsewhere])));
    }

    #[test]
    fn one_answer_is_evaluated_for_each_request_afresh() {
        let response = response(&json!([statement("Allow", "*"), statement("Deny", &ARN.replace("GET", "PUT"))]));
        let response = AuthorizerResponse::read(&response).unwrap();
        assert!(response.allows(ARN));
        assert!(!response.allows(&ARN.replace("GET", "PUT")));
        assert!(response.allows(&ARN.replace("GET", "POST")));
    }

    #[test]
    fn wildcards_reach_over_slashes_but_not_over_the_parts_of_an_arn() {
        for pattern in [
            "*",
            "arn:aws:execute-api:us-east-1:000000000000:demo/*",
            "arn:aws:execute-api:*:*:demo/demo/*/apps/*",
            "arn:aws:execute-api:us-east-?:000000000000:demo/demo/GET/apps/billin?",
            "arn:aws:execute-api:us-east-1:000000000000:*/billing",
        ] {
            assert!(allowed(&statement("Allow", pattern)), "{pattern}");
        }
        for pattern in [
            "arn:aws:execute-api:*/apps/billing",
            "arn:aws:execute-api:us-east-1:000000000000:demo/demo/GET/apps/billing?",
            "arn:aws:execute-api:us-east-1:000000000000:demo/demo/GET/apps",
            "",
        ] {
            assert!(!allowed(&statement("Allow", pattern)), "{pattern}");
        }
    }

    #[test]
    fn many_stars_against_a_long_path_take_no_time() {
        let pattern = "*a".repeat(200) + "b";
        assert!(!matches(&pattern, &"a".repeat(5_000)));
    }

    #[test]
    fn an_answer_that_is_not_understood_is_malformed_never_an_allow() {
        let mut conditional = statement("Allow", "*");
        conditional["Condition"] = json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}});
        let policy = json!({"Statement": [statement("Allow", "*")]});
        for response in [
            json!(null),
            json!("allow"),
            json!({}),
            json!({"principalId": "id"}),
            json!({"principalId": 1, "policyDocument": policy}),
            json!({"policyDocument": policy}),
            json!({"principalId": "id", "policyDocument": {}}),
            response(&json!([conditional])),
            response(&json!([statement("allow", "*")])),
            response(&json!([{"Effect": "Allow", "Resource": "*"}])),
            response(&json!([{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": 1}])),
            json!({"principalId": "id", "policyDocument": policy, "context": {"a": {"b": 1}}}),
            json!({"principalId": "id", "policyDocument": policy, "context": []}),
        ] {
            assert!(AuthorizerResponse::read(&response).is_err(), "{response}");
        }
    }

    #[test]
    fn the_context_reaches_the_function_as_text() {
        let mut response = response(&json!([statement("Allow", ARN)]));
        response["context"] = json!({"a": "x", "b": 1, "c": true});
        let context = AuthorizerResponse::read(&response).unwrap().context;
        let expected = [("a", "x"), ("b", "1"), ("c", "true")];
        assert_eq!(context, expected.map(|(k, v)| (k.to_owned(), v.to_owned())).into());
    }
}
