//! What is wrong with a catalog.

use std::fmt::Display;

use serde_json::{Value, json};

use crate::text::{cut, is_blank, redact, unprintable};

/// The most characters that are shown of an offending value.
const MAX_VALUE_LENGTH: usize = 100;

/// What is wrong with a catalog, and where: `roles.cicd.permissions[2]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogIssue {
    /// The place in the document.
    pub place: String,
    /// A sentence for the person who wrote it.
    pub message: String,
}

impl CatalogIssue {
    pub(super) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }

    /// Names the offending value too, redacted and in at most 100 characters, with each that cannot be
    /// seen as its escape sequence in JSON.
    pub(super) fn of_value(place: impl Into<String>, value: &Value, message: impl Display) -> Self {
        let value = value.to_string();
        let mut shown = String::new();
        for c in cut(&redact(&value), MAX_VALUE_LENGTH).chars() {
            if c != ' ' && (unprintable(c) || is_blank(c.encode_utf8(&mut [0; 4]))) {
                shown.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
            } else {
                shown.push(c);
            }
        }
        Self::new(place, format!("{shown} {message}"))
    }

    /// The same of a text.
    pub(super) fn of_text(place: impl Into<String>, text: &str, message: impl Display) -> Self {
        Self::of_value(place, &json!(text), message)
    }
}
