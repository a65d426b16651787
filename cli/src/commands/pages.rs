//! Pagination of lists.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::CliError;
use crate::api::{ApiRequest, Cursors};
use crate::flag_value::whole_number;

/// Maximum page size of the service.
const MAX_PER_PAGE: usize = 100;

#[derive(Debug, clap::Args)]
pub(crate) struct Limit {
    /// Maximum number of entries
    #[arg(long, value_name = "N", default_value = "50", allow_negative_numbers = true, value_parser = |text: &str| whole_number(text, 1, None))]
    limit: u32,
    /// List all entries
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

impl Limit {
    /// Maximum number of entries.
    pub(crate) fn count(&self) -> usize {
        if self.all { usize::MAX } else { usize::try_from(self.limit).unwrap_or(usize::MAX) }
    }
}

/// Fetches at most `limit` entries of a list, page by page. Returns them, and whether there are more. `split` returns
/// the entries and the next cursor of a page. `progress` is called with the number of entries before each page except
/// the first.
pub(crate) fn entries<'a, P: DeserializeOwned, E>(
    limit: usize,
    list: impl Fn() -> ApiRequest<'a>,
    split: impl Fn(P) -> (Vec<E>, Option<String>),
    mut progress: impl FnMut(usize),
) -> Result<(Vec<E>, bool), CliError> {
    let mut entries = Vec::new();
    let more = for_each_page(limit, list, split, |page, last| {
        entries.extend(page);
        if !last {
            progress(entries.len());
        }
        Ok(())
    })?;
    Ok((entries, more))
}

/// Fetches at most `limit` entries of a list. `each` gets each page, and whether it is the last one to fetch. Returns
/// whether there are more entries.
pub(crate) fn for_each_page<'a, P: DeserializeOwned, E>(
    limit: usize,
    list: impl Fn() -> ApiRequest<'a>,
    split: impl Fn(P) -> (Vec<E>, Option<String>),
    mut each: impl FnMut(Vec<E>, bool) -> Result<(), CliError>,
) -> Result<bool, CliError> {
    let (mut left, mut cursor) = (limit, None::<String>);
    let mut cursors = Cursors::default();
    loop {
        let size = MAX_PER_PAGE.min(left);
        let page = list().query("limit", Some(size)).query("cursor", cursor.as_ref()).send()?.read()?;
        let (page, next_cursor) = split(page);
        left = left.saturating_sub(page.len());
        cursor = cursors.follow(next_cursor)?;
        let last = cursor.is_none() || left == 0;
        each(page, last)?;
        if last {
            return Ok(cursor.is_some());
        }
    }
}

/// The entries as one document: `{"tokens":[…]}`.
pub(crate) fn document(field: &str, entries: &[Box<RawValue>]) -> String {
    let entries = entries.iter().map(|entry| entry.get()).collect::<Vec<_>>().join(",");
    format!("{{\"{field}\":[{entries}]}}")
}
