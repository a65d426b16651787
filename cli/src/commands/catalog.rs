//! `portcullis catalog …`: the catalog of permissions, roles and routes. Files are TOML or JSON. They are validated
//! with the service's own code before they are sent.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use portcullis::api_types::PutCatalogResponse;
use portcullis::catalog::{Catalog, CatalogIssue, MAX_CATALOG_BYTES};
use portcullis::json;
use portcullis::text::redact;
use serde::Deserialize as _;
use serde_json::{Value, json};
use similar::TextDiff;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use ureq::http::Method;

use crate::api::{Api, quoted};
use crate::output::clean;
use crate::{CliError, Context, Outcome, input, toml_error};

/// Subcommands of `catalog`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the published catalog
    Show {
        /// Print TOML instead of JSON
        #[arg(long, conflicts_with = "json")]
        toml: bool,
    },
    /// Validate a catalog offline, and print all errors with their positions
    Check(File),
    /// Show the changes to the published catalog, and publish them
    Push {
        #[command(flatten)]
        file: File,
        /// Publish only if the published catalog has this ETag, or * for any [default: the ETag that the command reads]
        #[arg(long, value_name = "ETAG")]
        if_match: Option<String>,
    },
    /// Show the differences from the published catalog
    Diff(File),
}

const STRICT_ADVICE: &str = "The catalog is not strict: paths without a route require only the permission of the naming convention. Once every path has a route, set strict = true.";

/// A catalog file.
#[derive(Debug, clap::Args)]
pub(crate) struct File {
    /// Catalog file: TOML, or JSON if the name ends in .json; - reads either from standard input
    #[arg(value_name = "FILE|-")]
    path: PathBuf,
}

pub(crate) fn run(command: Command, context: &Context) -> Result<Outcome, CliError> {
    match command {
        Command::Show { toml } => show(toml, context),
        Command::Check(file) => check(&file, context),
        Command::Push { file, if_match } => push(&file, if_match.as_deref(), context),
        Command::Diff(file) => diff(&file, context),
    }
}

fn show(as_toml: bool, context: &Context) -> Result<Outcome, CliError> {
    let response = context.api()?.get("/catalog").send()?;
    if as_toml {
        context.out.line(clean(&format_document(&response.read()?)).trim_end())?;
    } else {
        context.out.document(&response.body)?;
    }
    Ok(Outcome::Success)
}

fn check(file: &File, context: &Context) -> Result<Outcome, CliError> {
    let (document, issues) = match file.read()? {
        Ok(document) => (document, Vec::new()),
        Err(issues) => (Value::Null, issues),
    };
    if context.out.json {
        let issues: Vec<_> =
            issues.iter().map(|issue| json!({ "path": issue.path, "message": issue.message })).collect();
        context.out.document(&redact(&json!({ "issues": issues }).to_string()))?;
    } else {
        print(&issues, context)?;
    }
    if issues.is_empty() {
        let name = if file.is_stdin() { "standard input".to_owned() } else { file.path.display().to_string() };
        context.out.note(&format!("The catalog in {name} is valid."));
        let has_routes = document.pointer("/routes/0").is_some();
        if has_routes && document.get("strict") != Some(&json!(true)) {
            context.out.note(STRICT_ADVICE);
        }
        return Ok(Outcome::Success);
    }
    Ok(Outcome::Negative)
}

fn push(file: &File, if_match: Option<&str>, context: &Context) -> Result<Outcome, CliError> {
    let out = &context.out;
    let Some(document) = file.load_valid(context)? else { return Ok(Outcome::Negative) };
    let api = context.api()?;
    let (current, tag) = published(&api)?;
    let Some(difference) = difference(&current, &document) else {
        out.note("This catalog is already published; nothing was changed.");
        return Ok(Outcome::Success);
    };
    if !out.json && !out.quiet {
        out.difference(&difference)?;
    }
    context.confirm("The new catalog takes effect within a minute.", "Publish it?")?;
    let tag = if_match.map_or(tag, quoted);
    let call = api.request(Method::PUT, "/catalog").header("if-match", tag);
    let response = call.json(&document).send().map_err(|error| error.with_field_names(str::to_owned))?;
    if out.json {
        out.document(&response.body)?;
        return Ok(Outcome::Success);
    }
    let put: PutCatalogResponse = response.read()?;
    out.note(&format!("Published catalog version {}, effective by {}.", put.version, put.effective_by));
    Ok(Outcome::Success)
}

fn diff(file: &File, context: &Context) -> Result<Outcome, CliError> {
    let Some(document) = file.load_valid(context)? else { return Ok(Outcome::Negative) };
    let (current, _) = published(&context.api()?)?;
    let Some(difference) = difference(&current, &document) else {
        context.out.note("No differences.");
        return Ok(Outcome::Success);
    };
    if context.out.json {
        context.out.document(&json!({ "diff": difference }).to_string())?;
    } else if !context.out.quiet {
        context.out.difference(&difference)?;
    }
    Ok(Outcome::Negative)
}

/// Loads a catalog file. If it is invalid, prints the errors and returns `None`.
pub(crate) fn load_valid(path: &Path, context: &Context) -> Result<Option<Value>, CliError> {
    File { path: path.to_owned() }.load_valid(context)
}

/// The published catalog and its ETag.
fn published(api: &Api) -> Result<(Value, String), CliError> {
    let response = api.get("/catalog").send()?;
    Ok((response.read()?, response.etag.unwrap_or_default()))
}

/// Unified diff of two catalogs. `None` if they are equal.
fn difference(before: &Value, after: &Value) -> Option<String> {
    if before == after {
        return None;
    }
    let (before, after) = (format_document(before), format_document(after));
    let diff = TextDiff::from_lines(&before, &after);
    Some(diff.unified_diff().context_radius(3).header("published", "file").to_string())
}

/// Formats a document as TOML, or as JSON if TOML cannot represent it.
fn format_document(document: &Value) -> String {
    toml::to_string_pretty(document).or_else(|_| serde_json::to_string_pretty(document)).unwrap_or_default()
}

fn print(issues: &[CatalogIssue], context: &Context) -> Result<(), CliError> {
    // A catalog may contain a token by mistake.
    let line =
        |issue: &CatalogIssue| context.out.line(&redact(&format!("{}: {}", clean(&issue.path), clean(&issue.message))));
    issues.iter().try_for_each(line)
}

fn is_within(place: &str, outer: &str) -> bool {
    place.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Adds an issue for each TOML value that JSON lacks: dates, times, infinities and NaN.
fn add_non_json_values(place: String, value: &Spanned<DeValue<'_>>, text: &str, issues: &mut Vec<CatalogIssue>) {
    match value.get_ref() {
        DeValue::Table(table) => {
            table.iter().for_each(|(key, value)| {
                add_non_json_values(format!("{place}.{}", key.get_ref()), value, text, issues);
            });
        }
        DeValue::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(at, value)| add_non_json_values(format!("{place}[{at}]"), value, text, issues));
        }
        DeValue::Float(float) if float.as_str().parse().is_ok_and(f64::is_finite) => {}
        DeValue::Float(_) | DeValue::Datetime(_) => {
            let shown = text.get(value.span()).unwrap_or_default();
            let why = "is not a JSON value; a catalog contains only strings, booleans, lists and tables";
            issues.push(CatalogIssue { path: place, message: format!("{shown} {why}") });
        }
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Boolean(_) => {}
    }
}

impl File {
    /// Reads and validates the file. Returns the document, or the issues.
    fn read(&self) -> Result<Result<Value, Vec<CatalogIssue>>, CliError> {
        let text = input::text(&self.path, "FILE")?;
        if text.len() > MAX_CATALOG_BYTES {
            let (path, bytes) = (self.path.display(), text.len());
            let why = format!("FILE {path}: {bytes} bytes; the maximum is {MAX_CATALOG_BYTES} bytes");
            return Err(CliError::usage(why));
        }
        let (document, mut issues) = match self.parse(input::without_bom(&text)) {
            Ok(parsed) => parsed,
            Err(issues) => return Ok(Err(issues)),
        };
        match Catalog::read(&document) {
            Ok(catalog) if issues.is_empty() => return Ok(Ok(catalog.to_document())),
            Ok(_) => {}
            Err(mut others) => {
                // Skip issues about values that JSON lacks, which are reported already, and about values that contain
                // them.
                let is_reported = |other: &CatalogIssue| {
                    issues.iter().any(|issue| {
                        let shows_it = is_within(&issue.path, &other.path) && other.message.starts_with(['{', '[']);
                        shows_it || is_within(&other.path, &issue.path)
                    })
                };
                others.retain(|other| !is_reported(other));
                issues.extend(others);
            }
        }
        Ok(Err(issues))
    }

    /// Parses the file. Returns the document, and issues about values that JSON lacks.
    fn parse(&self, text: &str) -> Result<(Value, Vec<CatalogIssue>), Vec<CatalogIssue>> {
        let issue = |line: usize, message: String| vec![CatalogIssue { path: format!("line {line}"), message }];
        if self.is_json(text) {
            let (value, duplicates) =
                json::read(text.as_bytes()).map_err(|error| issue(error.line(), error.to_string()))?;
            let issues: Vec<_> =
                duplicates.issues().map(|(place, message)| CatalogIssue { path: place.to_owned(), message }).collect();
            return if issues.is_empty() { Ok((value, issues)) } else { Err(issues) };
        }
        let read = || {
            let table = DeTable::parse(text)?;
            let value = Value::deserialize(toml::de::Deserializer::from(table.clone()))?;
            let mut issues = Vec::new();
            for (key, value) in table.get_ref() {
                add_non_json_values(key.get_ref().to_string(), value, text, &mut issues);
            }
            Ok((value, issues))
        };
        read().map_err(|error: toml::de::Error| {
            let (line, message) = toml_error::explain(&error, text);
            issue(line, message)
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

    fn load_valid(&self, context: &Context) -> Result<Option<Value>, CliError> {
        match self.read()? {
            Ok(document) => Ok(Some(document)),
            Err(issues) => {
                print(&issues, context)?;
                context.out.warn("the catalog is invalid; nothing was changed");
                Ok(None)
            }
        }
    }
}
