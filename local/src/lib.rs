//! The whole Portcullis stack behind one port on this machine.
//!
//! | module | is |
//! | --- | --- |
//! | [`template`] | the contents of `template.yaml`: routes, gateway responses, table |
//! | `gateway` | the API Gateway behaviour that Portcullis relies on |
//! | `console_build` | the console, built at the first request |
//! | `dev_idp` | an OpenID Connect issuer for development, in front of the gateway |
//! | `control_plane` | API Gateway's calls to flush a cache |
//! | [`dynamodb`] | the DynamoDB engine |
//! | [`data_dir`] | the data directory |
//!
//! [`start`] runs them with the functions of `functions/`, in this process. The program
//! `portcullis-local` adds a command line; tests start as many stacks as they need.

mod admin_token;
mod audit_log;
mod console_build;
mod control_plane;
pub mod data_dir;
mod dev_idp;
pub mod dynamodb;
mod echo;
mod error;
mod gateway;
mod lambdas;
mod server;
mod server_task;
pub mod template;

pub use admin_token::AdminTokenOrigin;
pub use audit_log::LogFormat;
pub use error::StartError;

use audit_log::AuditLog;
use authorizer::{Authorizer, HttpApiResponseFormat};
use console_build::ConsoleBuilder;
use data_dir::DataDir;
use dev_idp::SignIn;
use dynamodb::{CallCheck, Engine};
use exchange::Exchange;
use gateway::{AccessLog, BackgroundTasks, Gateway, MountedApi, Routes};
use lambdas::Functions;
use portcullis::cache_flush::{CacheFlusher, Stages};
use portcullis::change_log::ChangeLog;
use portcullis::clock::Clock;
use portcullis::oidc::Provider;
use portcullis::store::{ItemStore, LeanClient, Limits, Timeouts, TokenStore};
use portcullis::{App, Settings, oidc};
use server::Stack;
use server_task::ServerTask;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use template::{Api, Template};
use tokio::net::TcpListener;

/// Options of a stack.
pub struct Options {
    /// The address and port to listen on; port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// Where to store data.
    pub data: Storage,
    /// The deployment's settings, except the table, retention and response format, which are fixed
    /// here. Without an OpenID Connect provider, the development sign-in is enabled if the address is
    /// a loopback one.
    pub settings: Settings,
    /// Format of the audit log.
    pub log: LogFormat,
    /// Where to write the audit log, besides the data directory.
    pub audit_log: Box<dyn Write + Send>,
    /// The console's sources, which are built at the first request; `None` to serve the embedded
    /// console.
    pub console: Option<PathBuf>,
    /// The time.
    pub clock: Clock,
    /// Check of each DynamoDB request of a function.
    pub call_check: Option<CallCheck>,
}

/// Where to store data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// In a permanent directory.
    Keep(PathBuf),
    /// In a temporary directory that is removed at shutdown.
    Ephemeral,
}

impl Options {
    /// Options for a test: any port, temporary data, no audit log output, the template's defaults.
    ///
    /// # Errors
    /// The template's defaults cannot be read.
    pub fn ephemeral() -> Result<Self, StartError> {
        let defaults = Template::embedded()?.defaults;
        let prefix = defaults.token_prefix.parse();
        Ok(Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data: Storage::Ephemeral,
            settings: Settings {
                prefix: prefix.map_err(|_| StartError::DefaultPrefix(defaults.token_prefix))?,
                limits: Limits { live_tokens: defaults.max_tokens_per_owner, ..Limits::default() },
                ..Settings::default()
            },
            log: LogFormat::Json,
            audit_log: Box::new(io::sink()),
            console: None,
            clock: Clock::system(),
            call_check: None,
        })
    }
}

/// A running stack. Stop it with [`RunningStack::shutdown`].
pub struct RunningStack {
    address: SocketAddr,
    admin: admin_token::Admin,
    gateway: Arc<Gateway<Functions>>,
    sign_in_url: Option<String>,
    oidc: Option<Provider>,
    server: ServerTask,
    engine: Engine,
    // Last: its files must be closed before it is removed.
    data_dir: DataDir,
}

/// Starts the stack and waits until it accepts requests.
///
/// # Errors
/// A part of it cannot start; nothing is left running.
pub async fn start(options: Options) -> Result<RunningStack, StartError> {
    let template = Template::embedded()?;
    let listener = listen(options.listen).await?;
    let address = listener.local_addr().map_err(|error| cannot_listen(options.listen, error))?;
    let data_dir = match &options.data {
        Storage::Keep(path) => DataDir::open(path)?,
        Storage::Ephemeral => DataDir::temporary()?,
    };
    let engine = Engine::start(Some(&data_dir.database()), options.call_check.clone()).await?;
    let table_is_new = engine.ensure_table(&template.table).await?;
    // Only on a loopback address: it accepts any name.
    let given = &options.settings;
    let sign_in = match &given.oidc.provider {
        None if address.ip().is_loopback() => Some(SignIn::new(address, options.clock.clone())?),
        _ => None,
    };
    let url = format!("http://{address}");
    let provider = given.oidc.provider.clone().or_else(|| sign_in.as_ref().map(|_| dev_idp::oidc(&url)));
    let settings = Settings {
        limits: Limits {
            retention_days: template.defaults.retention_days,
            history_days: template.defaults.history_days,
            ..given.limits
        },
        oidc: oidc::Settings { provider: provider.clone(), timeout: Timeouts::ONE_MACHINE.attempt },
        ..given.clone()
    };
    let change_log = ChangeLog::new(data_dir.open_change_log()?);
    let app_of = |function: &'static str| {
        let tokens = TokenStore::new(engine.client_of(function), dynamodb::TABLE);
        let tokens = tokens.with_change_log(change_log.clone());
        App { tokens, settings: settings.clone(), clock: options.clock.clone() }
    };
    let authorizer_app = {
        let client = LeanClient::new(engine.connection_of(lambdas::AUTHORIZER))?;
        let tokens = ItemStore::new(client, dynamodb::TABLE).with_change_log(change_log.clone());
        App { tokens, settings: settings.clone(), clock: options.clock.clone() }
    };
    // Other work may use every core.
    let deadline = Timeouts::ONE_MACHINE.operation;
    let exchange = Exchange::new(app_of(lambdas::EXCHANGE)).with_deadline(deadline);
    let console = ConsoleBuilder::new(options.console, provider.as_ref())?;
    let authorizer = Authorizer::new(authorizer_app, HttpApiResponseFormat::Simple)?.with_deadlines(deadline, deadline);
    authorizer.warm_up().await;
    let create = app_of(lambdas::CREATE);
    let admin = admin_token::ensure(&create, &authorizer, &template.api, &data_dir, table_is_new).await?;
    let gateway = Arc::new(Gateway {
        apis: vec![echo::api(given.authz.cache_seconds), token_api(&template.api)?],
        responses: template.api.responses,
        access_log: AccessLog::new(&template.api.access_log, data_dir.open_access_log()?),
        backend: Arc::new(Functions {
            apps: lambdas::NAMES.into_iter().map(|name| (name, app_of(name))).collect(),
            authorizer,
            exchange,
            console,
            flusher: flusher(&url, given.authz.cache_seconds),
            audit_log: AuditLog::new(options.log, options.audit_log, Box::new(data_dir.open_audit_log()?)),
        }),
        background_tasks: BackgroundTasks::default(),
        clock: options.clock,
        domain: address.to_string(),
    });
    let sign_in_url = sign_in.as_ref().map(|_| dev_idp::sign_in_url(&url));
    let stack = Stack { gateway: Arc::clone(&gateway), sign_in };
    let server = ServerTask::spawn("the server", listener, server::router(stack));
    Ok(RunningStack { address, admin, gateway, sign_in_url, oidc: provider, server, engine, data_dir })
}

impl RunningStack {
    /// Its URL: `http://127.0.0.1:9050`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its listen address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The admin token.
    #[must_use]
    pub fn admin_token(&self) -> &str {
        &self.admin.token
    }

    /// The admin token's origin.
    #[must_use]
    pub fn admin_token_origin(&self) -> &AdminTokenOrigin {
        &self.admin.origin
    }

    /// URL of the development sign-in, if it is enabled.
    #[must_use]
    pub fn sign_in_url(&self) -> Option<&str> {
        self.sign_in_url.as_deref()
    }

    /// The provider whose sessions are accepted, which may be the development sign-in.
    #[must_use]
    pub fn oidc(&self) -> Option<&Provider> {
        self.oidc.as_ref()
    }

    /// The data directory.
    #[must_use]
    pub fn data_dir(&self) -> &DataDir {
        &self.data_dir
    }

    /// The engine, for access to the table.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Waits for running requests, closes the database, and removes a temporary directory.
    pub async fn shutdown(mut self) {
        self.server.shutdown().await;
        self.gateway.background_tasks.wait_idle().await;
        self.engine.shutdown().await;
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| cannot_listen(address, error))
}

fn cannot_listen(address: SocketAddr, error: io::Error) -> StartError {
    StartError::Listen { address, error }
}

/// Flushes the cache of the echo API, the only one with a cache.
fn flusher(url: &str, authorizer_cache_seconds: u32) -> CacheFlusher {
    let stages = if authorizer_cache_seconds > 0 { echo::STAGE.parse().unwrap_or_default() } else { Stages::default() };
    let dummy_credentials = ("local".to_owned(), "local".to_owned());
    let flusher = CacheFlusher::new(stages, "us-east-1", Some(url.to_owned()), Some(dummy_credentials));
    flusher.with_timeout(Timeouts::ONE_MACHINE.attempt)
}

/// The template's API, which is the default API.
fn token_api(api: &Api) -> Result<MountedApi, StartError> {
    if let Some(route) = api.routes.iter().find(|route| !Functions::contains(&route.function)) {
        return Err(StartError::UnknownFunction(route.function.clone()));
    }
    Ok(MountedApi {
        base_path: None,
        id: "portcullis".to_owned(),
        stage: api.stage.clone(),
        stage_variables: api.stage_variables.clone(),
        routes: Routes::new(api.routes.iter().cloned()),
        // Never cached: a revoked token must not manage tokens.
        authorizer_cache: None,
    })
}

#[cfg(test)]
mod tests;
