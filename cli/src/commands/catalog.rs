//! `portcullis catalog …`: the catalog of permissions, roles and routes. A file of it is TOML or
//! JSON; it is checked here by the very rules of the service, before anything is sent.

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

/// What there is to do with catalogs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the catalog that is in force
    Show {
        /// As TOML, as files are written
        #[arg(long, conflicts_with = "json")]
        toml: bool,
    },
    /// Check a catalog without a service: every flaw is named with its place
    Check(File),
    /// Put a catalog in force, after it has shown what is different
    Push {
        #[command(flatten)]
        file: File,
        /// Only if the one in force still is this version, as its ETag names it, or * for any
        #[arg(long, value_name = "ETAG")]
        if_match: Option<String>,
    },
    /// Show how a catalog differs from the one in force
    Diff(File),
}

const STRICT_ADVICE: &str = "It is not strict: a path that no route lists needs only what the convention asks for. Once every path has a route, set strict = true.";

/// A catalog in a file.
#[derive(Debug, clap::Args)]
pub(crate) struct File {
    /// The catalog: TOML, or JSON where the name ends in .json; - is standard input, which may be either
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
        context.out.line(clean(&lines_of(&response.read()?)).trim_end())?;
    } else {
        context.out.document(&response.body)?;
    }
    Ok(Outcome::Done)
}

fn check(file: &File, context: &Context) -> Result<Outcome, CliError> {
    let (document, flaws) = match file.read()? {
        Ok(document) => (document, Vec::new()),
        Err(flaws) => (Value::Null, flaws),
    };
    if context.out.json {
        let flaws: Vec<_> = flaws.iter().map(|flaw| json!({ "place": flaw.place, "message": flaw.message })).collect();
        context.out.document(&redact(&json!({ "flaws": flaws }).to_string()))?;
    } else {
        print(&flaws, context)?;
    }
    if flaws.is_empty() {
        let name = if file.is_stdin() { "Standard input".to_owned() } else { file.path.display().to_string() };
        context.out.note(&format!("{name} is a catalog without flaws."));
        let has_routes = document.pointer("/routes/0").is_some();
        if has_routes && document.get("strict") != Some(&json!(true)) {
            context.out.note(STRICT_ADVICE);
        }
        return Ok(Outcome::Done);
    }
    Ok(Outcome::No)
}

fn push(file: &File, if_match: Option<&str>, context: &Context) -> Result<Outcome, CliError> {
    let out = &context.out;
    let Some(document) = file.load_valid(context)? else { return Ok(Outcome::No) };
    let api = context.api()?;
    let (current, tag) = in_force(&api)?;
    let Some(difference) = difference(&current, &document) else {
        out.note("It is in force already; nothing was changed.");
        return Ok(Outcome::Done);
    };
    if !out.json && !out.quiet {
        out.difference(&difference)?;
    }
    context.confirm("Within a minute every decision goes by the new catalog.", "Put it in force?")?;
    let tag = if_match.map_or(tag, quoted);
    let call = api.request(Method::PUT, "/catalog").header("if-match", tag);
    let response = call.json(&document).send().map_err(|failure| failure.with_field_names(str::to_owned))?;
    if out.json {
        out.document(&response.body)?;
        return Ok(Outcome::Done);
    }
    let put: PutCatalogResponse = response.read()?;
    out.note(&format!("The catalog is version {}, effective by {}.", put.version, put.effective_by));
    Ok(Outcome::Done)
}

fn diff(file: &File, context: &Context) -> Result<Outcome, CliError> {
    let Some(document) = file.load_valid(context)? else { return Ok(Outcome::No) };
    let (current, _) = in_force(&context.api()?)?;
    let Some(difference) = difference(&current, &document) else {
        context.out.note("There is no difference.");
        return Ok(Outcome::Done);
    };
    if context.out.json {
        context.out.document(&json!({ "diff": difference }).to_string())?;
    } else if !context.out.quiet {
        context.out.difference(&difference)?;
    }
    Ok(Outcome::No)
}

/// The catalog in a file; where it has flaws they are printed, and there is none.
pub(crate) fn load_valid(path: &Path, context: &Context) -> Result<Option<Value>, CliError> {
    File { path: path.to_owned() }.load_valid(context)
}

/// The catalog that is in force, and its version.
fn in_force(api: &Api) -> Result<(Value, String), CliError> {
    let response = api.get("/catalog").send()?;
    Ok((response.read()?, response.etag.unwrap_or_default()))
}

/// Line by line, from the one to the other; `None` if they are the same.
fn difference(before: &Value, after: &Value) -> Option<String> {
    if before == after {
        return None;
    }
    let (before, after) = (lines_of(before), lines_of(after));
    let diff = TextDiff::from_lines(&before, &after);
    Some(diff.unified_diff().context_radius(3).header("in force", "file").to_string())
}

/// A document as TOML, or where that cannot say it, as JSON.
fn lines_of(document: &Value) -> String {
    toml::to_string_pretty(document).or_else(|_| serde_json::to_string_pretty(document)).unwrap_or_default()
}

fn print(flaws: &[CatalogIssue], context: &Context) -> Result<(), CliError> {
    // Somebody may have written a token where a name belongs.
    let line =
        |flaw: &CatalogIssue| context.out.line(&redact(&format!("{}: {}", clean(&flaw.place), clean(&flaw.message))));
    flaws.iter().try_for_each(line)
}

fn is_within(place: &str, outer: &str) -> bool {
    place.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// Notes the values of TOML that JSON lacks (dates, times, infinities and what is not a number), as the text has them.
fn not_json(place: String, value: &Spanned<DeValue<'_>>, text: &str, flaws: &mut Vec<CatalogIssue>) {
    match value.get_ref() {
        DeValue::Table(table) => {
            table.iter().for_each(|(key, value)| not_json(format!("{place}.{}", key.get_ref()), value, text, flaws));
        }
        DeValue::Array(list) => {
            list.iter().enumerate().for_each(|(at, value)| not_json(format!("{place}[{at}]"), value, text, flaws));
        }
        DeValue::Float(float) if float.as_str().parse().is_ok_and(f64::is_finite) => {}
        DeValue::Float(_) | DeValue::Datetime(_) => {
            let shown = text.get(value.span()).unwrap_or_default();
            let why = "is not a value of JSON: a catalog has strings, true and false, lists and tables";
            flaws.push(CatalogIssue { place, message: format!("{shown} {why}") });
        }
        DeValue::String(_) | DeValue::Integer(_) | DeValue::Boolean(_) => {}
    }
}

impl File {
    /// The document, by which nothing is lost that the catalog says; or what is wrong with it.
    fn read(&self) -> Result<Result<Value, Vec<CatalogIssue>>, CliError> {
        let text = input::text(&self.path, "FILE")?;
        if text.len() > MAX_CATALOG_BYTES {
            let (path, bytes) = (self.path.display(), text.len());
            let why = format!("FILE {path}: a catalog has at most {MAX_CATALOG_BYTES} bytes; this has {bytes}");
            return Err(CliError::usage(why));
        }
        let (document, mut flaws) = match self.parsed(input::without_mark(&text)) {
            Ok(parsed) => parsed,
            Err(flaws) => return Ok(Err(flaws)),
        };
        match Catalog::read(&document) {
            Ok(catalog) if flaws.is_empty() => return Ok(Ok(catalog.to_document())),
            Ok(_) => {}
            Err(mut others) => {
                // Of a value that JSON lacks, and of one that has it within, they would show something else.
                let is_said = |other: &CatalogIssue| {
                    flaws.iter().any(|flaw| {
                        let shows_it = is_within(&flaw.place, &other.place) && other.message.starts_with(['{', '[']);
                        shows_it || is_within(&other.place, &flaw.place)
                    })
                };
                others.retain(|other| !is_said(other));
                flaws.extend(others);
            }
        }
        Ok(Err(flaws))
    }

    /// The document, and the flaws of its values that JSON lacks.
    fn parsed(&self, text: &str) -> Result<(Value, Vec<CatalogIssue>), Vec<CatalogIssue>> {
        let flaw = |line: usize, message: String| vec![CatalogIssue { place: format!("line {line}"), message }];
        if self.is_json(text) {
            let (value, twice) = json::read(text.as_bytes()).map_err(|error| flaw(error.line(), error.to_string()))?;
            let flaws: Vec<_> =
                twice.flaws().map(|(place, message)| CatalogIssue { place: place.to_owned(), message }).collect();
            return if flaws.is_empty() { Ok((value, flaws)) } else { Err(flaws) };
        }
        let read = || {
            let table = DeTable::parse(text)?;
            let value = Value::deserialize(toml::de::Deserializer::from(table.clone()))?;
            let mut flaws = Vec::new();
            for (key, value) in table.get_ref() {
                not_json(key.get_ref().to_string(), value, text, &mut flaws);
            }
            Ok((value, flaws))
        };
        read().map_err(|error: toml::de::Error| {
            let (line, message) = toml_error::explain(&error, text);
            flaw(line, message)
        })
    }

    /// Standard input has no name to tell by, but no TOML begins so.
    fn is_json(&self, text: &str) -> bool {
        let is_named_so = self.path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        is_named_so || (self.is_stdin() && text.trim_start().starts_with('{'))
    }

    fn is_stdin(&self) -> bool {
        self.path == Path::new(input::STDIN)
    }

    /// The document; where there are flaws they are printed, and there is none.
    fn load_valid(&self, context: &Context) -> Result<Option<Value>, CliError> {
        match self.read()? {
            Ok(document) => Ok(Some(document)),
            Err(flaws) => {
                print(&flaws, context)?;
                context.out.warn("the catalog has flaws; nothing was done");
                Ok(None)
            }
        }
    }
}
