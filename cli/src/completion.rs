//! Completion of the command line. The shell runs this command with `PORTCULLIS_COMPLETE` set. Token names and IDs,
//! roles and permissions come from the service. Nothing is asked, and an error completes nothing.

mod bash;
mod values;

use clap::Command;
use clap_complete::Shell;
use clap_complete::env::{CompleteEnv, Elvish, Fish, Powershell, Shells, Zsh};

use crate::{CliError, config};
use bash::Bash;
pub(crate) use values::{
    active_tokens, approvals, disabled_tokens, grants, open_approvals, pending_approvals, permissions, profiles, roles,
    tokens, unrevoked_tokens,
};

/// Variable that holds the shell's name.
const VARIABLE: &str = "PORTCULLIS_COMPLETE";
const NAME: &str = "portcullis";
const SHELLS: Shells<'static> = Shells(&[&Bash, &Elvish, &Fish, &Powershell, &Zsh]);

/// Prints the completions, if the shell asks for them.
pub(crate) fn respond(command: fn() -> Command) -> bool {
    let completed = CompleteEnv::with_factory(command).var(VARIABLE).shells(SHELLS);
    let directory = std::env::current_dir().ok();
    completed.try_complete(config::arguments(), directory.as_deref()).unwrap_or(true)
}

/// The script that registers the completion in a shell.
///
/// # Errors
/// When the shell is not supported.
pub(crate) fn script(shell: Shell) -> Result<String, CliError> {
    let mut script = Vec::new();
    let completer = SHELLS.completer(&shell.to_string());
    let completer = completer.ok_or_else(|| CliError::usage(format!("no completion for {shell}")))?;
    completer.write_registration(VARIABLE, NAME, NAME, NAME, &mut script).map_err(CliError::Output)?;
    Ok(String::from_utf8_lossy(&script).trim().to_owned())
}
