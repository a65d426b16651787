//! A validation issue of a catalog.

use std::fmt::Display;

use serde_json::{Value, json};

use crate::text::{cut, is_blank, redact, unprintable};

/// Maximum length of an offending value in a message, in characters.
const MAX_VALUE_LENGTH: usize = 100;

/// A validation issue and its path in the document, such as `roles.cicd.permissions[2]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogIssue {
    /// Path in the document.
    pub path: String,
    /// What is wrong, for the author of the catalog.
    pub message: String,
}

impl CatalogIssue {
    pub(super) fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }

    /// Prefixes the message with the offending value: redacted, shortened to 100 characters, and with invisible
    /// characters as JSON escapes.
    pub(super) fn of_value(path: impl Into<String>, value: &Value, message: impl Display) -> Self {
        let value = value.to_string();
        let mut shown = String::new();
        for c in cut(&redact(&value), MAX_VALUE_LENGTH).chars() {
            if c != ' ' && (unprintable(c) || is_blank(c.encode_utf8(&mut [0; 4]))) {
                shown.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
            } else {
                shown.push(c);
            }
        }
        Self::new(path, format!("{shown} {message}"))
    }

    /// Same as [`Self::of_value`], for a string.
    pub(super) fn of_text(path: impl Into<String>, text: &str, message: impl Display) -> Self {
        Self::of_value(path, &json!(text), message)
    }
}
