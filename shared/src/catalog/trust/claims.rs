//! The claims of an identity.

use serde_json::{Map, Value};

/// Claims of an identity, verified or made up for a dry run.
pub type ClaimSet = Map<String, Value>;

/// The values of a claim: one, or each entry of a list. Numbers and booleans count as their JSON text.
pub(super) fn texts(claim: Option<&Value>) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    match claim {
        Some(Value::Array(many)) => many.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}
