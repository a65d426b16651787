//! `portcullis token …`: a token's life. What two of its commands need stands here and in `format`.

mod create;
mod delete;
mod enable_disable;
mod events;
mod explain;
pub(crate) mod format;
mod grant_flags;
mod list;
mod revoke;
mod rotate;
mod tighten;
mod update;
mod usage;

use clap::Subcommand;
use portcullis::api_types::{Shown, Token};
use portcullis::secret::TokenId;

use crate::api::{Answer, Api};
use crate::{Context, Failure, Outcome};

/// What there is to do with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a token, and print its secret this once
    Create(create::Args),
    /// List tokens, newest first
    List(list::Args),
    /// Show a token
    Show(One),
    /// Change a token's name, description, grants, addresses or expiry
    Update(update::Args),
    /// Give a token a new secret, and print it this once
    Rotate(rotate::Args),
    /// Close a token until somebody enables it
    Disable(One),
    /// Open a disabled or idle token again
    Enable(One),
    /// End tokens for good; their records are kept
    Revoke(revoke::Args),
    /// Delete a token and its record
    Delete(One),
    /// Show what happened to a token
    Events(events::Args),
    /// Show which of a token's permissions are used
    Usage(usage::Args),
    /// Take from a token what it does not use
    Tighten(tighten::Args),
    /// Say whether a token may make a request, and what decides it
    Explain(explain::Args),
}

/// One token.
#[derive(Debug, clap::Args)]
pub(crate) struct One {
    /// The token's id: the 16 characters that lists show
    #[arg(value_parser = id)]
    id: TokenId,
}

pub(crate) fn run(command: Command, context: &Context) -> Result<Outcome, Failure> {
    match command {
        Command::Create(args) => create::run(&args, context),
        Command::List(args) => list::run(&args, context),
        Command::Show(One { id }) => format::show(&fetch(&context.api()?, &id)?, context),
        Command::Update(args) => update::run(&args, context),
        Command::Rotate(args) => rotate::run(&args, context),
        Command::Disable(One { id }) => enable_disable::run(&id, "disable", context),
        Command::Enable(One { id }) => enable_disable::run(&id, "enable", context),
        Command::Revoke(args) => revoke::run(&args, context),
        Command::Delete(One { id }) => delete::run(&id, context),
        Command::Events(args) => events::run(&args, context),
        Command::Usage(args) => usage::run(&args, context),
        Command::Tighten(args) => tighten::run(&args, context),
        Command::Explain(args) => explain::run(&args, context),
    }
}

/// Reads an id. That of a whole token is refused before, as a secret on the command line.
pub(crate) fn id(text: &str) -> Result<TokenId, String> {
    text.parse().map_err(|_| "must be a token's id: 16 letters and digits".to_owned())
}

fn fetch(api: &Api, id: &TokenId) -> Result<Answer, Failure> {
    api.get(format!("/tokens/{id}")).send()
}

/// The version of a token, for `If-Match`: the one that was given, or that of this moment.
fn version(api: &Api, id: &TokenId, given: Option<&str>) -> Result<String, Failure> {
    match given {
        Some(tag) => Ok(quoted(tag)),
        None => fetch(api, id)?.etag.ok_or_else(|| Failure::Unreachable("the answer has no ETag".to_owned())),
    }
}

/// A version as `If-Match` has it: `7` is `"7"`. What has quotation marks is sent as it is.
pub(crate) fn quoted(tag: &str) -> String {
    if tag.contains('"') || tag == "*" { tag.to_owned() } else { format!("\"{tag}\"") }
}

/// Prints a secret: alone on standard output, so that it can be piped; what else there is to say
/// goes to standard error.
pub(crate) fn print_secret(answer: &Answer, verb: &str, context: &Context) -> Result<Outcome, Failure> {
    let out = &context.out;
    let shown = answer.read::<Shown<'_>>();
    let id = shown.as_ref().map_or("its id is not known", |shown| shown.view.id.as_str());
    let lost = format!(
        "{verb} ({id}), and its secret is lost: nothing shows it again; portcullis token rotate {id} gives it another, \
         and portcullis token revoke {id} ends it"
    );
    if out.json {
        out.secret(&answer.body, &lost)?;
        return Ok(Outcome::Done);
    }
    let shown = shown?;
    out.note_facts(&format::short(&shown.view, out));
    out.note(&format!("{verb}. Its secret is shown this once:"));
    out.secret(&shown.token, &lost)?;
    Ok(Outcome::Done)
}

/// What asks before something is done to a token needs to say.
fn at_stake(token: &Token, context: &Context) -> String {
    let used = match format::last_use(token, &context.out) {
        never if token.last_used_at.is_none() => format!("{never} used"),
        when => format!("last used {when}"),
    };
    format!("{} \"{}\" of {}, {}, {used}", token.id, token.name, token.owner, token.status)
}
