//! Errors in JSON files.

use crate::position::Position;

/// Position of an error, and its message.
pub(crate) fn explain(error: &serde_json::Error, text: &str) -> (Position, String) {
    let line = error.line().max(1);
    // The column counts bytes, and is 0 if the error is at the end of the line before.
    let start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let mut offset = (start + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let message = if error.is_eof() { "the file ends too early" } else { message };
    (Position::new(text, offset), message.to_owned())
}

#[cfg(test)]
mod tests {
    use portcullis::json;

    use super::*;

    #[test]
    fn an_error_has_the_line_and_column_of_its_character() {
        for (text, line, column, message) in [
            ("", 1, 1, "the file ends too early"),
            ("{", 1, 1, "the file ends too early"),
            ("{\n", 2, 1, "the file ends too early"),
            ("{\"a\": 1,\n\n", 3, 1, "the file ends too early"),
            ("{\n\"strict\":\n}", 3, 1, "expected value"),
            ("{\"é\": x}", 1, 7, "expected value"),
            ("{} {}", 1, 4, "trailing characters"),
        ] {
            let error = json::read(text.as_bytes()).unwrap_err();
            assert_eq!(explain(&error, text), (Position { line, column }, message.to_owned()), "{text:?}");
        }
    }
}
