//! Looking up tokens by ID or name.

use clap_complete::ArgValueCompleter;
use portcullis::api_types::{Token, TokenPage};
use portcullis::secret::TokenId;

use crate::api::{Api, ApiResponse, quoted};
use crate::commands::pages;
use crate::{CliError, completion};

/// Argument of commands for one token.
#[derive(Debug, clap::Args)]
pub(crate) struct TokenArg {
    /// ID or name of the token
    #[arg(add = ArgValueCompleter::new(completion::tokens))]
    token: String,
}

impl TokenArg {
    /// The token's ID, if it was given.
    pub(crate) fn id(&self) -> Option<TokenId> {
        self.token.parse().ok()
    }

    /// The token's ID.
    ///
    /// # Errors
    /// When no token, or more than one, has this name.
    pub(crate) fn find_id(&self, api: &Api) -> Result<TokenId, CliError> {
        self.id().map_or_else(|| id_of_name(&self.token, &all_tokens(api, None)?), Ok)
    }
}

/// The IDs of tokens that are given by ID or name, in this order.
///
/// # Errors
/// When no token, or more than one, has one of the names.
pub(super) fn find_ids(texts: &[String], api: &Api) -> Result<Vec<TokenId>, CliError> {
    let is_name = |text: &String| text.parse::<TokenId>().is_err();
    let tokens = if texts.iter().any(is_name) { all_tokens(api, None)? } else { Vec::new() };
    texts.iter().map(|text| text.parse().or_else(|_| id_of_name(text, &tokens))).collect()
}

/// The ID of the only token with this name, or of the only one that is not revoked: the names of revoked tokens are
/// often in use again.
fn id_of_name(name: &str, tokens: &[Token]) -> Result<TokenId, CliError> {
    let named: Vec<&Token> = tokens.iter().filter(|token| token.name == name).collect();
    let usable: Vec<&Token> = named.iter().copied().filter(|token| token.status != "revoked").collect();
    match (usable.as_slice(), named.as_slice()) {
        ([token], _) | ([], [token]) => parse_id(&token.id),
        ([], []) => Err(CliError::UnknownName(format!("no token is named \"{name}\""))),
        ([], several) => {
            let (count, list) = (several.len(), list_matches(several));
            Err(CliError::usage(format!("{count} revoked tokens are named \"{name}\"; give the ID instead:{list}")))
        }
        (several, _) => {
            let (count, list) = (several.len(), list_matches(&named));
            Err(CliError::usage(format!("{count} tokens are named \"{name}\"; give the ID instead:{list}")))
        }
    }
}

fn list_matches(tokens: &[&Token]) -> String {
    tokens.iter().map(|token| format!("\n  {}  {}, owner {}", token.id, token.status, token.owner)).collect()
}

/// All tokens of an owner, or all that the caller may see.
pub(super) fn all_tokens(api: &Api, owner: Option<&str>) -> Result<Vec<Token>, CliError> {
    let list = || api.get("/tokens").query("owner", owner);
    let (tokens, _) = pages::entries(usize::MAX, list, |page: TokenPage| (page.tokens, page.next_cursor), |_| ())?;
    Ok(tokens)
}

/// Parses the ID of a token in a response.
fn parse_id(text: &str) -> Result<TokenId, CliError> {
    text.parse().map_err(|_| CliError::Unreachable(format!("unexpected token ID \"{text}\" in the response")))
}

pub(super) fn fetch(api: &Api, id: &TokenId) -> Result<ApiResponse, CliError> {
    api.get(format!("/tokens/{id}")).send()
}

/// Version of a token for `If-Match`: the given one, or else the current one.
pub(super) fn version(api: &Api, id: &TokenId, given: Option<&str>) -> Result<String, CliError> {
    match given {
        Some(tag) => Ok(quoted(tag)),
        None => fetch(api, id)?
            .etag
            .ok_or_else(|| CliError::Unreachable("the response does not say which version the token has".to_owned())),
    }
}
