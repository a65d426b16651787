//! Tables and lists of names and values. On a terminal they fit its width.

use comfy_table::{Cell, Color, ColumnConstraint, ContentArrangement, Table, Width, presets};
use console::measure_text_width;

use super::{Output, Style, clean};
use crate::error::CliError;

/// A text and its style.
type StyledText = (String, Option<Style>);

/// Spaces between columns.
const GAP: u16 = 2;
/// Longer lines of a cell may be wrapped, between words.
const MAX_UNWRAPPED: usize = 20;
/// Longer words may be broken.
const MAX_UNBROKEN: usize = 40;
/// Name of a column, and its rank. Columns of rank 0 are always shown.
pub(crate) type Column<'a> = (&'a str, u8);

impl Output {
    /// Prints names and values, without empty values.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(crate) fn key_values(&self, pairs: &[(&str, String)]) -> Result<(), CliError> {
        let (mut table, _) = self.new_table();
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            table.add_row([self.cell(name, Some(Style::Dim)), self.cell(value, None)]);
        }
        self.line(&render(table))
    }

    /// Prints names and values to standard error, unless `--quiet` was given.
    pub(crate) fn note_key_values(&self, pairs: &[(&str, String)]) {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).force_no_tty();
        for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
            table.add_row([clean(name), clean(value)]);
        }
        self.note(&render(table));
    }

    /// Prints a table. On a narrow terminal, columns that would break words of others are left out, those of the
    /// highest rank first.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn table(&self, columns: &[Column<'_>], rows: Vec<Vec<StyledText>>) -> Result<(), CliError> {
        let (mut table, terminal_width) = self.new_table();
        let header: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let widths: Vec<u16> = (0..header.len()).map(|column| needed_width(&header, &rows, column)).collect();
        let ranks: Vec<u8> = columns.iter().map(|(_, rank)| *rank).collect();
        let shown =
            terminal_width.map_or_else(|| vec![true; header.len()], |width| columns_that_fit(&widths, &ranks, width));
        let is_shown = |column: usize| shown.get(column) == Some(&true);
        let names = header.iter().enumerate().filter(|(column, _)| is_shown(*column));
        table.set_header(names.map(|(_, name)| self.cell(name, Some(Style::Dim))));
        for row in rows {
            let cells = row.into_iter().enumerate().filter(|(column, _)| is_shown(*column));
            table.add_row(cells.map(|(_, (text, style))| self.cell(&text, style)));
        }
        let widths = widths.iter().enumerate().filter(|(column, _)| is_shown(*column)).map(|(_, width)| *width);
        let mut left = terminal_width.unwrap_or(u16::MAX);
        for (column, width) in table.column_iter_mut().zip(widths) {
            // Only the last one of the fixed columns can be wider than what is left.
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width.min(left))));
            left = left.saturating_sub(width);
        }
        self.line(&render(table))?;
        let hidden: Vec<_> = header.iter().enumerate().filter(|(column, _)| !is_shown(*column)).collect();
        if !hidden.is_empty() {
            let names = hidden.into_iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ");
            self.note(&format!("Hidden columns (terminal too narrow): {names}"));
        }
        Ok(())
    }

    /// An empty table, and the width of the terminal that it has to fit.
    fn new_table(&self) -> (Table, Option<u16>) {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        // Terminals of CI systems report a width of 0.
        let width = table.width().filter(|width| self.stdout_is_terminal && *width > 0);
        if width.is_some() {
            table.set_content_arrangement(ContentArrangement::Dynamic);
        } else {
            table.force_no_tty();
        }
        if self.colored {
            table.enforce_styling();
        }
        (table, width)
    }

    fn cell(&self, text: &str, style: Option<Style>) -> Cell {
        let cell = Cell::new(clean(text));
        match style.filter(|_| self.colored) {
            None => cell,
            Some(Style::Good) => cell.fg(Color::Green),
            Some(Style::Warn) => cell.fg(Color::Yellow),
            Some(Style::Bad) => cell.fg(Color::Red),
            Some(Style::Dim) => cell.fg(Color::DarkGrey),
        }
    }
}

/// Width of a column, with the gap, in which no word is broken and short cells are not wrapped.
fn needed_width(header: &[&str], rows: &[Vec<StyledText>], column: usize) -> u16 {
    let cells = rows.iter().filter_map(|row| row.get(column)).flat_map(|(text, _)| text.lines());
    let width_of_line = |line: &str| match measure_text_width(line) {
        short if short <= MAX_UNWRAPPED => short,
        _ => line.split(' ').map(measure_text_width).max().unwrap_or(0).min(MAX_UNBROKEN),
    };
    let width = cells.chain(header.get(column).copied()).map(width_of_line).max().unwrap_or(0);
    u16::try_from(width).unwrap_or(u16::MAX).saturating_add(GAP)
}

/// Which columns fit, in the order of their ranks.
fn columns_that_fit(widths: &[u16], ranks: &[u8], terminal_width: u16) -> Vec<bool> {
    let mut left = terminal_width;
    let mut columns: Vec<_> = widths.iter().zip(ranks).enumerate().collect();
    columns.sort_by_key(|(_, (_, rank))| **rank);
    let mut shown: Vec<_> = columns
        .into_iter()
        .map(|(column, (width, rank))| {
            let fits = *rank == 0 || *width <= left;
            if fits {
                left = left.saturating_sub(*width);
            }
            (column, fits)
        })
        .collect();
    shown.sort_unstable();
    shown.into_iter().map(|(_, fits)| fits).collect()
}

/// Renders a table without borders and trailing spaces.
fn render(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, GAP));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(texts: &[&str]) -> Vec<Vec<StyledText>> {
        texts.iter().map(|text| vec![((*text).to_owned(), None)]).collect()
    }

    #[test]
    fn a_column_is_as_wide_as_its_longest_word_and_its_short_cells() {
        for (texts, width) in [
            (&["GitHub Actions"][..], 14),
            (&["a name of more than twenty characters"], 10),
            (&["in 2 months", "never"], 11),
            (&["0123456789012345678901234567890123456789012345"], MAX_UNBROKEN),
            (&["a"], 4),
        ] {
            assert_eq!(usize::from(needed_width(&["NAME"], &cells(texts), 0)), width + 2, "{texts:?}");
        }
    }

    #[test]
    fn columns_are_left_out_by_rank_and_those_of_rank_0_never() {
        let (widths, ranks) = ([18, 16, 9, 30, 13], [3, 0, 1, 2, 3]);
        for (terminal, shown) in [
            (86, [true, true, true, true, true]),
            (85, [true, true, true, true, false]),
            (68, [false, true, true, true, true]),
            (55, [false, true, true, true, false]),
            (54, [true, true, true, false, false]),
            (20, [false, true, false, false, false]),
            (10, [false, true, false, false, false]),
        ] {
            assert_eq!(columns_that_fit(&widths, &ranks, terminal), shown, "{terminal}");
        }
    }
}
