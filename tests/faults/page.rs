//! The tables of `docs/reliability.md` that the tests write.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::{Kind, Tally};

const COLUMNS: &str = "cases | success | refused | 503, or no decision | of these, written";

impl Tally {
    fn cells(self) -> String {
        let Self { cases, success, refused, unavailable, written } = self;
        format!("{cases} | {success} | {refused} | {unavailable} | {written}")
    }
}

/// Cases by kind of fault.
pub(super) fn faults(tallies: &BTreeMap<Kind, Tally>) -> String {
    let rows = tallies.iter().map(|(kind, tally)| {
        let (fault, promise) = match kind {
            Kind::Throttled => ("throttling, in each of its spellings", "is retried for a short time"),
            Kind::Conflict => ("conflict with another write", "is retried; a refusal has changed nothing"),
            Kind::Refused => ("refusal: access, signature, table, size", "is not retried"),
            Kind::ServerError => ("500 or 503, before or after the write", "is retried; a write happens once"),
            Kind::Reset => ("connection reset in the middle of a response", "is retried; a write happens once"),
            Kind::Silence => ("no response on an open connection", "is retried until the timeout"),
            Kind::Unreadable => {
                ("half of a response, or the page of a proxy", "is retried, and never taken for an answer")
            }
        };
        format!("| {fault} | {promise} | {} |", tally.cells())
    });
    table(&format!("fault | promise | {COLUMNS}"), rows)
}

/// Cases by operation.
pub(super) fn operations(tallies: &BTreeMap<&str, Tally>) -> String {
    table(
        &format!("operation | {COLUMNS}"),
        tallies.iter().map(|(name, tally)| format!("| {name} | {} |", tally.cells())),
    )
}

/// A table in Markdown.
pub(super) fn table(header: &str, rows: impl Iterator<Item = String>) -> String {
    let dashes = vec!["---"; header.split(" | ").count()].join(" | ");
    format!("| {header} |\n| {dashes} |\n{}\n", rows.collect::<Vec<_>>().join("\n"))
}

/// Requires that the page has this table between the markers of this name. With `UPDATE=1`, writes it there.
#[expect(clippy::disallowed_methods, reason = "the environment selects between comparing and writing")]
#[track_caller]
pub(super) fn check(name: &str, table: &str) {
    // Tests run in parallel.
    static PAGE: Mutex<()> = Mutex::new(());
    let _page = PAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reliability.md");
    let page = fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = page.split_once(&begin).unwrap();
    let (found, after) = rest.split_once(&end).unwrap();
    if found != table && std::env::var("UPDATE").is_ok() {
        return fs::write(path, [before, &begin, table, &end, after].concat()).unwrap();
    }
    assert_eq!(found, table, "{name} in docs/reliability.md differs: run the tests with UPDATE=1");
}
