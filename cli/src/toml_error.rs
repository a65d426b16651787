//! What is wrong with a file of TOML.

/// The line of an error, counted from one, and what is wrong there. A key that is given twice is named. Nothing else
/// of the line is shown, as a secret may stand there.
pub(crate) fn explain(error: &toml::de::Error, text: &str) -> (usize, String) {
    let span = error.span().unwrap_or_default();
    let line = text.get(..span.start).unwrap_or(text).matches('\n').count() + 1;
    let message = error.message().lines().next().unwrap_or_default();
    let is_of_key = message == "duplicate key" || message.starts_with("cannot extend value");
    match text.get(span).filter(|_| is_of_key) {
        Some(key) => (line, format!("{message} {key}")),
        None => (line, message.to_owned()),
    }
}
