//! Bodies of requests
//! ([AWS](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html)).

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use bytes::Bytes;
use serde::Serialize;
use serde::ser::{self, Serializer};

use super::super::item::{Item, WrittenItem};
use super::call_error::CallError;

pub(super) fn get_item(table: &str, key: &Item, attributes: &[&str]) -> Result<Bytes, CallError> {
    to_json(&GetItem {
        table_name: table,
        key: WrittenItem(key),
        consistent_read: true,
        projection_expression: Projection(attributes),
        expression_attribute_names: Names(attributes),
    })
}

pub(super) fn update_item(update: &Update) -> Result<Bytes, CallError> {
    to_json(&UpdateFields::from(update))
}

pub(super) fn transact_write_items(writes: &[TransactWriteItem]) -> Result<Bytes, CallError> {
    to_json(&TransactWriteItems { transact_items: writes.iter().map(Write).collect() })
}

fn to_json(request: &impl Serialize) -> Result<Bytes, CallError> {
    serde_json::to_vec(request).map(Bytes::from).map_err(|_| CallError::InvalidRequest)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetItem<'a> {
    table_name: &'a str,
    key: WrittenItem<'a>,
    consistent_read: bool,
    projection_expression: Projection<'a>,
    expression_attribute_names: Names<'a>,
}

/// Placeholders of attributes, as `item::projection` names them.
struct Projection<'a>(&'a [&'a str]);

impl Serialize for Projection<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut expression = String::with_capacity(self.0.iter().map(|name| name.len() + 2).sum());
        for name in self.0 {
            expression.push_str(if expression.is_empty() { "#" } else { ",#" });
            expression.push_str(name);
        }
        serializer.serialize_str(&expression)
    }
}

/// The attribute of each placeholder.
struct Names<'a>(&'a [&'a str]);

impl Serialize for Names<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|name| (Placeholder(name), name)))
    }
}

struct Placeholder<'a>(&'a str);

impl Serialize for Placeholder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("#{}", self.0))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TransactWriteItems<'a> {
    transact_items: Vec<Write<'a>>,
}

/// One write of a transaction. Checks and deletions are not needed here.
struct Write<'a>(&'a TransactWriteItem);

impl Serialize for Write<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            TransactWriteItem { put: Some(put), .. } => serializer.collect_map([("Put", PutFields::from(put))]),
            TransactWriteItem { update: Some(update), .. } => {
                serializer.collect_map([("Update", UpdateFields::from(update))])
            }
            _ => Err(ser::Error::custom("neither a put nor an update")),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutFields<'a> {
    table_name: &'a str,
    item: WrittenItem<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition_expression: Option<&'a str>,
}

impl<'a> From<&'a Put> for PutFields<'a> {
    fn from(put: &'a Put) -> Self {
        let condition_expression = put.condition_expression();
        Self { table_name: put.table_name(), item: WrittenItem(put.item()), condition_expression }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct UpdateFields<'a> {
    table_name: &'a str,
    key: WrittenItem<'a>,
    update_expression: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition_expression: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression_attribute_names: Option<&'a HashMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression_attribute_values: Option<WrittenItem<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_values_on_condition_check_failure: Option<&'a str>,
}

impl<'a> From<&'a Update> for UpdateFields<'a> {
    fn from(update: &'a Update) -> Self {
        Self {
            table_name: update.table_name(),
            key: WrittenItem(update.key()),
            update_expression: update.update_expression(),
            condition_expression: update.condition_expression(),
            expression_attribute_names: update.expression_attribute_names(),
            expression_attribute_values: update.expression_attribute_values().map(WrittenItem),
            return_values_on_condition_check_failure: update
                .return_values_on_condition_check_failure()
                .map(ReturnValuesOnConditionCheckFailure::as_str),
        }
    }
}
