//! Positions in text files.

/// A position, counted from 1. Columns are characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Position {
    /// Position of a byte of the text.
    pub(crate) fn new(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let (lines, last) = before.rsplit_once('\n').unwrap_or(("", before));
        let line = if last.len() == before.len() { 1 } else { lines.matches('\n').count() + 2 };
        Self { line, column: last.chars().count() + 1 }
    }
}
