//! What can go wrong at the start, in words.

use crate::data_dir::DataDirError;
use crate::dev_idp::KeyGenerationError;
use crate::dynamodb::EngineError;
use crate::template::TemplateError;
use portcullis::env::ConfigError;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why it did not start. Each is one line that a person can act on.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or the address is not this machine's.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// The tokens in the data directory begin with something else.
    #[error(
        "the tokens in {} begin with {found}_, not {wanted}_: use --prefix {found}, \
         or another --data-dir", path.display()
    )]
    OtherPrefix {
        /// The data directory.
        path: PathBuf,
        /// The prefix of the tokens in it.
        found: String,
        /// The prefix asked for.
        wanted: String,
    },
    /// The engine did not start.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The template is not what this program needs.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The template's default prefix is none.
    #[error("template.yaml: TokenPrefix has the default {0}, which is no prefix")]
    DefaultPrefix(String),
    /// The template has a route to a function that this program does not have.
    #[error("template.yaml has a route to {0}, which is not in this program")]
    UnknownFunction(String),
    /// The development sign-in has nothing to sign with.
    #[error(transparent)]
    SignIn(#[from] KeyGenerationError),
    /// A setting cannot be what it is.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The admin token could not be made or checked.
    #[error("the admin token cannot be made: {0}")]
    Admin(String),
    /// The console could not be told where it may connect to.
    #[error("the console cannot be served: {0}")]
    Console(String),
}
