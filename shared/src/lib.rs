//! The token logic of Portcullis: what two functions need, and nothing else.
//!
//! | module | knows | must not know |
//! | --- | --- | --- |
//! | [`token`] | the secret's format, its digest, the record | permissions' meaning, DynamoDB, HTTP |
//! | [`access`] | grants, the catalog, [`access::decide`] | I/O of any kind |
//! | [`json`] | JSON in which a key is given twice | what any document means |
//! | [`api`] | what the HTTP API answers, as types | how an answer comes to be |
//! | [`claims`] | the form of a JWT | keys, I/O of any kind |
//! | `session` | the JWTs of an OpenID Connect provider | DynamoDB |
//! | `flush` | the gateways that keep the authorizer's answers | tokens, DynamoDB |
//! | `store` | the one DynamoDB table | HTTP |
//! | `http` | the caller, answers, problem documents | `AttributeValue` |
//!
//! Imports run one way: `http -> {session, store} -> access -> token`. [`clock`] and [`config`] are
//! where the machine's time and the environment come in; everything else takes them as
//! arguments.

pub mod access;
pub mod api;
pub mod audit;
pub mod claims;
pub mod clock;
pub mod config;
#[cfg(feature = "flush")]
pub mod flush;
#[cfg(feature = "http")]
pub mod http;
pub mod json;
#[cfg(feature = "session")]
pub mod session;
#[cfg(feature = "store")]
pub mod store;
pub mod telemetry;
#[cfg(any(feature = "flush", feature = "store"))]
mod tls;
pub mod token;
mod url;

/// What every function is given: the table, the deployment's settings and the time.
#[cfg(feature = "store")]
#[derive(Clone, Debug)]
pub struct App {
    /// The table of tokens.
    pub tokens: store::Tokens,
    /// The deployment's settings.
    pub settings: config::Settings,
    /// The time.
    pub clock: clock::Clock,
}

#[cfg(feature = "store")]
impl App {
    /// The app of a deployed function: settings and credentials from the environment that
    /// Lambda sets, the machine's clock.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong, or the file in `AWS_CA_BUNDLE` that
    /// cannot be read.
    pub fn from_env() -> Result<Self, config::ConfigError> {
        let settings = config::Settings::from_env()?;
        let client = store::connect(config::Connection::from_env()?)?;
        Ok(Self { tokens: store::Tokens::new(client, settings.table.clone()), settings, clock: clock::Clock::system() })
    }

    /// What the deployment allows of tokens.
    #[must_use]
    pub fn limits(&self) -> store::Limits {
        let settings = &self.settings;
        store::Limits {
            live_tokens: settings.max_tokens_per_owner,
            retention_days: settings.retention_days,
            history_days: settings.history_days,
        }
    }
}
