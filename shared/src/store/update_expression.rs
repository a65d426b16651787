//! Update expressions.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Update};

use super::{Error, item};

/// An update of one item with its condition. Every attribute gets a placeholder, because some are reserved
/// words, such as `owner`.
#[derive(Debug, Default)]
pub(super) struct UpdateExpression {
    sets: Vec<String>,
    removes: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl UpdateExpression {
    /// For an item that exists.
    pub(super) fn of_existing() -> Self {
        Self::default().when_exists("pk")
    }

    /// For an item that does not exist.
    pub(super) fn of_new() -> Self {
        Self::default().when_absent("pk")
    }

    pub(super) fn set(mut self, name: &str, value: AttributeValue) -> Self {
        self.sets.push(format!("#{name} = :{name}"));
        self.values.insert(format!(":{name}"), value);
        self.named(name)
    }

    /// Sets an attribute, or removes it if there is no value.
    pub(super) fn set_or_remove(mut self, name: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => {
                self.removes.push(format!("#{name}"));
                self.named(name)
            }
        }
    }

    pub(super) fn increment(mut self, name: &str) -> Self {
        self.sets.push(format!("#{name} = #{name} + :one"));
        self.values.insert(":one".to_owned(), item::number(1));
        self.named(name)
    }

    pub(super) fn when_exists(mut self, name: &str) -> Self {
        self.conditions.push(format!("attribute_exists(#{name})"));
        self.named(name)
    }

    pub(super) fn when_absent(mut self, name: &str) -> Self {
        self.conditions.push(format!("attribute_not_exists(#{name})"));
        self.named(name)
    }

    /// Adds the condition that an attribute still has the value that was read, or none.
    pub(super) fn when_still(mut self, name: &str, seen: Option<AttributeValue>) -> Self {
        let Some(value) = seen else { return self.when_absent(name) };
        self.conditions.push(format!("#{name} = :seen_{name}"));
        self.values.insert(format!(":seen_{name}"), value);
        self.named(name)
    }

    fn named(mut self, name: &str) -> Self {
        self.names.insert(format!("#{name}"), name.to_owned());
        self
    }

    pub(super) fn build(self, table: &str, key: item::Item) -> Result<Update, Error> {
        let clauses = [("SET", &self.sets), ("REMOVE", &self.removes)];
        let clauses = clauses.into_iter().filter(|(_, changes)| !changes.is_empty());
        let clauses: Vec<_> = clauses.map(|(clause, changes)| format!("{clause} {}", changes.join(", "))).collect();
        Update::builder()
            .table_name(table)
            .set_key(Some(key))
            .update_expression(clauses.join(" "))
            .condition_expression(self.conditions.join(" AND "))
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(Some(self.values))
            .build()
            .map_err(Error::unavailable)
    }
}
