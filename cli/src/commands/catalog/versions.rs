//! `portcullis catalog versions`

use portcullis::api_types::CatalogVersion;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::commands::pages::{document, entries};
use crate::{CliError, Context, Outcome};

#[derive(Deserialize)]
struct Page {
    versions: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

/// Lists all versions: the service keeps a few only.
pub(super) fn run(context: &Context) -> Result<Outcome, CliError> {
    let (api, out) = (context.api()?, &context.out);
    let list = || api.get("/catalog/versions");
    let (versions, _) = entries(usize::MAX, list, |page: Page| (page.versions, page.next_cursor), |_| ())?;
    if out.json {
        out.document(&document("versions", &versions))?;
        return Ok(Outcome::Success);
    }
    let read: Result<Vec<CatalogVersion>, _> = versions.iter().map(|it| serde_json::from_str(it.get())).collect();
    let read =
        read.map_err(|_| CliError::Unreachable("this version does not understand the catalog's versions".to_owned()))?;
    if read.is_empty() {
        out.note("The default catalog applies; no version was published.");
        return Ok(Outcome::Success);
    }
    let row = |it: &CatalogVersion| {
        vec![(it.version.to_string(), None), (out.format_time(it.created_at), None), (it.created_by.clone(), None)]
    };
    out.table(&[("VERSION", 0), ("PUBLISHED", 0), ("BY", 1)], read.iter().map(row).collect())?;
    Ok(Outcome::Success)
}
