//! The roles of `template.yaml`, and IAM's evaluation of them: only what the template uses, and an error
//! for anything else.
//!
//! Operators:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>

use std::collections::{BTreeMap, BTreeSet};

use local::template::Template;
use serde_json::{Map, Value, json};

use super::request::{ATTRIBUTES, Action, ENCLOSING_OPERATION, LEADING_KEYS, RETURN_VALUES, SELECT, TABLE};

/// What a function may do with the table.
#[derive(Clone, Debug)]
pub(super) struct Role {
    pub(super) statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) sid: String,
    pub(super) actions: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) conditions: Vec<Condition>,
}

#[derive(Clone, Debug)]
pub(super) struct Condition {
    operator: Operator,
    pub(super) key: String,
    pub(super) values: Vec<String>,
    /// Whether the list is one of the template's mappings, which several statements use.
    is_shared: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    ForAllValuesStringEquals,
    ForAllValuesStringLike,
    ForAnyValueStringEquals,
    StringEqualsIfExists,
}

/// The roles by the names of their functions.
pub(super) fn roles(template: &Value) -> Result<BTreeMap<String, Role>, String> {
    let resources = members(&template["Resources"])?;
    let functions = resources.values().filter(|resource| resource["Type"] == "AWS::Serverless::Function");
    let role = |function: &Value| {
        let name = text(&function["Metadata"]["BuildProperties"]["Binary"])?;
        let role = text(&function["Properties"]["Role"]["Fn::GetAtt"][0])?;
        let policies = items(&resources[&role]["Properties"]["Policies"])?;
        let mut statements = Vec::new();
        // A policy that is off is no value.
        for policy in policies.iter().filter(|policy| policy.get("Ref").is_none()) {
            for statement in items(&policy["PolicyDocument"]["Statement"])? {
                statements.extend(statement_on_table(template, statement).map_err(|error| format!("{role}: {error}"))?);
            }
        }
        Ok((name, Role { statements }))
    };
    functions.map(role).collect()
}

/// The template's roles.
pub(super) fn roles_of_template() -> Result<BTreeMap<String, Role>, String> {
    roles(&Template::document().map_err(|error| error.to_string())?)
}

/// `None` for a statement about another service.
fn statement_on_table(template: &Value, statement: &Value) -> Result<Option<Statement>, String> {
    let actions = texts(&statement["Action"])?;
    if !actions.iter().any(|action| action.starts_with("dynamodb:")) {
        return Ok(None);
    }
    let parts = members(statement)?;
    if let Some(unknown) =
        parts.keys().find(|name| !["Sid", "Effect", "Action", "Resource", "Condition"].contains(&&***name))
    {
        return Err(format!("{unknown} is not evaluated"));
    }
    if statement["Effect"] != "Allow" || actions.iter().any(|action| action.contains(['*', '?'])) {
        return Err("only statements that allow named actions are evaluated".to_owned());
    }
    let resources = match &statement["Resource"] {
        Value::Array(resources) => resources.iter().map(resource).collect::<Result<_, _>>()?,
        one => vec![resource(one)?],
    };
    let mut conditions = Vec::new();
    for (operator, keys) in statement.get("Condition").map(members).transpose()?.into_iter().flatten() {
        for (key, values) in members(keys)? {
            conditions.push(condition(template, operator, key, values)?);
        }
    }
    Ok(Some(Statement { sid: text(&statement["Sid"])?, actions, resources, conditions }))
}

fn resource(value: &Value) -> Result<String, String> {
    let table = json!({"Fn::GetAtt": ["TokensTable", "Arn"]});
    if *value == table {
        return Ok(TABLE.to_owned());
    }
    let path = Some(&value["Fn::Sub"]).filter(|sub| sub[1] == json!({"Table": table})).and_then(|sub| sub[0].as_str());
    let path = path.and_then(|path| path.strip_prefix("${Table}")).filter(|path| !path.contains(['*', '?', '$']));
    path.map(|path| format!("{TABLE}{path}")).ok_or_else(|| format!("the resource {value} is not evaluated"))
}

fn condition(template: &Value, operator: &str, key: &str, values: &Value) -> Result<Condition, String> {
    let operator = match operator {
        "ForAllValues:StringEquals" => Operator::ForAllValuesStringEquals,
        "ForAllValues:StringLike" => Operator::ForAllValuesStringLike,
        "ForAnyValue:StringEquals" => Operator::ForAnyValueStringEquals,
        "StringEqualsIfExists" => Operator::StringEqualsIfExists,
        _ => return Err(format!("the operator {operator} is not evaluated")),
    };
    if ![LEADING_KEYS, ATTRIBUTES, SELECT, RETURN_VALUES, ENCLOSING_OPERATION].contains(&key) {
        return Err(format!("the condition key {key} is not evaluated"));
    }
    let mapping = values.get("Fn::FindInMap").map(texts).transpose()?;
    let values = match mapping.as_deref() {
        Some([map, first, second]) => texts(&template["Mappings"][map][first][second])?,
        Some(other) => return Err(format!("no mapping: {other:?}")),
        None => texts(values)?,
    };
    // A `*` elsewhere would need another comparison.
    if values.iter().any(|value| value.contains('?') || value.trim_end_matches('*').contains('*')) {
        return Err(format!("only a final * is evaluated: {values:?}"));
    }
    Ok(Condition { operator, key: key.to_owned(), values, is_shared: mapping.is_some() })
}

impl Role {
    /// Whether a statement allows an action.
    pub(super) fn allows(&self, action: &Action) -> bool {
        self.statements.iter().any(|statement| statement.allows(action))
    }
}

impl Statement {
    pub(super) fn allows(&self, action: &Action) -> bool {
        self.actions.contains(&action.name)
            && self.resources.contains(&action.resource)
            && self.conditions.iter().all(|condition| condition.holds(action))
    }
}

impl Condition {
    /// Whether it lists partitions or attributes, for this statement alone.
    pub(super) fn is_own_list(&self) -> bool {
        !self.is_shared && [LEADING_KEYS, ATTRIBUTES].contains(&self.key.as_str())
    }

    fn holds(&self, action: &Action) -> bool {
        let empty = BTreeSet::new();
        let found = action.context.get(self.key.as_str()).unwrap_or(&empty);
        let equals = |value: &String| self.values.contains(value);
        match self.operator {
            Operator::ForAllValuesStringEquals => found.iter().all(equals),
            Operator::ForAllValuesStringLike => {
                found.iter().all(|value| self.values.iter().any(|it| is_like(value, it)))
            }
            Operator::ForAnyValueStringEquals => found.iter().any(equals),
            Operator::StringEqualsIfExists => found.iter().all(equals),
        }
    }
}

fn is_like(value: &str, pattern: &str) -> bool {
    pattern.strip_suffix('*').map_or(value == pattern, |start| value.starts_with(start))
}

fn members(value: &Value) -> Result<&Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("not a mapping: {value}"))
}

fn items(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or_else(|| format!("not a list: {value}"))
}

fn texts(value: &Value) -> Result<Vec<String>, String> {
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        one => Ok(vec![text(one)?]),
    }
}

fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("not a string: {value}"))
}
