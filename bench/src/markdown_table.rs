//! Markdown tables that are readable as text.

/// A Markdown table whose columns have one width each; the first is aligned to the left.
#[must_use]
pub fn aligned(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| lines.iter().filter_map(|line| line.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or(0).max(4)).collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        let cells = line.iter().zip(&widths).enumerate().map(|(at, (cell, width))| {
            if at == 0 { format!(" {cell:<width$} |") } else { format!(" {cell:>width$} |") }
        });
        text.push_str(&format!("|{}\n", cells.collect::<String>()));
        if number == 0 {
            let rule = widths.iter().enumerate().map(|(at, width)| match at {
                0 => format!(" {} |", "-".repeat(*width)),
                _ => format!(" {}: |", "-".repeat(width - 1)),
            });
            text.push_str(&format!("|{}\n", rule.collect::<String>()));
        }
    }
    text
}
