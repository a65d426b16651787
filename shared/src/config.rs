//! The deployment's settings: the one place that reads the environment.

use std::str::FromStr;
use std::time::Duration;

#[cfg(feature = "flush")]
use crate::flush::Stages;
use crate::token::Prefix;
use crate::url::Url;

/// What the operator chose, as `template.yaml` passes it on.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `PORTCULLIS_TABLE`: the DynamoDB table's name.
    pub table: String,
    /// `PORTCULLIS_PREFIX`: what every token begins with (`pcl`).
    pub prefix: Prefix,
    /// `PORTCULLIS_MAX_TOKENS_PER_OWNER`: the limit of live tokens per owner (10); 0 is
    /// none.
    pub max_tokens_per_owner: u32,
    /// `PORTCULLIS_RETENTION_DAYS`: for how many days a record outlives its token (30).
    pub retention_days: u32,
    /// `PORTCULLIS_HISTORY_DAYS`: for how many days an event is kept (400).
    pub history_days: u32,
    /// `PORTCULLIS_HTTP_API_ANSWER`: the form of the authorizer's answer to HTTP APIs
    /// (`simple`).
    pub http_api_answer: HttpApiAnswer,
    /// `PORTCULLIS_TOKEN_MANAGEMENT`: who may manage tokens (`owners`).
    pub token_management: TokenManagement,
    /// `PORTCULLIS_AUTHORIZER_CACHE_SECONDS`: for how long gateways keep the authorizer's
    /// answers (0): above 0 each answer has to hold for every route.
    pub authorizer_cache_seconds: u32,
    /// `PORTCULLIS_MAX_TOKEN_LIFETIME`: the most days that a token may live from when its expiry
    /// is set (0); 0 is for ever.
    pub max_token_lifetime_days: u32,
    /// `PORTCULLIS_MAX_IDLE_DAYS`: after how many days without use a token opens nothing (0); 0
    /// is never.
    pub max_idle_days: u32,
    /// `PORTCULLIS_QUARANTINE_ON_REUSE`: whether a token is disabled when a secret of it is used
    /// that a newer one has replaced (`false`).
    pub quarantine_on_reuse: bool,
    /// The OpenID Connect provider whose sessions are accepted; `None` where there is none.
    pub oidc: Option<Oidc>,
    /// How long a provider may take to send its discovery document or its keys. Not of the
    /// environment: [`PROVIDER_TIMEOUT`] in Lambda, longer where a person waits at one machine.
    pub provider_timeout: Duration,
}

/// How long a provider may take for one document in Lambda: the authorizer has five seconds for
/// everything.
pub const PROVIDER_TIMEOUT: Duration = Duration::from_millis(1500);

/// Who may manage tokens on the product's own API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenManagement {
    /// Owners their own, with `tokens:read` and `tokens:write`; admins anyone's.
    Owners,
    /// Only who has `tokens:admin`.
    Admins,
}

/// The operator's OpenID Connect provider, and how it names things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oidc {
    /// `PORTCULLIS_OIDC_ISSUER`: the `iss` of its tokens, and where its discovery document
    /// is found. `https`, or `http` on a loopback address.
    pub issuer: String,
    /// `PORTCULLIS_OIDC_AUDIENCE`: the `aud` that a session has to be for.
    pub audience: String,
    /// `PORTCULLIS_OIDC_GROUPS_CLAIM`: the claim with the person's groups (`groups`).
    pub groups_claim: String,
    /// `PORTCULLIS_OIDC_OWNER_CLAIM`: the claim that names the person (`sub`).
    pub owner_claim: String,
    /// `PORTCULLIS_OIDC_CLIENT_ID`: the public client with which the command line and the console
    /// sign people in (the audience).
    pub client_id: String,
    /// `PORTCULLIS_OIDC_SCOPES`: what they ask the provider for, with spaces between (`openid`).
    pub scopes: String,
}

/// What the console's page is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Console {
    /// The origins that the page may connect to besides its own: that of `PORTCULLIS_OIDC_ISSUER`, and
    /// those of `PORTCULLIS_CONSOLE_CONNECT_SOURCES`, with spaces between, where the provider has
    /// its endpoints elsewhere.
    pub connect_sources: Vec<String>,
}

/// The two forms of answer that an HTTP API's authorizer can be configured for; the event
/// does not tell which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpApiAnswer {
    /// `{"isAuthorized": ..}`
    Simple,
    /// An IAM policy.
    Iam,
}

/// How to reach DynamoDB.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, or else `AWS_ENDPOINT_URL`; AWS's own where there is
    /// neither.
    pub endpoint: Option<String>,
    /// `AWS_CA_BUNDLE`: a PEM file whose roots are trusted instead of Amazon's.
    pub ca_bundle: Option<String>,
    /// Access key id and secret access key; those of the environment where there is none.
    pub static_credentials: Option<(String, String)>,
    /// How long to wait for it.
    pub timeouts: Timeouts,
}

/// How long DynamoDB may take. The default is Lambda's: the function answers before the gateway
/// gives up on it, so a store that hangs is a failing store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// To take a connection.
    pub connect: Duration,
    /// To answer one attempt of an operation.
    pub attempt: Duration,
    /// To answer an operation, all attempts together.
    pub operation: Duration,
}

impl Timeouts {
    /// For an engine on the same machine, where no gateway gives up and builds may take every core.
    pub const ONE_MACHINE: Self = Self {
        connect: Duration::from_secs(60),
        attempt: Duration::from_secs(60),
        operation: Duration::from_secs(180),
    };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(1),
            attempt: Duration::from_millis(1500),
            operation: Duration::from_secs(4),
        }
    }
}

/// Whose caches of the authorizer's answers to empty, and how to reach their control plane.
#[cfg(feature = "flush")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flush {
    /// `PORTCULLIS_FLUSH_STAGES`: the stages of APIs that keep them (none).
    pub stages: Stages,
    /// `AWS_REGION`.
    pub region: String,
    /// `AWS_ENDPOINT_URL_API_GATEWAY`, or else `AWS_ENDPOINT_URL`; AWS's own where there is
    /// neither.
    pub endpoint: Option<String>,
    /// `AWS_CA_BUNDLE`: a PEM file whose roots are trusted instead of Amazon's.
    pub ca_bundle: Option<String>,
}

/// The credentials that Lambda gives a function. They print nowhere.
#[cfg(feature = "flush")]
pub(crate) struct AwsCredentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub(crate) access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub(crate) secret_access_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub(crate) session_token: Option<String>,
}

/// Why a function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable is not set.
    #[error("the environment variable {0} is not set")]
    Missing(&'static str),
    /// A variable is set to something that it cannot be.
    #[error("the environment variable {0} {1}")]
    Wrong(&'static str, String),
    /// The file that `AWS_CA_BUNDLE` names cannot be used.
    #[error("AWS_CA_BUNDLE: {0}")]
    CaBundle(String),
}

impl Settings {
    /// The defaults, with this table.
    #[must_use]
    pub fn of_table(table: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            prefix: Prefix::default(),
            max_tokens_per_owner: 10,
            retention_days: 30,
            history_days: 400,
            http_api_answer: HttpApiAnswer::Simple,
            token_management: TokenManagement::Owners,
            authorizer_cache_seconds: 0,
            max_token_lifetime_days: 0,
            max_idle_days: 0,
            quarantine_on_reuse: false,
            oidc: None,
            provider_timeout: PROVIDER_TIMEOUT,
        }
    }

    /// Reads the environment that the template sets. What a function is not given has its
    /// default.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        let table = variable("PORTCULLIS_TABLE").ok_or(ConfigError::Missing("PORTCULLIS_TABLE"))?;
        let default = Self::of_table("");
        Ok(Self {
            table,
            prefix: parsed("PORTCULLIS_PREFIX", default.prefix)?,
            max_tokens_per_owner: parsed("PORTCULLIS_MAX_TOKENS_PER_OWNER", default.max_tokens_per_owner)?,
            retention_days: parsed("PORTCULLIS_RETENTION_DAYS", default.retention_days)?,
            history_days: parsed("PORTCULLIS_HISTORY_DAYS", default.history_days)?,
            http_api_answer: parsed("PORTCULLIS_HTTP_API_ANSWER", default.http_api_answer)?,
            token_management: parsed("PORTCULLIS_TOKEN_MANAGEMENT", default.token_management)?,
            authorizer_cache_seconds: parsed("PORTCULLIS_AUTHORIZER_CACHE_SECONDS", default.authorizer_cache_seconds)?,
            max_token_lifetime_days: parsed("PORTCULLIS_MAX_TOKEN_LIFETIME", default.max_token_lifetime_days)?,
            max_idle_days: parsed("PORTCULLIS_MAX_IDLE_DAYS", default.max_idle_days)?,
            quarantine_on_reuse: parsed("PORTCULLIS_QUARANTINE_ON_REUSE", default.quarantine_on_reuse)?,
            oidc: Oidc::from_env()?,
            provider_timeout: default.provider_timeout,
        })
    }

    /// Whether the authorizer may answer as it is set to. Only its own function is told both
    /// of what this is about.
    ///
    /// # Errors
    /// Where gateways keep answers, and HTTP APIs are given simple ones.
    pub fn check_answers(&self) -> Result<(), ConfigError> {
        if self.authorizer_cache_seconds > 0 && self.http_api_answer == HttpApiAnswer::Simple {
            let why = "must be iam where PORTCULLIS_AUTHORIZER_CACHE_SECONDS is above 0: a simple yes that a gateway keeps opens every route of an HTTP API. REST APIs are answered alike either way, so a deployment that has no others loses nothing by iam (parameter HttpApiAnswer)";
            return Err(ConfigError::Wrong("PORTCULLIS_HTTP_API_ANSWER", why.to_owned()));
        }
        Ok(())
    }
}

impl Oidc {
    fn from_env() -> Result<Option<Self>, ConfigError> {
        let Some(issuer) = variable("PORTCULLIS_OIDC_ISSUER") else {
            return Ok(None);
        };
        // Without an audience any token of the provider would do, whatever it was made for.
        let audience = variable("PORTCULLIS_OIDC_AUDIENCE").ok_or(ConfigError::Missing("PORTCULLIS_OIDC_AUDIENCE"))?;
        let or = |name, default: &str| variable(name).unwrap_or_else(|| default.to_owned());
        Ok(Some(Self {
            issuer,
            client_id: or("PORTCULLIS_OIDC_CLIENT_ID", &audience),
            scopes: or("PORTCULLIS_OIDC_SCOPES", "openid"),
            audience,
            groups_claim: or("PORTCULLIS_OIDC_GROUPS_CLAIM", "groups"),
            owner_claim: or("PORTCULLIS_OIDC_OWNER_CLAIM", "sub"),
        }))
    }
}

impl Console {
    /// Reads the environment that the template sets.
    ///
    /// # Errors
    /// Names the variable that is wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(variable)
    }

    /// Of a provider of identities.
    ///
    /// # Errors
    /// Where its URL has no origin.
    pub fn of_issuer(issuer: Option<&str>) -> Result<Self, ConfigError> {
        Self::read(|name| issuer.filter(|_| name == "PORTCULLIS_OIDC_ISSUER").map(str::to_owned))
    }

    fn read(variable: impl Fn(&'static str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut connect_sources = Vec::new();
        for name in ["PORTCULLIS_OIDC_ISSUER", "PORTCULLIS_CONSOLE_CONNECT_SOURCES"] {
            for url in variable(name).unwrap_or_default().split_whitespace() {
                let rule = || ConfigError::Wrong(name, "must be https URLs, or http on a loopback address".to_owned());
                // What ends a source or a directive has no place in an origin.
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:/[]".contains(&byte);
                let origin = Url::parse(url).map(|url| url.origin()).filter(|origin| origin.bytes().all(plain));
                connect_sources.push(origin.ok_or_else(rule)?);
            }
        }
        Ok(Self { connect_sources })
    }
}

impl Connection {
    /// Reads the variables that the AWS SDKs share.
    ///
    /// # Errors
    /// When there is no region.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            region: variable("AWS_REGION").ok_or(ConfigError::Missing("AWS_REGION"))?,
            endpoint: variable("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| variable("AWS_ENDPOINT_URL")),
            ca_bundle: variable("AWS_CA_BUNDLE"),
            static_credentials: None,
            timeouts: Timeouts::default(),
        })
    }
}

#[cfg(feature = "flush")]
impl Flush {
    /// Reads the environment that the template sets, and the variables that the AWS SDKs
    /// share.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(variable)
    }

    fn read(variable: impl Fn(&'static str) -> Option<String>) -> Result<Self, ConfigError> {
        let named = variable("PORTCULLIS_FLUSH_STAGES").unwrap_or_default();
        let stages = named.parse().map_err(|error| ConfigError::Wrong("PORTCULLIS_FLUSH_STAGES", error))?;
        Ok(Self {
            stages,
            region: variable("AWS_REGION").ok_or(ConfigError::Missing("AWS_REGION"))?,
            endpoint: variable("AWS_ENDPOINT_URL_API_GATEWAY").or_else(|| variable("AWS_ENDPOINT_URL")),
            ca_bundle: variable("AWS_CA_BUNDLE"),
        })
    }
}

#[cfg(feature = "flush")]
impl AwsCredentials {
    /// Reads the environment that Lambda sets.
    pub(crate) fn from_env() -> Result<Self, ConfigError> {
        Self::read(variable)
    }

    fn read(variable: impl Fn(&'static str) -> Option<String>) -> Result<Self, ConfigError> {
        let needed = |name| variable(name).ok_or(ConfigError::Missing(name));
        Ok(Self {
            access_key_id: needed("AWS_ACCESS_KEY_ID")?,
            secret_access_key: needed("AWS_SECRET_ACCESS_KEY")?,
            session_token: variable("AWS_SESSION_TOKEN"),
        })
    }
}

/// `AWS_LAMBDA_LOG_LEVEL`, which Lambda's advanced logging controls set.
#[must_use]
pub fn log_level() -> Option<String> {
    variable("AWS_LAMBDA_LOG_LEVEL")
}

impl FromStr for HttpApiAnswer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "simple" => Ok(Self::Simple),
            "iam" => Ok(Self::Iam),
            _ => Err("must be simple or iam".to_owned()),
        }
    }
}

impl FromStr for TokenManagement {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "owners" => Ok(Self::Owners),
            "admins" => Ok(Self::Admins),
            _ => Err("must be owners or admins".to_owned()),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn variable(name: &'static str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn parsed<T: FromStr<Err: ToString>>(name: &'static str, default: T) -> Result<T, ConfigError> {
    let Some(text) = variable(name) else { return Ok(default) };
    text.parse().map_err(|error: T::Err| ConfigError::Wrong(name, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_connect_to_the_origins_of_the_provider_and_to_nothing_that_could_say_more() {
        let read = |issuer: &str, more: &str| {
            Console::read(|name| Some(if name == "PORTCULLIS_OIDC_ISSUER" { issuer } else { more }.to_owned()))
        };
        let sources = |issuer, more| read(issuer, more).map(|console| console.connect_sources).ok();
        assert_eq!(sources("", ""), Some(Vec::new()));
        assert_eq!(
            sources("https://id.example.com/realms/a?b", "https://login.example.com:8443 http://127.0.0.1:9050/x"),
            Some(
                ["https://id.example.com", "https://login.example.com:8443", "http://127.0.0.1:9050"]
                    .map(str::to_owned)
                    .to_vec()
            )
        );
        for wrong in
            ["http://id.example.com", "https://a;script-src", "https://a,b", "*", "https:", "https://u@host", "'self'"]
        {
            assert_eq!(sources("", wrong), None, "{wrong}");
            assert_eq!(sources(wrong, ""), None, "{wrong}");
        }
    }

    #[test]
    fn answers_that_a_gateway_keeps_are_never_simple() {
        let checked = |authorizer_cache_seconds, http_api_answer| {
            let settings = Settings { authorizer_cache_seconds, http_api_answer, ..Settings::of_table("") };
            settings.check_answers().map_err(|error| error.to_string())
        };
        for good in [checked(0, HttpApiAnswer::Simple), checked(0, HttpApiAnswer::Iam), checked(60, HttpApiAnswer::Iam)]
        {
            assert_eq!(good, Ok(()));
        }
        let refused = checked(1, HttpApiAnswer::Simple).unwrap_err();
        assert!(refused.starts_with("the environment variable PORTCULLIS_HTTP_API_ANSWER must be iam"), "{refused}");
    }

    #[cfg(feature = "flush")]
    fn among<'a>(set: &'a [(&str, &str)]) -> impl Fn(&'static str) -> Option<String> + 'a {
        |name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    #[cfg(feature = "flush")]
    #[test]
    fn whose_caches_to_empty_is_read_with_an_endpoint_of_its_own_before_that_of_all() {
        let region = ("AWS_REGION", "eu-west-1");
        let everywhere = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        let here = ("AWS_ENDPOINT_URL_API_GATEWAY", "http://127.0.0.1:2");
        let none = Flush::read(among(&[region])).unwrap();
        assert!(none.stages.is_empty() && none.endpoint.is_none() && none.ca_bundle.is_none(), "{none:?}");
        assert_eq!(none.region, "eu-west-1");
        assert_eq!(Flush::read(among(&[region, everywhere])).unwrap().endpoint.as_deref(), Some(everywhere.1));
        assert_eq!(Flush::read(among(&[region, everywhere, here])).unwrap().endpoint.as_deref(), Some(here.1));

        let stages = "rest:abc/v1,http:def/$default";
        let named = [region, ("PORTCULLIS_FLUSH_STAGES", stages), ("AWS_CA_BUNDLE", "/roots.pem")];
        let read = Flush::read(among(&named)).unwrap();
        assert_eq!((read.stages, read.ca_bundle.as_deref()), (stages.parse().unwrap(), Some("/roots.pem")));
    }

    #[cfg(feature = "flush")]
    #[test]
    fn what_is_missing_or_wrong_for_a_flush_is_named() {
        let error = Flush::read(among(&[])).unwrap_err().to_string();
        assert_eq!(error, "the environment variable AWS_REGION is not set");
        let wrong = [("AWS_REGION", "eu-west-1"), ("PORTCULLIS_FLUSH_STAGES", "abc/v1")];
        let error = Flush::read(among(&wrong)).unwrap_err().to_string();
        assert!(error.starts_with("the environment variable PORTCULLIS_FLUSH_STAGES must be a comma"), "{error}");
        let id = ("AWS_ACCESS_KEY_ID", "id");
        for (set, missing) in [(&[][..], "AWS_ACCESS_KEY_ID"), (&[id], "AWS_SECRET_ACCESS_KEY")] {
            let error = AwsCredentials::read(among(set)).err().unwrap().to_string();
            assert_eq!(error, format!("the environment variable {missing} is not set"));
        }
    }

    #[cfg(feature = "flush")]
    #[test]
    fn credentials_have_a_session_token_where_lambda_gives_one() {
        let set = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_SESSION_TOKEN", "session")];
        let read = AwsCredentials::read(among(&set)).unwrap();
        assert_eq!((&*read.access_key_id, &*read.secret_access_key), ("id", "secret"));
        assert_eq!(read.session_token.as_deref(), Some("session"));
        assert_eq!(AwsCredentials::read(among(&set[..2])).unwrap().session_token, None);
    }
}
