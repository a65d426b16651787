//! The claims of an identity.

use serde_json::{Map, Value};

/// The claims of an identity, verified or written down for a trial.
pub type ClaimSet = Map<String, Value>;

/// What a claim says: one text, or each of a list. Numbers and truth values count as they are
/// written.
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
