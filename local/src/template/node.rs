//! Value of the template with its path, for error messages.

use super::error::TemplateError;
use serde_json::{Map, Value};
use std::str::FromStr;

pub(super) struct Node<'a> {
    value: &'a Value,
    place: String,
}

impl<'a> Node<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self { value, place: String::new() }
    }

    /// The child with this name, which is required.
    pub(super) fn get(&self, name: &str) -> Result<Self, TemplateError> {
        self.find(name)?.ok_or_else(|| self.wrong(&format!("has no {name}")))
    }

    /// The child with this name, if it exists.
    pub(super) fn find(&self, name: &str) -> Result<Option<Self>, TemplateError> {
        Ok(self.object()?.get(name).map(|value| self.child(name, value)))
    }

    /// The children of a mapping, by name.
    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Self)>, TemplateError> {
        let entries = self.object()?.iter();
        Ok(entries.map(|(name, value)| (name.as_str(), self.child(name, value))).collect())
    }

    /// The members of a list.
    pub(super) fn items(&self) -> Result<Vec<Self>, TemplateError> {
        let items = self.value.as_array().ok_or_else(|| self.wrong("is not a list"))?;
        let items = items.iter().enumerate();
        Ok(items.map(|(index, value)| self.child(&index.to_string(), value)).collect())
    }

    /// A string, or a number or boolean as a string. An unresolved intrinsic function is an error.
    pub(super) fn text(&self) -> Result<String, TemplateError> {
        match self.value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(flag) => Ok(flag.to_string()),
            other => Err(self.wrong(&format!("is not a string but {other}"))),
        }
    }

    /// A whole number, possibly written as a string.
    pub(super) fn number<T: FromStr>(&self) -> Result<T, TemplateError> {
        self.text()?.parse().map_err(|_| self.wrong("is not a whole number in range"))
    }

    pub(super) fn wrong(&self, problem: &str) -> TemplateError {
        let place = if self.place.is_empty() { "the document" } else { &self.place };
        TemplateError::Content { place: place.to_owned(), problem: problem.to_owned() }
    }

    fn object(&self) -> Result<&'a Map<String, Value>, TemplateError> {
        self.value.as_object().ok_or_else(|| self.wrong("is not a mapping"))
    }

    fn child(&self, name: &str, value: &'a Value) -> Self {
        let dot = if self.place.is_empty() { "" } else { "." };
        Self { value, place: format!("{}{dot}{name}", self.place) }
    }
}
