//! `portcullis token …`: a token's life. What several of its commands need is in `format`, `grant_flags`,
//! `lookup` and `pages`.

mod create;
mod delete;
mod enable_disable;
mod events;
mod explain;
pub(crate) mod format;
mod grant_flags;
mod list;
pub(crate) mod lookup;
mod pages;
mod revoke;
mod rotate;
mod tighten;
mod update;
mod usage;

use clap::Subcommand;
use portcullis::secret::TokenId;

use crate::{CliError, Context, Outcome};
use lookup::{fetch, id};

/// What there is to do with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a token, and print its secret this once
    Create(create::Args),
    /// List tokens, newest first
    List(list::Args),
    /// Show a token
    Show(TokenIdArg),
    /// Change a token's name, description, grants, addresses or expiry
    Update(update::Args),
    /// Give a token a new secret, and print it this once
    Rotate(rotate::Args),
    /// Close a token until somebody enables it
    Disable(TokenIdArg),
    /// Open a disabled or idle token again
    Enable(TokenIdArg),
    /// End tokens for good; their records are kept
    Revoke(revoke::Args),
    /// Delete a token and its record
    Delete(TokenIdArg),
    /// Show what happened to a token
    Events(events::Args),
    /// Show which of a token's permissions are used
    Usage(usage::Args),
    /// Take from a token what it does not use
    Tighten(usage::Args),
    /// Say whether a token may make a request, and what decides it
    Explain(explain::Args),
}

/// One token.
#[derive(Debug, clap::Args)]
pub(crate) struct TokenIdArg {
    /// The token's id: the 16 characters that lists show
    #[arg(value_parser = id)]
    id: TokenId,
}

pub(crate) fn run(command: Command, context: &Context) -> Result<Outcome, CliError> {
    match command {
        Command::Create(args) => create::run(&args, context),
        Command::List(args) => list::run(&args, context),
        Command::Show(TokenIdArg { id }) => format::show(&fetch(&context.api()?, &id)?, context),
        Command::Update(args) => update::run(&args, context),
        Command::Rotate(args) => rotate::run(&args, context),
        Command::Disable(TokenIdArg { id }) => enable_disable::run(&id, "disable", context),
        Command::Enable(TokenIdArg { id }) => enable_disable::run(&id, "enable", context),
        Command::Revoke(args) => revoke::run(&args, context),
        Command::Delete(TokenIdArg { id }) => delete::run(&id, context),
        Command::Events(args) => events::run(&args, context),
        Command::Usage(args) => usage::run(&args, context),
        Command::Tighten(args) => tighten::run(&args, context),
        Command::Explain(args) => explain::run(&args, context),
    }
}
