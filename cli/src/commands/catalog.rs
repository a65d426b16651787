//! `portcullis catalog …`: the catalog of permissions, roles and routes, and its versions. Files are TOML or JSON. They
//! are validated with the service's own code before they are sent.

mod file;
mod positions;
mod versions;

use std::path::Path;

use clap::Subcommand;
use portcullis::api_types::PutCatalogResponse;
use portcullis::text::redact;
use serde_json::{Value, json};
use similar::TextDiff;
use ureq::http::Method;

use crate::api::{Api, quoted};
use crate::flag_value::whole_number;
use crate::output::clean;
use crate::{CliError, Context, Outcome};
use file::File;

/// Subcommands of `catalog`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the published catalog, or an earlier version
    Show {
        /// Print this version, as catalog versions lists it
        #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = |text: &str| whole_number(text, 1, None))]
        version: Option<u32>,
        /// Print TOML instead of JSON
        #[arg(long, conflicts_with = "json")]
        toml: bool,
    },
    /// Validate a catalog offline, and print all errors with their lines
    Check {
        #[command(flatten)]
        file: File,
        /// AuthorizerCacheSeconds of the deployment: with a cache, approvals for one use are refused
        #[arg(long, value_name = "N", default_value = "0", allow_negative_numbers = true, value_parser = |text: &str| whole_number(text, 0, Some(3600)))]
        cache_seconds: u32,
    },
    /// Show the changes to the published catalog, and publish them
    Push {
        #[command(flatten)]
        file: File,
        /// Publish only if this is the current version of the published catalog (its ETag), or * for any [default: the version that the command reads]
        #[arg(long, value_name = "ETAG")]
        if_match: Option<String>,
    },
    /// Show the differences from the published catalog
    Diff(File),
    /// List the versions that were published, with who published each and when
    Versions,
}

const STRICT_ADVICE: &str = "The catalog is not strict: paths without a route require only the permission of the naming convention. Once every path has a route, set strict = true.";

pub(crate) fn run(command: Command, context: &Context) -> Result<Outcome, CliError> {
    match command {
        Command::Show { version, toml } => show(version, toml, context),
        Command::Check { file, cache_seconds } => check(&file, cache_seconds, context),
        Command::Push { file, if_match } => push(&file, if_match.as_deref(), context),
        Command::Diff(file) => diff(&file, context),
        Command::Versions => versions::run(context),
    }
}

fn show(version: Option<u32>, as_toml: bool, context: &Context) -> Result<Outcome, CliError> {
    let path = version.map_or("/catalog".to_owned(), |version| format!("/catalog/versions/{version}"));
    let response = context.api()?.get(path).send()?;
    if as_toml {
        context.out.line(clean(&format_document(&response.read()?)).trim_end())?;
    } else {
        context.out.document(&response.body)?;
    }
    Ok(Outcome::Success)
}

fn check(file: &File, cache_seconds: u32, context: &Context) -> Result<Outcome, CliError> {
    let (document, issues) = match file.read(cache_seconds)? {
        Ok(document) => (document, Vec::new()),
        Err(issues) => (Value::Null, issues),
    };
    if context.out.json {
        context.out.document(&redact(&json!({ "issues": issues }).to_string()))?;
    } else {
        file.print(&issues, context)?;
    }
    if issues.is_empty() {
        context.out.note(&format!("{} is valid.", file.name()));
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
    let Some(document) = file.load_valid("it was not published", context)? else { return Ok(Outcome::Negative) };
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
    let Some(document) = file.load_valid("it was not compared", context)? else { return Ok(Outcome::Negative) };
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

/// Loads a catalog file. If it is invalid, prints the errors and what was `skipped`, and returns `None`.
pub(crate) fn load_valid(path: &Path, skipped: &str, context: &Context) -> Result<Option<Value>, CliError> {
    File::new(path).load_valid(skipped, context)
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
