//! Context that every command receives: configuration, output and clock. The environment, files and
//! the service are read only when a command needs them.

use std::path::PathBuf;

use clap_complete::ArgValueCompleter;
use portcullis::clock::Clock;

use crate::api::Api;
use crate::config::Config;
use crate::output::{Color, Output, clean};
use crate::{CliError, completion, credentials, prompt};

/// Flags of every command.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// URL of the service [env: PORTCULLIS_URL]
    #[arg(long, global = true, value_name = "URL")]
    url: Option<String>,
    /// Profile of the config file to use [env: PORTCULLIS_PROFILE]
    #[arg(long, global = true, value_name = "NAME", add = ArgValueCompleter::new(completion::profiles))]
    profile: Option<String>,
    /// File with your API token, or - for standard input [env for the token itself: PORTCULLIS_API_TOKEN]
    #[arg(long, global = true, value_name = "PATH|-")]
    api_token_file: Option<PathBuf>,
    /// Print JSON, as the service returns it
    #[arg(long, global = true)]
    json: bool,
    /// Print only secrets or IDs, and no messages except errors, warnings and instructions
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Skip confirmation prompts
    #[arg(short, long, global = true)]
    yes: bool,
    /// When to use colors; auto: on a terminal, unless NO_COLOR is set or TERM is dumb or empty
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

/// Context that every command receives.
pub(crate) struct Context {
    /// Flags, environment and config file.
    pub(crate) config: Config,
    /// Standard output and standard error.
    pub(crate) out: Output,
    pub(crate) clock: Clock,
    /// Whether `--yes` skips confirmation prompts.
    pub(crate) yes: bool,
}

impl Context {
    pub(crate) fn new(global: Global) -> Self {
        let clock = Clock::system();
        let out = Output::new(global.json, global.quiet, global.color, clock.clone());
        let config = Config::new(global.url, global.profile, global.api_token_file);
        Self { config, out, clock, yes: global.yes }
    }

    /// Client for the service, with a credential.
    ///
    /// # Errors
    /// When no URL or credential is configured, or the credential would be sent unencrypted to
    /// another machine.
    pub(crate) fn api(&self) -> Result<Api, CliError> {
        let url = self.config.url()?;
        let credential = credentials::find(&self.config, &url, &self.out)?;
        Api::new(url, Some(credential))
    }

    /// Client for the service, without a credential.
    ///
    /// # Errors
    /// When no URL is configured.
    pub(crate) fn api_without_credential(&self) -> Result<Api, CliError> {
        Api::new(self.config.url()?, None)
    }

    /// Asks for confirmation of an irreversible action, unless `--yes` was given. `impact` says what it changes.
    ///
    /// # Errors
    /// When the user declines, or there is no terminal.
    pub(crate) fn confirm(&self, impact: &str, question: &str) -> Result<(), CliError> {
        if self.yes { Ok(()) } else { prompt::confirm(&clean(impact), &clean(question)) }
    }
}
