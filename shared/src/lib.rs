//! The token logic of Portcullis: what two functions need, and nothing else.
//!
//! The modules form layers, listed with what each must not know in `docs/architecture.md`. From the bottom up:
//! [`clock`], [`env`], [`validation`], [`json`] and [`https_url`]; [`secret`]; [`text`]; [`grants`]; [`catalog`];
//! [`token`]; [`authz`]; [`audit_log`] and [`logging`]; [`api_types`]; [`oidc`]; `store`; `http`; `cache_flush`.
//! A module imports only from those before it, which `tests/infra/test_imports.py` holds.

pub mod api_types;
pub mod audit_log;
pub mod authz;
#[cfg(feature = "flush")]
pub mod cache_flush;
pub mod catalog;
pub mod clock;
pub mod env;
pub mod grants;
#[cfg(feature = "http")]
pub mod http;
pub mod https_url;
pub mod json;
pub mod logging;
pub mod oidc;
pub mod secret;
#[cfg(feature = "store")]
pub mod store;
pub mod text;
#[cfg(any(feature = "flush", feature = "store"))]
mod tls;
pub mod token;
pub mod validation;

/// What every function is given: the table, the deployment's settings and the time.
#[cfg(feature = "store")]
#[derive(Clone, Debug)]
pub struct App {
    /// The table of tokens.
    pub tokens: store::TokenStore,
    /// The deployment's settings.
    pub settings: Settings,
    /// The time.
    pub clock: clock::Clock,
}

/// The deployment's settings: those of each module, as the template passes them on.
#[cfg(feature = "store")]
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `PORTCULLIS_PREFIX`: what every token begins with (`pcl`).
    pub prefix: secret::TokenPrefix,
    /// What the deployment allows of tokens.
    pub token: token::Settings,
    /// How it decides.
    pub authz: authz::Settings,
    /// Whose sessions it accepts.
    pub oidc: oidc::Settings,
    /// How much it keeps.
    pub limits: store::Limits,
}

#[cfg(feature = "store")]
impl App {
    /// The app of a deployed function: settings and credentials from the environment that
    /// Lambda sets, the machine's clock.
    ///
    /// # Errors
    /// Names the variable that is missing or wrong, or the file in `AWS_CA_BUNDLE` that
    /// cannot be read.
    pub fn from_env(env: env::Env<'_>) -> Result<Self, env::ConfigError> {
        Ok(Self {
            tokens: store::TokenStore::from_env(env)?,
            settings: Settings::from_env(env)?,
            clock: clock::Clock::system(),
        })
    }
}

#[cfg(feature = "store")]
impl Settings {
    fn from_env(env: env::Env<'_>) -> Result<Self, env::ConfigError> {
        Ok(Self {
            prefix: env.parse("PORTCULLIS_PREFIX", secret::TokenPrefix::default())?,
            token: token::Settings::from_env(env)?,
            authz: authz::Settings::from_env(env)?,
            oidc: oidc::Settings::from_env(env)?,
            limits: store::Limits::from_env(env)?,
        })
    }
}
