//! The command line.

use clap::builder::NonEmptyStringValueParser as NonEmpty;
use clap::{Parser, ValueEnum, value_parser};
use portcullis::authz::TokenManagement;
use portcullis::clock::Clock;
use portcullis::https_url::Url;
use portcullis::oidc::Provider;
use portcullis::secret::TokenPrefix;
use portcullis::store::Limits;
use portcullis::{Settings, authz, oidc, token};
use portcullis_local::{LogFormat, Options, Storage};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Run Portcullis on this machine: the management API, the authorizer and a protected demo API
#[derive(Debug, Parser)]
#[command(name = "portcullis-local", version)]
pub(crate) struct Args {
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9050")]
    listen: SocketAddr,

    /// Storage directory: the table, the admin token, the logs
    #[arg(long, value_name = "DIR", default_value = ".portcullis")]
    data_dir: PathBuf,

    /// Use a temporary data directory and remove it at exit
    #[arg(long, conflicts_with = "data_dir")]
    ephemeral: bool,

    /// Prefix of tokens: a lower-case letter, then 1 to 15 of a-z and 0-9
    #[arg(long, value_parser = prefix, default_value = "pcl")]
    pub(crate) prefix: TokenPrefix,

    /// Maximum number of live tokens per owner; 0 means no limit
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(0..=1000), default_value = "10")]
    max_tokens_per_owner: u32,

    /// Who can manage tokens: owners (their own; admins all), or admins only
    #[arg(long, value_name = "WHO", default_value = "owners")]
    token_management: TokenManagementArg,

    /// How long the protected API caches authorizer responses, in seconds; 0 turns caching off
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(0..=3600), default_value = "0")]
    authorizer_cache_seconds: u32,

    /// Lifetime of a token that is created without an expiry, in days
    #[arg(long, value_name = "DAYS", value_parser = value_parser!(u32).range(1..=36_500), default_value = "30")]
    default_token_lifetime: u32,

    /// Maximum lifetime of a token, in days; 0 means no limit
    #[arg(long, value_name = "DAYS", value_parser = value_parser!(u32).range(0..=36_500), default_value = "0")]
    max_token_lifetime: u32,

    /// Disable tokens that were not used for this many days; 0 turns it off
    #[arg(long, value_name = "DAYS", value_parser = value_parser!(u32).range(0..=3650), default_value = "0")]
    max_idle_days: u32,

    /// Disable a token when a rotated-out secret is presented
    #[arg(long)]
    quarantine_on_reuse: bool,

    /// Issuer of the OpenID Connect provider; default: the built-in development sign-in
    #[arg(long, value_name = "URL", value_parser = issuer, requires = "oidc_audience")]
    oidc_issuer: Option<String>,

    /// Audience (`aud`) that the provider's sessions must have
    #[arg(long, value_name = "TEXT", value_parser = NonEmpty::new(), requires = "oidc_issuer")]
    oidc_audience: Option<String>,

    /// Claim with the user's groups
    #[arg(long, value_name = "NAME", value_parser = NonEmpty::new(), default_value = "groups", requires = "oidc_issuer")]
    oidc_groups_claim: String,

    /// Claim that identifies the user
    #[arg(long, value_name = "NAME", value_parser = NonEmpty::new(), default_value = "sub", requires = "oidc_issuer")]
    oidc_owner_claim: String,

    /// Public client that the CLI and the console sign in with; default: the audience
    #[arg(long, value_name = "TEXT", value_parser = NonEmpty::new(), requires = "oidc_issuer")]
    oidc_client_id: Option<String>,

    /// Scopes that clients request at sign-in, separated by spaces
    #[arg(long, value_name = "SCOPES", value_parser = NonEmpty::new(), default_value = "openid", requires = "oidc_issuer")]
    oidc_scopes: String,

    /// Format of the audit log on standard output: JSON lines, or readable text
    #[arg(long, value_name = "FORMAT", default_value = "pretty")]
    log: Log,
}

/// The console's sources, in the clone that this program was built from.
const CONSOLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../console");

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TokenManagementArg {
    Owners,
    Admins,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Log {
    Json,
    Pretty,
}

impl Args {
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
            data: if self.ephemeral { Storage::Ephemeral } else { Storage::Keep(self.data_dir) },
            settings: Settings {
                prefix: self.prefix,
                limits: Limits { live_tokens: self.max_tokens_per_owner, ..Limits::default() },
                authz: authz::Settings {
                    token_management: match self.token_management {
                        TokenManagementArg::Owners => TokenManagement::Owners,
                        TokenManagementArg::Admins => TokenManagement::Admins,
                    },
                    cache_seconds: self.authorizer_cache_seconds,
                    max_idle_days: self.max_idle_days,
                },
                token: token::Settings {
                    default_lifetime_days: self.default_token_lifetime,
                    max_lifetime_days: self.max_token_lifetime,
                    quarantine_on_reuse: self.quarantine_on_reuse,
                },
                oidc: oidc::Settings {
                    provider: self.oidc_issuer.zip(self.oidc_audience).map(|(issuer, audience)| Provider {
                        issuer,
                        client_id: self.oidc_client_id.unwrap_or_else(|| audience.clone()),
                        audience,
                        groups_claim: self.oidc_groups_claim,
                        owner_claim: self.oidc_owner_claim,
                        scopes: self.oidc_scopes,
                    }),
                    ..oidc::Settings::default()
                },
            },
            audit_log: Box::new(io::stdout()),
            console: Some(PathBuf::from(CONSOLE)),
            clock: Clock::system(),
            call_check: None,
        }
    }
}

fn prefix(text: &str) -> Result<TokenPrefix, String> {
    text.parse().map_err(|invalid: portcullis::validation::ValidationError| invalid.to_string())
}

/// Parses an issuer, unchanged, because it must equal the `iss` of its sessions. It must use HTTPS,
/// except on a loopback address, so that its JWKS cannot be tampered with.
fn issuer(text: &str) -> Result<String, &'static str> {
    let url = Url::parse(text).filter(|_| !text.contains(['?', '#', '@']));
    let url = url.ok_or("must be an https URL, or http on a loopback address, without ? and #")?;
    Ok(url.as_str().to_owned())
}

/// clap's error on one line, without the usage.
pub(crate) fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines: Vec<_> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let text = lines.join(" ");
    format!("{} (see --help)", text.strip_prefix("error: ").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use portcullis_local::template::{Defaults, Template};

    #[test]
    fn the_defaults_are_the_templates() {
        let args = Args::try_parse_from(["portcullis-local"]).unwrap();
        let template = Template::embedded().unwrap().defaults;
        let ours = Defaults {
            token_prefix: args.prefix.to_string(),
            max_tokens_per_owner: args.max_tokens_per_owner,
            // There is no flag for it.
            retention_days: template.retention_days,
            history_days: template.history_days,
        };
        assert_eq!(ours, template);
    }

    fn settings(args: &[&str]) -> Settings {
        Args::try_parse_from(["portcullis-local"].iter().chain(args)).unwrap().into_options().settings
    }

    #[test]
    fn without_flags_owners_manage_and_nothing_is_cached() {
        let options = settings(&[]);
        assert_eq!(options.authz.token_management, TokenManagement::Owners);
        assert_eq!(options.authz.cache_seconds, 0);
        assert_eq!(options.oidc.provider, None);
    }

    #[test]
    fn flags_set_the_options() {
        let options = settings(&[
            "--token-management",
            "admins",
            "--authorizer-cache-seconds",
            "3600",
            "--default-token-lifetime",
            "7",
            "--max-token-lifetime",
            "90",
            "--max-idle-days",
            "60",
            "--quarantine-on-reuse",
        ]);
        assert_eq!(options.token.default_lifetime_days, 7);
        assert_eq!((options.token.max_lifetime_days, options.authz.max_idle_days), (90, 60));
        assert!(options.token.quarantine_on_reuse);
        assert_eq!(options.authz.token_management, TokenManagement::Admins);
        assert_eq!(options.authz.cache_seconds, 3600);
    }

    #[test]
    fn a_provider_is_an_issuer_and_an_audience_and_the_rest_has_defaults() {
        let least = ["--oidc-issuer", "https://id.example.com/", "--oidc-audience", "portcullis"];
        let mut expected = Provider {
            issuer: "https://id.example.com/".to_owned(),
            audience: "portcullis".to_owned(),
            groups_claim: "groups".to_owned(),
            owner_claim: "sub".to_owned(),
            client_id: "portcullis".to_owned(),
            scopes: "openid".to_owned(),
        };
        assert_eq!(settings(&least).oidc.provider.as_ref(), Some(&expected));
        expected.groups_claim = "cognito:groups".to_owned();
        expected.owner_claim = "email".to_owned();
        expected.client_id = "cli".to_owned();
        expected.scopes = "openid groups".to_owned();
        let claims = ["--oidc-groups-claim", "cognito:groups", "--oidc-owner-claim", "email"];
        let client = ["--oidc-client-id", "cli", "--oidc-scopes", "openid groups"];
        assert_eq!(settings(&[least, claims, client].concat()).oidc.provider, Some(expected));
    }

    #[test]
    fn an_issuer_is_https_or_on_this_machine() {
        for good in [
            "https://id.example.com",
            "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_x",
            "http://127.0.0.1:8080/realms/x",
            "http://[::1]:8080",
            "http://localhost",
        ] {
            assert_eq!(issuer(good).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "id.example.com",
            "/dev",
            "https://",
            "http://id.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost@example.com",
            "ftp://localhost",
            "https://id.example.com/?x=1",
            "https://id.example.com/#x",
            "https://id.example.com/a b",
        ] {
            assert!(issuer(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_command_line_is_consistent_in_itself() {
        use clap::CommandFactory;
        Args::command().debug_assert();
    }
}
