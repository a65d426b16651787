//! Resolves CloudFormation functions that are known before a deployment: a reference to a parameter
//! becomes its default. All others stay, and are an error only if a string is required.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

pub(super) fn resolve_parameters(document: Value) -> Value {
    let defaults: Map<String, Value> = document
        .get("Parameters")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(name, parameter)| Some((name.clone(), parameter.get("Default")?.clone())))
        .collect();
    let document = resolve(document, &defaults);
    let conditions = document.get("Conditions").and_then(Value::as_object).into_iter().flatten();
    let holding = conditions.filter(|(_, condition)| holds(condition)).map(|(name, _)| name.clone()).collect();
    choose(document, &holding)
}

/// Evaluates a condition. Any other than `Fn::Equals` does not hold: with the defaults, nothing optional is on.
fn holds(condition: &Value) -> bool {
    match condition.get("Fn::Equals").and_then(Value::as_array).map(Vec::as_slice) {
        Some([one, other]) => one == other,
        _ => false,
    }
}

/// Every `{"Fn::If": [condition, then, else]}` as the branch that is taken.
fn choose(value: Value, holding: &BTreeSet<String>) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| choose(item, holding)).collect(),
        Value::Object(object) => match object.get("Fn::If").and_then(Value::as_array).map(Vec::as_slice) {
            Some([Value::String(condition), then, other]) if object.len() == 1 => {
                choose(if holding.contains(condition) { then.clone() } else { other.clone() }, holding)
            }
            _ => object.into_iter().map(|(name, value)| (name, choose(value, holding))).collect(),
        },
        scalar => scalar,
    }
}

fn resolve(value: Value, defaults: &Map<String, Value>) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| resolve(item, defaults)).collect(),
        Value::Object(object) => {
            if let Some(known) = known(&object, defaults) {
                return known;
            }
            let entries = object.into_iter();
            entries.map(|(name, value)| (name, resolve(value, defaults))).collect()
        }
        scalar => scalar,
    }
}

/// The value of `{"Ref": parameter}`, or of an `{"Fn::Sub": text}` of parameters only.
fn known(object: &Map<String, Value>, defaults: &Map<String, Value>) -> Option<Value> {
    let (name, argument) = object.iter().next().filter(|_| object.len() == 1)?;
    let argument = argument.as_str()?;
    match name.as_str() {
        "Ref" => defaults.get(argument).cloned(),
        "Fn::Sub" => substitute(argument, defaults).map(Value::String),
        _ => None,
    }
}

fn substitute(text: &str, defaults: &Map<String, Value>) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}')?;
        out.push_str(before);
        match name.strip_prefix('!') {
            Some(literal) => out.push_str(&format!("${{{literal}}}")),
            None => out.push_str(&plain(defaults.get(name)?)),
        }
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_reference_to_a_parameter_is_its_default_and_others_stay() {
        let document = json!({
            "Parameters": {"StageName": {"Default": "v1"}, "Days": {"Default": 30}, "Vpc": {}},
            "a": {"Ref": "StageName"},
            "b": [{"Fn::Sub": "${StageName}-${Days}-${!Keep}"}],
            "c": {"Ref": "Table"},
            "d": {"Fn::Sub": "${AWS::Region}-${StageName}"},
            "e": {"Ref": "Vpc"},
        });
        let resolved = resolve_parameters(document);
        assert_eq!(resolved["a"], "v1");
        assert_eq!(resolved["b"][0], "v1-30-${Keep}");
        assert_eq!(resolved["c"], json!({"Ref": "Table"}));
        assert_eq!(resolved["d"], json!({"Fn::Sub": "${AWS::Region}-${StageName}"}));
        assert_eq!(resolved["e"], json!({"Ref": "Vpc"}));
    }

    #[test]
    fn an_if_is_the_branch_that_the_defaults_choose() {
        let document = json!({
            "Parameters": {"Role": {"Default": "false"}},
            "Conditions": {
                "Makes": {"Fn::Equals": [{"Ref": "Role"}, "true"]},
                "Keeps": {"Fn::Equals": [{"Ref": "Role"}, "false"]},
            },
            "a": {"Fn::If": ["Makes", {"Ref": "Account"}, "existing"]},
            "b": [{"Fn::If": ["Keeps", {"Fn::If": ["Makes", 1, 2]}, 3]}],
        });
        let resolved = resolve_parameters(document);
        assert_eq!((&resolved["a"], &resolved["b"][0]), (&json!("existing"), &json!(2)));
    }
}
