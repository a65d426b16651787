//! The DynamoDB engine of this machine: dynoxide, in this process, spoken to over HTTP with
//! the same SDK client as DynamoDB itself, so that what is tried here is what is deployed.
//!
//! It listens on the loopback interface only, on a port that the system chooses, and answers
//! nobody who does not have the key that is drawn at every start. What it
//! does not do by itself is clear away items whose `ttl` has passed; here that runs every
//! minute, as DynamoDB does it in its own time.

mod server;
mod table;

pub use table::create_table;

use crate::server_task::ServerTask;
use crate::template::{Index, Table};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::TableDescription;
use dynoxide::Database;
use portcullis::store::{Connection, Timeouts};
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The name of the table here.
pub const TABLE: &str = "portcullis";

const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// A running engine. It ends with [`Engine::shutdown`].
pub struct Engine {
    /// Where it listens: `http://127.0.0.1:port`.
    pub endpoint: String,
    /// A client for it.
    pub client: Client,
    connection: Connection,
    database: Database,
    server: ServerTask,
    sweeper: JoinHandle<()>,
}

/// Why an engine did not start, or a table was not made.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The file is no database, or cannot be written.
    #[error("the database cannot be opened: {0}")]
    Open(String),
    /// No port of the loopback interface could be had.
    #[error("the database engine cannot listen: {0}")]
    Listen(#[from] std::io::Error),
    /// The client could not be made.
    #[error(transparent)]
    Client(#[from] portcullis::env::ConfigError),
    /// The file has the table of an earlier version.
    #[error("the data directory holds the table of an earlier version; remove it, or name another with --data-dir")]
    Older,
    /// The engine refused something.
    #[error("the table cannot be made: {0}")]
    Table(String),
}

impl EngineError {
    fn table(error: impl std::error::Error) -> Self {
        Self::Table(DisplayErrorContext(error).to_string())
    }
}

impl Engine {
    /// Starts an engine on a database file, which is made if it is not there; in memory,
    /// if there is none.
    ///
    /// # Errors
    /// When the file cannot be opened or no port can be had.
    pub async fn start(file: Option<&Path>) -> Result<Self, EngineError> {
        let database = open(file)?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let access_key = uuid::Uuid::new_v4().simple().to_string();
        let connection = Connection {
            region: "us-east-1".to_owned(),
            endpoint: Some(endpoint.clone()),
            static_credentials: Some((access_key.clone(), "unused".to_owned())),
            timeouts: Timeouts::ONE_MACHINE,
            ..Connection::default()
        };
        let client = portcullis::store::connect(connection.clone())?;
        let router = server::router(database.clone(), &access_key);
        let server = ServerTask::spawn("the database engine", listener, router);
        let sweeper = tokio::spawn(sweep(database.clone()));
        Ok(Self { endpoint, client, connection, database, server, sweeper })
    }

    /// How to reach it, key included, for clients and connections of one's own.
    #[must_use]
    pub fn connection(&self) -> Connection {
        self.connection.clone()
    }

    /// Makes the table if it is not there. Says whether it was made.
    ///
    /// # Errors
    /// When the engine refuses it.
    pub async fn ensure_table(&self, table: &Table) -> Result<bool, EngineError> {
        let exists = self.client.describe_table().table_name(TABLE).send().await;
        match exists.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
            Ok(described) => {
                let known = described.table.unwrap_or_else(|| TableDescription::builder().build());
                let known: Vec<_> =
                    known.global_secondary_indexes().iter().filter_map(|index| index.index_name()).collect();
                let has = |index: &Index| known.contains(&index.name.as_str());
                if table.indexes.iter().all(has) { Ok(false) } else { Err(EngineError::Older) }
            }
            Err(error) if error.is_resource_not_found_exception() => {
                create_table(&self.client, TABLE, table).await?;
                Ok(true)
            }
            Err(error) => Err(EngineError::table(error)),
        }
    }

    /// Clears away what is past its `ttl`, now. Says how many items that were.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sweep(&self) -> Result<usize, EngineError> {
        self.database.sweep_ttl().map_err(|error| EngineError::Open(error.to_string()))
    }

    /// Lets running requests finish and closes the database.
    pub async fn shutdown(mut self) {
        self.server.shutdown().await;
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.sweeper.abort();
    }
}

fn open(file: Option<&Path>) -> Result<Database, EngineError> {
    let database = match file {
        None => Database::memory(),
        Some(path) => {
            let text = path.to_str();
            let text = text.ok_or_else(|| EngineError::Open("its path is not UTF-8".to_owned()))?;
            Database::new(text)
        }
    };
    database.map_err(|error| EngineError::Open(error.to_string()))
}

async fn sweep(database: Database) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        let database = database.clone();
        let swept = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
        match swept {
            Ok(Ok(0)) => {}
            Ok(Ok(items)) => tracing::info!(items, "items past their ttl were cleared away"),
            Ok(Err(error)) => tracing::error!(%error, "items past their ttl were not cleared away"),
            Err(error) => tracing::error!(%error, "the ttl sweep failed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;

    #[tokio::test]
    async fn a_table_of_an_earlier_version_is_refused_with_the_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("table.db");
        let table = Template::embedded().unwrap().table;
        let attributes = table.attributes.iter().filter(|attribute| attribute.name != "day").cloned().collect();
        let older = Table { indexes: table.indexes[..2].to_vec(), attributes, ..table.clone() };
        let engine = Engine::start(Some(&file)).await.unwrap();
        assert!(engine.ensure_table(&older).await.unwrap());
        let refused = engine.ensure_table(&table).await.unwrap_err().to_string();
        assert!(refused.contains("earlier version") && refused.contains("--data-dir"), "{refused}");
    }
}
