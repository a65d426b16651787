//! The command line.

use clap::{Parser, ValueEnum, value_parser};
use local::{Data, LogFormat, Options};
use portcullis::clock::Clock;
use portcullis::config::TokenManagement;
use portcullis::token::Prefix;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Starts Portcullis on this machine: the token API, the authorizer and an API to protect.
#[derive(Debug, Parser)]
#[command(name = "portcullis-local", version)]
pub(crate) struct Args {
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9050")]
    listen: SocketAddr,

    /// Directory for what survives a restart: the table, the admin token, the access log
    #[arg(long, value_name = "DIR", default_value = ".portcullis")]
    data_dir: PathBuf,

    /// Keep nothing: use a temporary directory and remove it at exit
    #[arg(long, conflicts_with = "data_dir")]
    ephemeral: bool,

    /// What tokens begin with: a lower-case letter, then 1 to 15 of a-z and 0-9
    #[arg(long, value_parser = prefix, default_value = "pcl")]
    pub(crate) prefix: Prefix,

    /// How many live tokens an owner may have; 0 means no limit
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(0..=1000), default_value = "10")]
    max_tokens_per_owner: u32,

    /// The audit log on standard output: a line of JSON for each decision, or one for people
    #[arg(long, value_name = "FORMAT", default_value = "pretty")]
    log: Log,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Log {
    Json,
    Pretty,
}

impl Args {
    /// Reads the command line. What is wrong with it is one line on standard error.
    pub(crate) fn read() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| {
            if !error.use_stderr() {
                // --help and --version; nothing is left to do if they cannot be printed.
                let _ = error.print();
                return ExitCode::SUCCESS;
            }
            crate::complain(&format!("{} (see --help)", first_paragraph(&error.to_string())));
            ExitCode::from(2)
        })
    }

    pub(crate) fn log(&self) -> LogFormat {
        match self.log {
            Log::Json => LogFormat::Json,
            Log::Pretty => LogFormat::Pretty,
        }
    }

    pub(crate) fn into_options(self) -> Options {
        Options {
            listen: self.listen,
            log: self.log(),
            data: if self.ephemeral { Data::Ephemeral } else { Data::Keep(self.data_dir) },
            prefix: self.prefix,
            max_tokens_per_owner: self.max_tokens_per_owner,
            token_management: TokenManagement::Owners,
            authorizer_cache_seconds: 0,
            oidc: None,
            audit_log: Box::new(io::stdout()),
            clock: Clock::system(),
        }
    }
}

fn prefix(text: &str) -> Result<Prefix, String> {
    text.parse().map_err(|invalid: portcullis::token::Invalid| invalid.to_string())
}

/// What is wrong, without the usage that clap prints below it.
fn first_paragraph(error: &str) -> String {
    let lines = error.lines().map(str::trim).take_while(|line| !line.is_empty());
    let text = lines.collect::<Vec<_>>().join(" ");
    text.strip_prefix("error: ").map_or_else(|| text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use local::template::{Defaults, Template};

    #[test]
    fn the_defaults_are_the_templates() {
        let args = Args::try_parse_from(["portcullis-local"]).unwrap();
        let template = Template::embedded().unwrap().defaults;
        let ours = Defaults {
            token_prefix: args.prefix.to_string(),
            max_tokens_per_owner: args.max_tokens_per_owner,
            // There is no flag for it: it is always the template's.
            retention_days: template.retention_days,
        };
        assert_eq!(ours, template);
    }

    #[test]
    fn the_command_line_is_consistent_in_itself() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }
}
