//! A catalog file, and the errors in it.

use std::path::{Path, PathBuf};

use portcullis::catalog::{Catalog, CatalogIssue, MAX_CATALOG_BYTES};
use portcullis::json;
use portcullis::text::redact;
use serde::{Deserialize as _, Serialize};
use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::positions::{Positions, each_value, is_within};
use crate::output::clean;
use crate::position::Position;
use crate::{CliError, Context, input, json_error, toml_error};

/// A catalog file.
#[derive(Debug, clap::Args)]
pub(crate) struct File {
    /// Catalog file: TOML, or JSON if the name ends in .json; - reads either from standard input
    #[arg(value_name = "FILE|-")]
    path: PathBuf,
}

/// An error in a catalog file.
#[derive(Serialize)]
pub(super) struct FileIssue {
    line: usize,
    column: usize,
    /// Path of the value; empty for a syntax error.
    path: String,
    message: String,
}

/// A parsed file.
struct ParsedFile<'a> {
    document: Value,
    positions: Positions<'a>,
    /// Values that JSON lacks.
    issues: Vec<CatalogIssue>,
}

impl FileIssue {
    fn new(position: Position, path: String, message: String) -> Self {
        let Position { line, column } = position;
        Self { line, column, path, message }
    }

    /// The issues, in the order of their positions.
    fn all(issues: Vec<CatalogIssue>, positions: &Positions<'_>) -> Vec<Self> {
        let with_position = |issue: CatalogIssue| Self::new(positions.of(&issue.path), issue.path, issue.message);
        let mut issues: Vec<_> = issues.into_iter().map(with_position).collect();
        issues.sort_by_key(|issue| (issue.line, issue.column));
        issues
    }
}

impl File {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The path, or what `-` stands for.
    pub(super) fn name(&self) -> String {
        if self.is_stdin() { "standard input".to_owned() } else { self.path.display().to_string() }
    }

    /// Reads and validates the file, for a deployment whose gateways cache the authorizer's responses for so many
    /// seconds. Returns the document, or the issues.
    pub(super) fn read(&self, cache_seconds: u32) -> Result<Result<Value, Vec<FileIssue>>, CliError> {
        let text = input::text(&self.path, "FILE")?;
        if text.len() > MAX_CATALOG_BYTES {
            let (name, bytes) = (self.name(), text.len());
            let why = format!("{name} has {bytes} bytes; a catalog has at most {MAX_CATALOG_BYTES}");
            return Err(CliError::usage(why));
        }
        let text = input::without_bom(&text);
        let parsed = if self.is_json(text) { parse_json(text) } else { parse_toml(text) };
        Ok(parsed.and_then(|ParsedFile { document, positions, mut issues }| {
            match Catalog::read(&document) {
                Ok(catalog) => {
                    issues.extend(catalog.approval_issues_with_cache(cache_seconds));
                    if issues.is_empty() {
                        return Ok(catalog.to_document());
                    }
                }
                Err(others) => add_unreported(&mut issues, others),
            }
            Err(FileIssue::all(issues, &positions))
        }))
    }

    /// Reads the file. If it is invalid, prints the errors and what was `skipped`, and returns `None`.
    pub(super) fn load_valid(&self, skipped: &str, context: &Context) -> Result<Option<Value>, CliError> {
        // The service knows whether its gateways cache responses.
        match self.read(0)? {
            Ok(document) => Ok(Some(document)),
            Err(issues) => {
                self.print(&issues, context)?;
                context.out.warn(&format!("the catalog has errors, so {skipped}"));
                Ok(None)
            }
        }
    }

    /// Prints each issue with its position, as compilers do.
    pub(super) fn print(&self, issues: &[FileIssue], context: &Context) -> Result<(), CliError> {
        let name = self.name();
        issues.iter().try_for_each(|FileIssue { line, column, path, message }| {
            let path = if path.is_empty() { String::new() } else { format!("{}: ", clean(path)) };
            // A catalog may contain a token by mistake.
            context.out.line(&redact(&format!("{name}:{line}:{column}: {path}{}", clean(message))))
        })
    }

    /// Standard input has no file name, but TOML never begins with `{`.
    fn is_json(&self, text: &str) -> bool {
        let has_json_name = self.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        has_json_name || (self.is_stdin() && text.trim_start().starts_with('{'))
    }

    fn is_stdin(&self) -> bool {
        self.path == Path::new(input::STDIN)
    }
}

fn parse_json(text: &str) -> Result<ParsedFile<'_>, Vec<FileIssue>> {
    let (document, duplicates) = json::read(text.as_bytes()).map_err(|error| {
        let (position, message) = json_error::explain(&error, text);
        vec![FileIssue::new(position, String::new(), message)]
    })?;
    let positions = Positions::of_json(text);
    let duplicates = duplicates.issues().map(|(path, message)| CatalogIssue { path: path.to_owned(), message });
    let duplicates: Vec<_> = duplicates.collect();
    if duplicates.is_empty() {
        Ok(ParsedFile { document, positions, issues: Vec::new() })
    } else {
        Err(FileIssue::all(duplicates, &positions))
    }
}

fn parse_toml(text: &str) -> Result<ParsedFile<'_>, Vec<FileIssue>> {
    let read = || {
        let table = DeTable::parse(text)?;
        let document = Value::deserialize(toml::de::Deserializer::from(table.clone()))?;
        let table = table.get_ref();
        Ok(ParsedFile { document, positions: Positions::of_toml(table, text), issues: non_json_values(table, text) })
    };
    read().map_err(|error: toml::de::Error| {
        let (position, message) = toml_error::explain(&error, text);
        vec![FileIssue::new(position, String::new(), message)]
    })
}

/// An issue for each TOML value that JSON lacks: dates, times, infinities and NaN.
fn non_json_values(table: &DeTable<'_>, text: &str) -> Vec<CatalogIssue> {
    let mut issues = Vec::new();
    each_value(table, &mut |path, _, value| match value.get_ref() {
        DeValue::Float(float) if float.as_str().parse().is_ok_and(f64::is_finite) => {}
        DeValue::Float(_) | DeValue::Datetime(_) => {
            let shown = text.get(value.span()).unwrap_or_default();
            let why = "is not a JSON value; a catalog contains only strings, booleans, lists and tables";
            issues.push(CatalogIssue { path: path.to_owned(), message: format!("{shown} {why}") });
        }
        _ => {}
    });
    issues
}

/// Adds issues, without those about values that JSON lacks, which are reported already, and about values that contain
/// them.
fn add_unreported(issues: &mut Vec<CatalogIssue>, mut others: Vec<CatalogIssue>) {
    others.retain(|other| {
        !issues.iter().any(|issue| {
            let shows_it = is_within(&issue.path, &other.path) && other.message.starts_with(['{', '[']);
            shows_it || is_within(&other.path, &issue.path)
        })
    });
    issues.extend(others);
}
