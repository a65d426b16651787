//! Reads a JSON body field by field, and collects all errors for one response.

use std::str::FromStr;

use lambda_http::Body;
use serde_json::{Map, Value};

use super::{FieldError, Problem};
use crate::json;
use crate::json::Duplicates;
use crate::text::counted;
use crate::validation::ValidationError;

/// Maximum size of a body, in bytes.
pub const MAX_BYTES: usize = 16 * 1024;

/// Maximum number of unknown fields that are named individually: with the entry that counts the rest they are
/// 20, as many as a response names.
const MAX_UNKNOWN: usize = 19;

/// Parses a body as JSON.
///
/// # Errors
/// 413 for more than `most` bytes; 400 for invalid JSON, and for duplicate keys, each with its path.
pub fn read_json(body: &Body, most: usize) -> Result<Value, Problem> {
    let (value, doubled) = parse(body, most)?;
    if doubled.is_empty() { Ok(value) } else { Err(Problem::invalid(given_twice(&doubled))) }
}

fn parse(body: &Body, most: usize) -> Result<(Value, Duplicates), Problem> {
    if body.len() > most {
        return Err(Problem::body_too_large(most));
    }
    json::read(body.as_ref()).map_err(|error| {
        // The column is 0 at the end of the line before.
        let (line, column) = (error.line(), error.column().max(1));
        Problem::invalid_body(format!("The body is not JSON in UTF-8: line {line}, column {column}."))
    })
}

fn given_twice(twice: &Duplicates) -> Vec<FieldError> {
    twice.issues().map(|(path, message)| FieldError::new(path, message)).collect()
}

/// The fields of a JSON object, with the errors found so far.
#[derive(Debug)]
pub struct JsonFields {
    object: Map<String, Value>,
    /// Prefix of this object's field paths: `grants[1].`
    before: String,
    errors: Vec<FieldError>,
}

impl JsonFields {
    /// Reads a body that must be a JSON object.
    ///
    /// # Errors
    /// 413 for more than [`MAX_BYTES`] bytes; 400 for invalid JSON or another type.
    pub fn read(body: &Body) -> Result<Self, Problem> {
        match parse(body, MAX_BYTES)? {
            (Value::Object(object), doubled) => {
                let errors = given_twice(&doubled);
                Ok(Self { object, before: String::new(), errors })
            }
            _ => Err(Problem::invalid_body("The body must be a JSON object.")),
        }
    }

    /// Reads a body as [`JsonFields::read`]; an empty body has no fields.
    ///
    /// # Errors
    /// As [`JsonFields::read`].
    pub fn read_optional_body(body: &Body) -> Result<Self, Problem> {
        if body.is_empty() { Self::read(&Body::Text("{}".to_owned())) } else { Self::read(body) }
    }

    /// Takes and parses a required string.
    pub fn required<T: FromStr<Err = ValidationError>>(&mut self, field: &str) -> Option<T> {
        if !self.contains(field) {
            self.object.remove(field);
            self.error(field, "is required");
            return None;
        }
        self.optional(field)
    }

    /// Takes and parses a string that may be absent or `null`.
    pub fn optional<T: FromStr<Err = ValidationError>>(&mut self, field: &str) -> Option<T> {
        self.optional_with(field, str::parse)
    }

    /// Takes a string that may be absent or `null`, and parses it with `parse`.
    pub fn optional_with<T>(&mut self, field: &str, parse: impl Fn(&str) -> Result<T, ValidationError>) -> Option<T> {
        match self.object.remove(field)? {
            Value::Null => None,
            Value::String(text) => self.record(field, parse(&text)),
            other => {
                self.error(field, format!("must be a string, not {}", kind(&other)));
                None
            }
        }
    }

    /// Takes a list of 1 to `most` strings and parses each; `None` if it is absent.
    pub fn list<T: FromStr<Err = ValidationError> + PartialEq>(&mut self, field: &str, most: usize) -> Option<Vec<T>> {
        let list = self.values(field, most, "strings")?;
        let mut parsed = Vec::new();
        for (at, value) in list.iter().enumerate() {
            let place = format!("{field}[{at}]");
            let Value::String(text) = value else {
                self.error(&place, format!("must be a string, not {}", kind(value)));
                continue;
            };
            if let Some(entry) = self.record(&place, text.parse::<T>())
                && !parsed.contains(&entry)
            {
                parsed.push(entry);
            }
        }
        Some(parsed)
    }

    /// Takes a list of 1 to `most` objects and reads each with `read`, which has to take all known fields;
    /// `None` if the list is absent.
    pub fn objects<T>(
        &mut self,
        field: &str,
        most: usize,
        known: &str,
        read: impl Fn(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let list = self.values(field, most, "objects")?;
        let mut parsed = Vec::new();
        for (at, value) in list.into_iter().enumerate() {
            let place = format!("{field}[{at}]");
            let Value::Object(object) = value else {
                self.error(&place, format!("must be an object, not {}", kind(&value)));
                continue;
            };
            let before = format!("{}{place}.", self.before);
            let mut fields = Self { object, before, errors: std::mem::take(&mut self.errors) };
            parsed.extend(read(&mut fields));
            fields.note_unknown(known);
            self.errors = fields.errors;
        }
        Some(parsed)
    }

    /// Takes the field if it is `null`; returns whether it was.
    pub fn take_if_null(&mut self, field: &str) -> bool {
        let null = self.object.get(field).is_some_and(Value::is_null);
        if null {
            self.object.remove(field);
        }
        null
    }

    /// Takes the field, whatever its value; returns whether it was present.
    pub fn take(&mut self, field: &str) -> bool {
        self.object.remove(field).is_some()
    }

    /// Takes a whole number from 1 to `most` that may be absent or `null`.
    pub fn number(&mut self, field: &str, most: u32) -> Option<u32> {
        let value = self.object.remove(field).filter(|value| !value.is_null())?;
        // `30.0` counts as a whole number.
        let text = if value.is_number() { value.to_string() } else { String::new() };
        let number = text.strip_suffix(".0").unwrap_or(&text).parse().ok();
        let good = number.filter(|number| (1..=most).contains(number));
        if good.is_none() {
            self.error(field, format!("must be a whole number from 1 to {most}"));
        }
        good
    }

    /// Whether the field is present and not `null`.
    #[must_use]
    pub fn contains(&self, field: &str) -> bool {
        self.object.get(field).is_some_and(|value| !value.is_null())
    }

    /// Whether an error was recorded for the field.
    #[must_use]
    pub fn failed(&self, field: &str) -> bool {
        let place = format!("{}{field}", self.before);
        self.errors.iter().any(|error| error.field == place)
    }

    /// Records an error for a field.
    pub fn error(&mut self, field: &str, message: impl Into<String>) {
        self.errors.push(FieldError::new(&format!("{}{field}", self.before), message));
    }

    /// Finishes reading. Fields that were not taken are unknown.
    ///
    /// # Errors
    /// 400 with all errors.
    pub fn finish(mut self, known: &str) -> Result<(), Problem> {
        self.note_unknown(known);
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::invalid(self.errors)) }
    }

    fn note_unknown(&mut self, known: &str) {
        let unknown: Vec<_> = std::mem::take(&mut self.object).into_iter().map(|(field, _)| field).collect();
        for field in unknown.iter().take(MAX_UNKNOWN) {
            self.error(field, format!("is unknown; use one of {known}"));
        }
        if let Some(more) = unknown.len().checked_sub(MAX_UNKNOWN).filter(|more| *more > 0) {
            self.error("*", counted(more, "more unknown field"));
        }
    }

    fn values(&mut self, field: &str, most: usize, of: &str) -> Option<Vec<Value>> {
        let list = match self.object.remove(field)? {
            Value::Array(list) => list,
            other => {
                self.error(field, format!("must be a list of {of}, not {}", kind(&other)));
                return None;
            }
        };
        if !(1..=most).contains(&list.len()) {
            self.error(field, format!("must have 1 to {most} entries; it has {}", list.len()));
        }
        // A list that is too long is not read, because comparing its entries takes quadratic time.
        Some(if list.len() > most { Vec::new() } else { list })
    }

    fn record<T>(&mut self, field: &str, parsed: Result<T, ValidationError>) -> Option<T> {
        parsed.map_err(|invalid| self.error(field, invalid.0)).ok()
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
