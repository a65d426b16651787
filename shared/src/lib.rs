//! The token logic that more than one function needs.
//!
//! The modules form layers; `docs/architecture.md` lists them with what each must not know. From the bottom up:
//! [`clock`], [`mod@env`], `endpoint_variant`, [`validation`], [`json`], [`https_url`], `tls` and `http_client`; [`secret`]; [`text`];
//! [`grants`]; [`catalog`]; [`token`]; [`authz`]; [`audit_log`], [`change_log`] and [`logging`]; [`api_types`];
//! [`oidc`]; `store`; `http`; `cache_flush`. A module imports only from those before it;
//! `tests/infra/test_imports.py` checks this.

pub mod api_types;
pub mod audit_log;
pub mod authz;
#[cfg(feature = "flush")]
pub mod cache_flush;
pub mod catalog;
pub mod change_log;
pub mod clock;
#[cfg(feature = "store")]
pub mod endpoint_variant;
pub mod env;
pub mod grants;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "store")]
mod http_client;
pub mod https_url;
pub mod json;
pub mod logging;
pub mod oidc;
pub mod secret;
#[cfg(feature = "store")]
pub mod store;
pub mod text;
#[cfg(feature = "store")]
mod tls;
pub mod token;
pub mod validation;

/// Context of every function: the table, the deployment's settings and the clock. The authorizer has an
/// [`ItemStore`](store::ItemStore).
#[cfg(feature = "store")]
#[derive(Clone, Debug)]
pub struct App<Tokens = store::TokenStore> {
    /// The token table.
    pub tokens: Tokens,
    /// The deployment's settings.
    pub settings: Settings,
    /// The clock.
    pub clock: clock::Clock,
}

/// The deployment's settings, grouped by module.
#[cfg(feature = "store")]
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `PORTCULLIS_PREFIX`: prefix of every token (`pcl`).
    pub prefix: secret::TokenPrefix,
    /// Limits on tokens.
    pub token: token::Settings,
    /// Settings of authorization decisions.
    pub authz: authz::Settings,
    /// The OIDC provider of user sessions.
    pub oidc: oidc::Settings,
    /// Limits of the store.
    pub limits: store::Limits,
}

#[cfg(feature = "sdk")]
impl App {
    /// The app of a deployed function: reads settings and credentials from the environment that Lambda sets,
    /// and uses the system clock.
    ///
    /// It warms up too: Lambda gives the start of an instance more CPU than a request.
    ///
    /// # Errors
    /// Names the variable that is missing or invalid, or the file in `AWS_CA_BUNDLE` that cannot be read.
    pub async fn start(env: env::Env<'_>) -> Result<Self, env::ConfigError> {
        let app = Self {
            tokens: store::TokenStore::from_env(env)?,
            settings: Settings::from_env(env)?,
            clock: clock::Clock::system(),
        };
        app.warm_up().await;
        Ok(app)
    }

    /// Connects to the table, checks its schema version and parses the catalog. A failure is logged and ignored,
    /// because the first request does the same.
    pub async fn warm_up(&self) {
        if let Err(error) = self.tokens.catalog().await {
            tracing::warn!(%error, "the catalog could not be loaded before the first request");
        }
    }
}

#[cfg(feature = "store")]
impl App<store::ItemStore> {
    /// The app of the deployed authorizer.
    ///
    /// # Errors
    /// As [`App::start`].
    pub fn authorizer_from_env(env: env::Env<'_>) -> Result<Self, env::ConfigError> {
        Ok(Self {
            tokens: store::ItemStore::from_env(env)?,
            settings: Settings::from_env(env)?,
            clock: clock::Clock::system(),
        })
    }
}

#[cfg(feature = "store")]
impl From<App> for App<store::ItemStore> {
    fn from(app: App) -> Self {
        Self { tokens: app.tokens.items().clone(), settings: app.settings, clock: app.clock }
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
