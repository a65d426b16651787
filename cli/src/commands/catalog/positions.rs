//! Positions of the values of a catalog file, by their paths, such as `roles.cicd.permissions[1]`.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::position::Position;

/// Positions of all values. A value of a TOML table has the position of its key.
pub(super) struct Positions<'a> {
    text: &'a str,
    offsets: BTreeMap<String, usize>,
}

impl<'a> Positions<'a> {
    /// Positions in a JSON text, which must be valid.
    pub(super) fn of_json(text: &'a str) -> Self {
        let mut positions = Self { text, offsets: BTreeMap::new() };
        if let Ok(value) = serde_json::from_str(text) {
            positions.add_json("", value);
        }
        positions
    }

    /// Positions in a TOML text.
    pub(super) fn of_toml(table: &DeTable<'_>, text: &'a str) -> Self {
        let mut offsets = BTreeMap::new();
        each_value(table, &mut |path, offset, _| {
            offsets.insert(path.to_owned(), offset);
        });
        Self { text, offsets }
    }

    /// Position of the value with this path, or else of the innermost value around it.
    pub(super) fn of(&self, path: &str) -> Position {
        let around =
            self.offsets.iter().filter(|(outer, _)| is_within(path, outer)).max_by_key(|(outer, _)| outer.len());
        Position::new(self.text, around.map_or(0, |(_, offset)| *offset))
    }

    fn add_json(&mut self, path: &str, value: &'a RawValue) {
        let value = value.get();
        // The value is a part of the text.
        self.offsets.insert(path.to_owned(), value.as_ptr().addr() - self.text.as_ptr().addr());
        if value.starts_with('{') {
            let entries: BTreeMap<String, &RawValue> = serde_json::from_str(value).unwrap_or_default();
            entries.iter().for_each(|(key, value)| self.add_json(&join(path, key), value));
        } else if value.starts_with('[') {
            let list: Vec<&RawValue> = serde_json::from_str(value).unwrap_or_default();
            list.iter().enumerate().for_each(|(at, value)| self.add_json(&format!("{path}[{at}]"), value));
        }
    }
}

/// Visits every value below a TOML table with its path and offset.
pub(super) fn each_value(table: &DeTable<'_>, visit: Visit<'_>) {
    each_of_table(table, "", visit);
}

type Visit<'a> = &'a mut dyn FnMut(&str, usize, &Spanned<DeValue<'_>>);

fn each_of_table(table: &DeTable<'_>, path: &str, visit: Visit<'_>) {
    for (key, value) in table {
        each_from(&join(path, key.get_ref()), key.span().start, value, visit);
    }
}

fn each_from(path: &str, offset: usize, value: &Spanned<DeValue<'_>>, visit: Visit<'_>) {
    visit(path, offset, value);
    match value.get_ref() {
        DeValue::Table(table) => each_of_table(table, path, visit),
        DeValue::Array(list) => {
            for (at, value) in list.iter().enumerate() {
                each_from(&format!("{path}[{at}]"), value.span().start, value, visit);
            }
        }
        _ => {}
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Whether a path is another one, or of a value within it.
pub(super) fn is_within(path: &str, outer: &str) -> bool {
    let rest = path.strip_prefix(outer);
    rest.is_some_and(|rest| outer.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}
