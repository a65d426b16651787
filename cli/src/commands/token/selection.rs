//! Search and order of `portcullis token list`, like the console's.

use std::cmp::Reverse;

use clap::ValueEnum;
use portcullis::api_types::Token;
use serde_json::value::RawValue;

use crate::CliError;

#[derive(Debug, clap::Args)]
pub(super) struct Selection {
    /// Only tokens with these words in their name, description, ID, owner, role, permissions or resources
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    search: Option<String>,
    /// Order of the list [default: created]
    #[arg(long, value_name = "KEY")]
    sort: Option<SortKey>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SortKey {
    /// Newest first
    Created,
    /// Next to expire first, revoked ones last
    Expires,
    /// Never and least recently used first
    LastUsed,
    Name,
    Owner,
}

impl Selection {
    /// Whether a flag was given.
    pub(super) fn is_given(&self) -> bool {
        self.search.is_some() || self.sort.is_some()
    }

    /// Names and values in the address of the console's list.
    pub(super) fn console_parameters(&self) -> [(&'static str, Option<&str>); 2] {
        let sort = self.sort.map(|sort| match sort {
            SortKey::Created => "created",
            SortKey::Expires => "expires",
            SortKey::LastUsed => "used",
            SortKey::Name => "name",
            SortKey::Owner => "owner",
        });
        [("q", self.search.as_deref()), ("sort", sort)]
    }

    /// The matching tokens, in order.
    ///
    /// # Errors
    /// When a token cannot be read.
    pub(super) fn apply(&self, tokens: Vec<Box<RawValue>>) -> Result<Vec<Box<RawValue>>, CliError> {
        let tokens = tokens.into_iter().map(|raw| Ok((read(&raw)?, raw))).collect::<Result<Vec<_>, CliError>>()?;
        let mut tokens: Vec<_> = tokens.into_iter().filter(|(token, _)| self.matches(token)).collect();
        // Sorting is stable: equal tokens stay in the service's order, newest first.
        match self.sort.unwrap_or(SortKey::Created) {
            SortKey::Created => tokens.sort_by_key(|(token, _)| Reverse(token.created_at)),
            SortKey::Expires => tokens
                .sort_by_key(|(token, _)| (token.status == "revoked", token.expires_at.is_none(), token.expires_at)),
            SortKey::LastUsed => tokens.sort_by_key(|(token, _)| token.last_used_at),
            SortKey::Name => tokens.sort_by_cached_key(|(token, _)| token.name.to_lowercase()),
            SortKey::Owner => tokens.sort_by_cached_key(|(token, _)| token.owner.to_lowercase()),
        }
        Ok(tokens.into_iter().map(|(_, raw)| raw).collect())
    }

    fn matches(&self, token: &Token) -> bool {
        let optional = [&token.description, &token.role, &token.via].into_iter().flatten();
        let grants = token.grants.iter().flat_map(|grant| grant.permissions.iter().chain(&grant.resources));
        let texts = [&token.id, &token.name, &token.owner].into_iter().chain(optional).chain(grants);
        let text = texts.map(|text| text.to_lowercase()).collect::<Vec<_>>().join("\n");
        let search = self.search.as_deref().unwrap_or_default().to_lowercase();
        search.split_whitespace().all(|word| text.contains(word))
    }
}

/// Reads one token of the list.
pub(super) fn read(token: &RawValue) -> Result<Token, CliError> {
    serde_json::from_str(token.get())
        .map_err(|_| CliError::Unreachable("this version does not understand the list".to_owned()))
}
