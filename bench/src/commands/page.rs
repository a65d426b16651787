//! `page`: writes recorded results into `docs/performance.md`, between markers.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use clap::Args;

use super::faults::{FaultRow, table};
use super::instructions::Instructions;
use crate::Error;
use crate::markdown_table::aligned;
use crate::report::Report;

/// Options of `page`.
#[derive(Debug, Args)]
pub struct PageArgs {
    /// The page
    #[arg(long, default_value = "docs/performance.md")]
    page: PathBuf,
    /// Folder with the recorded results
    #[arg(long, default_value = "bench/results")]
    results: PathBuf,
    /// Recorded instruction counts
    #[arg(long, default_value = "bench/instructions.json")]
    instructions: PathBuf,
}

/// Replaces the tables of the page.
///
/// # Errors
/// When a file or a marker is missing.
pub fn page(args: &PageArgs) -> Result<(), Error> {
    let text = with_results(&fs::read_to_string(&args.page)?, args)?;
    fs::write(&args.page, text)?;
    Ok(())
}

fn with_results(text: &str, args: &PageArgs) -> Result<String, Error> {
    let report: Report = read(&args.results.join("compare.json"))?;
    let faults: Vec<FaultRow> = read(&args.results.join("faults.json"))?;
    let counted: Instructions = read(&args.instructions)?;
    let mut text = text.to_owned();
    let run = format!(
        "Medians of {} rounds on one core of {}. Each round starts a program {} times and sends it {} warm requests.\n",
        report.rounds, report.processor, report.starts, report.requests
    );
    for (marker, content) in [
        ("run", run),
        ("compare", report.table()),
        ("faults", table(&faults)),
        ("instructions", counts(&counted.counts)),
    ] {
        text = replace(&text, marker, &content)?;
    }
    Ok(text)
}

fn read<T: serde::de::DeserializeOwned>(file: &std::path::Path) -> Result<T, Error> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(serde_json::from_str(&text)?)
}

fn counts(counts: &BTreeMap<String, u64>) -> String {
    let mut lines = vec![vec!["".to_owned(), "instructions".to_owned()]];
    lines.extend(counts.iter().map(|(name, count)| vec![name.clone(), thousands(*count)]));
    aligned(&lines)
}

fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let first = digits.len() % 3;
    let (head, tail) = digits.split_at(first);
    let groups: Vec<String> =
        tail.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    [head].into_iter().filter(|head| !head.is_empty()).map(str::to_owned).chain(groups).collect::<Vec<_>>().join(",")
}

/// Replaces the text between `<!-- name -->` and `<!-- /name -->`.
fn replace(text: &str, name: &str, content: &str) -> Result<String, Error> {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let missing = || format!("the page has no {start}");
    let (before, rest) = text.split_once(&start).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    Ok(format!("{before}{start}\n{content}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart;

    #[test]
    fn the_page_has_the_recorded_results() {
        let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let args = PageArgs {
            page: root.join("docs/performance.md"),
            results: root.join("bench/results"),
            instructions: root.join("bench/instructions.json"),
        };
        let text = fs::read_to_string(&args.page).unwrap();
        assert!(with_results(&text, &args).unwrap() == text, "run `portcullis-bench page`");
        let report = read(&args.results.join("compare.json")).unwrap();
        let picture = fs::read_to_string(root.join("docs/performance.svg")).unwrap();
        assert!(chart::svg(&report) == picture, "run `portcullis-bench compare --svg`");
    }

    #[test]
    fn only_the_text_between_the_markers_is_replaced() {
        let text = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n";
        assert_eq!(replace(text, "x", "new").unwrap(), "a\n<!-- x -->\n\nnew\n<!-- /x -->\nb\n");
        assert!(replace(text, "y", "new").is_err());
    }

    #[test]
    fn counts_have_separators() {
        assert_eq!([7, 123, 1_234, 1_234_567].map(thousands), ["7", "123", "1,234", "1,234,567"]);
    }
}
