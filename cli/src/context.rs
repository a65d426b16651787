//! What every command is given: the settings, the output and the time. Nothing is asked of the
//! environment, a file or the service before a command needs it.

use std::path::PathBuf;

use portcullis::clock::Clock;

use crate::api::Api;
use crate::config::Config;
use crate::output::{Color, Output, clean};
use crate::{CliError, credentials, prompt};

/// The flags that every command has.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Where the service is [env: PORTCULLIS_URL]
    #[arg(long, global = true, value_name = "URL")]
    url: Option<String>,
    /// Which profile of the config file is used [env: PORTCULLIS_PROFILE]
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// A file with your token, or - for standard input [env for the token itself: PORTCULLIS_API_TOKEN]
    #[arg(long, global = true, value_name = "PATH|-")]
    api_token_file: Option<PathBuf>,
    /// Print the service's JSON
    #[arg(long, global = true)]
    json: bool,
    /// Print the least: a secret or an id alone, and nothing on standard error but errors
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Do not ask before what cannot be undone
    #[arg(short, long, global = true)]
    yes: bool,
    /// When to use colours; auto is on a terminal, unless NO_COLOR is set or TERM is dumb or empty
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

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
    pub(crate) fn new(global: Global) -> Self {
        let clock = Clock::system();
        let out = Output::new(global.json, global.quiet, global.color, clock.clone());
        let config = Config::new(global.url, global.profile, global.api_token_file);
        Self { config, out, clock, yes: global.yes }
    }

    /// The service, with a credential.
    ///
    /// # Errors
    /// Where no URL or no credential is known, or the credential would go over the network in
    /// the clear.
    pub(crate) fn api(&self) -> Result<Api, CliError> {
        let url = self.config.url()?;
        let credential = credentials::find(&self.config, &url, &self.out)?;
        Api::new(url, Some(credential))
    }

    /// The service, without a credential.
    ///
    /// # Errors
    /// Where no URL is known.
    pub(crate) fn api_without_credential(&self) -> Result<Api, CliError> {
        Api::new(self.config.url()?, None)
    }

    /// Asks before what cannot be undone; `what` says what will break. `--yes` has answered.
    ///
    /// # Errors
    /// Where the answer is no, or nobody is there to ask.
    pub(crate) fn confirm(&self, what: &str, question: &str) -> Result<(), CliError> {
        if self.yes { Ok(()) } else { prompt::ask(&clean(what), &clean(question)) }
    }
}
