//! What every command is given: the settings, the output and the time. Nothing is asked of the
//! environment, a file or the service before a command needs it.

use portcullis::clock::Clock;

use crate::api::Api;
use crate::args::{Args, Command};
use crate::config::Config;
use crate::output::{Output, clean};
use crate::{Failure, credentials, prompt};

/// What every command is given.
pub(crate) struct Context {
    /// Flags, environment and config file.
    pub(crate) config: Config,
    /// Standard output and standard error.
    pub(crate) out: Output,
    /// The time.
    pub(crate) clock: Clock,
    /// Whether every question has been answered with yes.
    pub(crate) yes: bool,
}

impl Context {
    pub(crate) fn of(args: Args) -> (Command, Self) {
        let Args { global, command } = args;
        let clock = Clock::system();
        let out = Output::new(global.json, global.quiet, global.color, clock.clone());
        let config = Config::new(global.url, global.profile, global.api_token_file);
        (command, Self { config, out, clock, yes: global.yes })
    }

    /// The service, with a credential.
    ///
    /// # Errors
    /// Where no URL or no credential is known, or the credential would go over the network in
    /// the clear.
    pub(crate) fn api(&self) -> Result<Api, Failure> {
        let url = self.config.url()?;
        let credential = credentials::find(&self.config, &url, &self.out)?;
        Api::new(url, Some(credential))
    }

    /// The service, without a credential.
    ///
    /// # Errors
    /// Where no URL is known.
    pub(crate) fn api_without_credential(&self) -> Result<Api, Failure> {
        Api::new(self.config.url()?, None)
    }

    /// Asks before what cannot be undone; `what` says what will break. `--yes` has answered.
    ///
    /// # Errors
    /// Where the answer is no, or nobody is there to ask.
    pub(crate) fn confirm(&self, what: &str, question: &str) -> Result<(), Failure> {
        if self.yes { Ok(()) } else { prompt::ask(&clean(what), &clean(question)) }
    }
}
