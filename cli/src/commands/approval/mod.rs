//! `portcullis approval …`: approvals of what a token must not do alone. `format` and `lookup` are shared by all commands,
//! and `wait` waits for a decision.

mod decide;
mod end;
mod format;
mod list;
mod lookup;
mod request;
mod wait;

use clap::Subcommand;
use clap_complete::ArgValueCompleter;

use crate::{CliError, Context, Outcome, completion};
pub(crate) use format::of_token;
use lookup::{ApprovalArg, fetch};

/// Subcommands of `approval`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Request an approval for the token that you use, and wait for the decision
    Request(request::Args),
    /// List approvals, newest first
    #[command(mut_arg("token", |token| token.required(false)))]
    List(list::Args),
    /// Show an approval
    Show(ApprovalArg),
    /// Approve a request
    #[command(mut_arg("id", |id| id.add(ArgValueCompleter::new(completion::pending_approvals))))]
    Approve(decide::ApproveArgs),
    /// Reject a request
    #[command(mut_arg("id", |id| id.add(ArgValueCompleter::new(completion::pending_approvals))))]
    Reject(decide::RejectArgs),
    /// End an approval, or withdraw a pending request
    #[command(mut_arg("id", |id| id.add(ArgValueCompleter::new(completion::open_approvals))))]
    End(ApprovalArg),
}

pub(crate) fn run(command: Command, context: &Context) -> Result<Outcome, CliError> {
    match command {
        Command::Request(args) => request::run(&args, context),
        Command::List(args) => list::run(&args, context),
        Command::Show(approval) => format::show(&fetch(&context.api()?, approval.id())?, context),
        Command::Approve(args) => decide::approve(&args, context),
        Command::Reject(args) => decide::reject(&args, context),
        Command::End(approval) => end::run(&approval, context),
    }
}
