//! Token ids, and looking up tokens.

use portcullis::secret::TokenId;

use crate::CliError;
use crate::api::{Api, ApiResponse, quoted};

/// Parses a token id. Whole tokens were refused before, as secrets on the command line.
pub(crate) fn id(text: &str) -> Result<TokenId, String> {
    text.parse().map_err(|_| "must be a token id: 16 letters and digits".to_owned())
}

pub(super) fn fetch(api: &Api, id: &TokenId) -> Result<ApiResponse, CliError> {
    api.get(format!("/tokens/{id}")).send()
}

/// Version of a token for `If-Match`: the given one, or else the current one.
pub(super) fn version(api: &Api, id: &TokenId, given: Option<&str>) -> Result<String, CliError> {
    match given {
        Some(tag) => Ok(quoted(tag)),
        None => fetch(api, id)?.etag.ok_or_else(|| CliError::Unreachable("the response has no ETag".to_owned())),
    }
}
