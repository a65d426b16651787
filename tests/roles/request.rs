//! What IAM sees of a DynamoDB request: actions, and the condition keys of each.
//!
//! Condition keys:
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use local::template::{Table, Template};
use serde_json::{Map, Value};

pub(super) const LEADING_KEYS: &str = "dynamodb:LeadingKeys";
pub(super) const ATTRIBUTES: &str = "dynamodb:Attributes";
pub(super) const SELECT: &str = "dynamodb:Select";
pub(super) const RETURN_VALUES: &str = "dynamodb:ReturnValues";
pub(super) const ENCLOSING_OPERATION: &str = "dynamodb:EnclosingOperation";
/// The table, and what an index's name follows.
pub(super) const TABLE: &str = "table";
pub(super) const INDEX: &str = "table/index/";

/// One action of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Action {
    /// Such as `dynamodb:GetItem`.
    pub(super) name: String,
    pub(super) resource: String,
    /// The values of each condition key. An absent key has none.
    pub(super) context: BTreeMap<&'static str, BTreeSet<String>>,
}

/// Parameters that change nothing IAM sees.
const NEUTRAL: [&str; 8] = [
    "TableName",
    "IndexName",
    "ConsistentRead",
    "ExpressionAttributeValues",
    "Limit",
    "ScanIndexForward",
    // IAM has no condition key for it.
    "ReturnValuesOnConditionCheckFailure",
    "ClientRequestToken",
];
const KEYWORDS: [&str; 12] = [
    "SET",
    "REMOVE",
    "AND",
    "OR",
    "BETWEEN",
    "attribute_exists",
    "attribute_not_exists",
    "begins_with",
    "size",
    "if_not_exists",
    "NOT",
    "IN",
];

/// The actions of a request.
///
/// Writes of a transaction that are the same action on the same table count as one, with the keys and
/// attributes of all: AWS does not document that it evaluates them separately, and one statement that
/// allows all of them allows each.
pub(super) fn actions(operation: &str, request: &Value) -> Result<Vec<Action>, String> {
    let request = object(request)?;
    match operation {
        "TransactWriteItems" => {
            only_known(request, &["TransactItems"])?;
            let mut merged: BTreeMap<(String, String), Action> = BTreeMap::new();
            for item in list(request, "TransactItems")? {
                let [(kind, part)] = object(item)?.iter().collect::<Vec<_>>()[..] else {
                    return Err(format!("a transaction's item with several writes: {item}"));
                };
                let mut action = action(&format!("{kind}Item"), object(part)?)?;
                action.context.remove(RETURN_VALUES);
                action.put(ENCLOSING_OPERATION, operation);
                let known = merged.entry((action.name.clone(), action.resource.clone())).or_insert(action.clone());
                for (key, values) in action.context {
                    known.context.entry(key).or_default().extend(values);
                }
            }
            Ok(merged.into_values().collect())
        }
        "BatchGetItem" => {
            only_known(request, &["RequestItems"])?;
            let tables = object(request.get("RequestItems").unwrap_or(&Value::Null))?;
            tables.iter().map(|(table, part)| action_on(operation, table, object(part)?)).collect()
        }
        _ => Ok(vec![action(operation, request)?]),
    }
}

fn action(operation: &str, request: &Map<String, Value>) -> Result<Action, String> {
    action_on(operation, text(request.get("TableName"))?, request)
}

fn action_on(operation: &str, table: &str, request: &Map<String, Value>) -> Result<Action, String> {
    let index = request.get("IndexName").and_then(Value::as_str);
    let resource = index.map_or_else(|| TABLE.to_owned(), |index| format!("{INDEX}{index}"));
    if table != local::dynamodb::TABLE {
        return Err(format!("another table: {table}"));
    }
    let mut action = Action { name: format!("dynamodb:{operation}"), resource, ..Action::default() };
    match operation {
        "GetItem" | "BatchGetItem" | "Query" => {
            only_known(request, &["Key", "Keys", "KeyConditionExpression", "ExclusiveStartKey"])?;
            let all = if index.is_some() { "ALL_PROJECTED_ATTRIBUTES" } else { "ALL_ATTRIBUTES" };
            let default = if request.contains_key("ProjectionExpression") { "SPECIFIC_ATTRIBUTES" } else { all };
            action.put(SELECT, request.get("Select").and_then(Value::as_str).unwrap_or(default));
        }
        "PutItem" | "UpdateItem" | "DeleteItem" => {
            only_known(request, &["Key", "Item"])?;
            action.put(RETURN_VALUES, request.get("ReturnValues").and_then(Value::as_str).unwrap_or("NONE"));
        }
        _ => return Err(format!("{operation} is not evaluated")),
    }
    for name in ["Key", "Item", "ExclusiveStartKey"] {
        if let Some(item) = request.get(name) {
            action.add_item(object(item)?, name != "ExclusiveStartKey")?;
        }
    }
    for key in request.get("Keys").and_then(Value::as_array).into_iter().flatten() {
        action.add_item(object(key)?, true)?;
    }
    for name in EXPRESSIONS {
        if let Some(expression) = request.get(name) {
            action.add_attributes(bare_names(text(Some(expression))?));
        }
    }
    let names = request.get("ExpressionAttributeNames").and_then(Value::as_object);
    let named: Vec<_> =
        names.into_iter().flat_map(Map::values).map(|name| text(Some(name))).collect::<Result<_, _>>()?;
    action.add_attributes(named);
    if operation == "Query" {
        action.put(LEADING_KEYS, queried_partition(index, request)?);
    }
    if action.context.get(LEADING_KEYS).is_none_or(BTreeSet::is_empty) {
        return Err(format!("{operation} without a partition key"));
    }
    Ok(action)
}

const EXPRESSIONS: [&str; 5] =
    ["ProjectionExpression", "ConditionExpression", "UpdateExpression", "FilterExpression", "KeyConditionExpression"];

impl Action {
    fn put(&mut self, key: &'static str, value: &str) {
        self.context.entry(key).or_default().insert(value.to_owned());
    }

    fn add_attributes<'a>(&mut self, names: impl IntoIterator<Item = &'a str>) {
        names.into_iter().for_each(|name| self.put(ATTRIBUTES, name));
    }

    fn add_item(&mut self, item: &Map<String, Value>, has_partition: bool) -> Result<(), String> {
        self.add_attributes(item.keys().map(String::as_str));
        if has_partition {
            self.put(LEADING_KEYS, text(item.get("pk").and_then(|key| key.get("S")))?);
        }
        Ok(())
    }
}

/// The names of an expression that are no placeholders.
fn bare_names(expression: &str) -> impl Iterator<Item = &str> {
    let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || "_#:".contains(c)));
    words.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !KEYWORDS.contains(word))
}

/// The value that a key condition requires of the partition key.
fn queried_partition<'a>(index: Option<&str>, request: &'a Map<String, Value>) -> Result<&'a str, String> {
    static SCHEMA: LazyLock<Table> = LazyLock::new(|| Template::embedded().expect("the template is valid").table);
    let table = &*SCHEMA;
    let key = match index {
        None => &table.key,
        Some(name) => &table.indexes.iter().find(|index| index.name == name).ok_or("an unknown index")?.key,
    };
    let condition = text(request.get("KeyConditionExpression"))?;
    let equal = condition.split(" AND ").filter_map(|part| part.split_once(" = "));
    let name_of = |name: &'a str| request["ExpressionAttributeNames"].get(name).and_then(Value::as_str).unwrap_or(name);
    let (_, value) = equal.clone().find(|(name, _)| name_of(name) == key.hash).ok_or("a query without a partition")?;
    text(request["ExpressionAttributeValues"][value].get("S"))
}

/// Refuses a parameter that is not evaluated.
fn only_known(request: &Map<String, Value>, more: &[&str]) -> Result<(), String> {
    let known = |name: &str| {
        more.contains(&name)
            || NEUTRAL.contains(&name)
            || EXPRESSIONS.contains(&name)
            || ["ExpressionAttributeNames", "ReturnValues", "Select"].contains(&name)
    };
    match request.keys().find(|name| !known(name)) {
        None => Ok(()),
        Some(name) => Err(format!("the parameter {name} is not evaluated")),
    }
}

fn object(value: &Value) -> Result<&Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("not an object: {value}"))
}

fn list<'a>(request: &'a Map<String, Value>, name: &str) -> Result<&'a [Value], String> {
    request.get(name).and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| format!("no {name}"))
}

fn text(value: Option<&Value>) -> Result<&str, String> {
    value.and_then(Value::as_str).ok_or_else(|| format!("not a string: {value:?}"))
}
