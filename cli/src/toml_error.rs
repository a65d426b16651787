//! Errors in TOML files.

use crate::position::Position;

/// Position of an error, and its message. Duplicate keys are named. The rest of the line is not shown: it may contain a
/// secret.
pub(crate) fn explain(error: &toml::de::Error, text: &str) -> (Position, String) {
    let span = error.span().unwrap_or_default();
    let position = Position::new(text, span.start);
    let message = error.message().lines().next().unwrap_or_default();
    let is_key_error = message == "duplicate key" || message.starts_with("cannot extend value");
    match text.get(span).filter(|_| is_key_error) {
        Some(key) => (position, format!("{message} {key}")),
        None => (position, message.to_owned()),
    }
}
