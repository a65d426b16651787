//! `portcullis token …`: commands for tokens. `format`, `grant_flags`, `lookup` and `words` are
//! shared by several.

mod create;
mod delete;
mod enable_disable;
mod events;
mod explain;
pub(crate) mod format;
mod grant_flags;
mod list;
pub(crate) mod lookup;
mod missing_fields;
mod revoke;
mod rotate;
mod selection;
mod show;
mod tighten;
mod update;
mod usage;
pub(crate) mod words;

use clap::Subcommand;
use clap_complete::ArgValueCompleter;

use crate::{CliError, Context, Outcome, completion};
use lookup::TokenArg;

/// Subcommands of `token`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a token and print its secret (shown once)
    Create(create::Args),
    /// List tokens
    List(list::Args),
    /// Show a token
    Show(show::Args),
    /// Edit a token's name, description, grants, allowed IPs or expiry
    Update(update::Args),
    /// Replace a token's secret and print the new one (shown once)
    #[command(mut_arg("token", |token| token.add(ArgValueCompleter::new(completion::unrevoked_tokens))))]
    Rotate(rotate::Args),
    /// Disable a token
    #[command(mut_arg("token", |token| token.add(ArgValueCompleter::new(completion::active_tokens))))]
    Disable(TokenArg),
    /// Enable a disabled or idle token
    #[command(mut_arg("token", |token| token.add(ArgValueCompleter::new(completion::disabled_tokens))))]
    Enable(TokenArg),
    /// Revoke tokens permanently (their records are kept)
    Revoke(revoke::Args),
    /// Revoke a token permanently and delete its record
    Delete(TokenArg),
    /// Show a token's events, newest first
    Events(events::Args),
    /// Show which permissions a token uses
    Usage(usage::Args),
    /// Remove the permissions that a token does not use
    Tighten(usage::Args),
    /// Show whether a token can make a request, and why
    Explain(explain::Args),
}

pub(crate) fn run(command: Command, context: &Context) -> Result<Outcome, CliError> {
    match command {
        Command::Create(args) => create::run(&args, context),
        Command::List(args) => list::run(&args, context),
        Command::Show(args) => show::run(&args, context),
        Command::Update(args) => update::run(&args, context),
        Command::Rotate(args) => rotate::run(&args, context),
        Command::Disable(token) => enable_disable::run(&token, "disable", context),
        Command::Enable(token) => enable_disable::run(&token, "enable", context),
        Command::Revoke(args) => revoke::run(&args, context),
        Command::Delete(token) => delete::run(&token, context),
        Command::Events(args) => events::run(&args, context),
        Command::Usage(args) => usage::run(&args, context),
        Command::Tighten(args) => tighten::run(&args, context),
        Command::Explain(args) => explain::run(&args, context),
    }
}
