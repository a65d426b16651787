//! Errors at the start.

use crate::data_dir::DataDirError;
use crate::dev_idp::KeyGenerationError;
use crate::dynamodb::EngineError;
use crate::template::TemplateError;
use portcullis::env::ConfigError;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The stack did not start. Each message is one line.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or the address is not this machine's.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The requested address.
        address: SocketAddr,
        /// The system's error.
        error: io::Error,
    },
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The tokens in the data directory have another prefix.
    #[error(
        "the tokens in {} begin with {found}_, not {wanted}_: use --prefix {found}, \
         or another --data-dir", path.display()
    )]
    OtherPrefix {
        /// The data directory.
        path: PathBuf,
        /// The prefix of the tokens in it.
        found: String,
        /// The requested prefix.
        wanted: String,
    },
    /// The engine did not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The template is invalid.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The template's default prefix is invalid.
    #[error("template.yaml: TokenPrefix has the invalid default {0}")]
    DefaultPrefix(String),
    /// The template has a route to an unknown function.
    #[error("template.yaml has a route to the unknown function {0}")]
    UnknownFunction(String),
    /// The development sign-in has no key.
    #[error(transparent)]
    SignIn(#[from] KeyGenerationError),
    /// A setting is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The admin token could not be created or checked.
    #[error("cannot create the admin token: {0}")]
    Admin(String),
    /// The console's content security policy is invalid.
    #[error("cannot serve the console: {0}")]
    Console(String),
}
