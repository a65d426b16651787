//! Errors in TOML files.

/// Line of an error, counted from 1, and its message. Duplicate keys are named. The rest of the line is not shown: it
/// may contain a secret.
pub(crate) fn explain(error: &toml::de::Error, text: &str) -> (usize, String) {
    let span = error.span().unwrap_or_default();
    let line = text.get(..span.start).unwrap_or(text).matches('\n').count() + 1;
    let message = error.message().lines().next().unwrap_or_default();
    let is_key_error = message == "duplicate key" || message.starts_with("cannot extend value");
    match text.get(span).filter(|_| is_key_error) {
        Some(key) => (line, format!("{message} {key}")),
        None => (line, message.to_owned()),
    }
}
