//! A token by its id: how that is read, and what the service shows of it.

use portcullis::secret::TokenId;

use crate::CliError;
use crate::api::{Api, ApiResponse, quoted};

/// Reads an id. That of a whole token is refused before, as a secret on the command line.
pub(crate) fn id(text: &str) -> Result<TokenId, String> {
    text.parse().map_err(|_| "must be a token's id: 16 letters and digits".to_owned())
}

pub(super) fn fetch(api: &Api, id: &TokenId) -> Result<ApiResponse, CliError> {
    api.get(format!("/tokens/{id}")).send()
}

/// The version of a token, for `If-Match`: the one that was given, or that of this moment.
pub(super) fn version(api: &Api, id: &TokenId, given: Option<&str>) -> Result<String, CliError> {
    match given {
        Some(tag) => Ok(quoted(tag)),
        None => fetch(api, id)?.etag.ok_or_else(|| CliError::Unreachable("the answer has no ETag".to_owned())),
    }
}
