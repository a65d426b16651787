//! Local DynamoDB engine: dynoxide, in this process, called over HTTP with the same SDK client as
//! DynamoDB.
//!
//! It listens on the loopback interface only, on a port that the system chooses, and requires the
//! access key that is generated at each start. Expired items (`ttl`) are deleted every minute, because
//! the engine does not do it.

mod call_check;
mod server;
mod table;

pub use call_check::{CallCheck, FunctionCall};
pub use table::create_table;

use crate::server_task::ServerTask;
use crate::template::{Index, Table};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::types::TableDescription;
use dynoxide::Database;
use portcullis::store::{DynamoDbConfig, Timeouts};
use std::path::Path;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Name of the local table.
pub const TABLE: &str = "portcullis";

const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// A running engine. Stop it with [`Engine::shutdown`].
pub struct Engine {
    /// Its URL: `http://127.0.0.1:port`.
    pub endpoint: String,
    /// A client for it.
    pub client: Client,
    connection: DynamoDbConfig,
    database: Database,
    server: ServerTask,
    sweeper: JoinHandle<()>,
}

/// The engine did not start, or the table was not created.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The file is not a database, or cannot be written.
    #[error("cannot open the database: {0}")]
    Open(String),
    /// No port of the loopback interface is available.
    #[error("cannot listen for the database engine: {0}")]
    Listen(#[from] std::io::Error),
    /// The client could not be created.
    #[error(transparent)]
    Client(#[from] portcullis::env::ConfigError),
    /// The file has the table of an earlier version.
    #[error("the data directory has the table of an earlier version; remove it, or choose another with --data-dir")]
    Older,
    /// The engine refused a request.
    #[error("cannot create the table: {0}")]
    Table(String),
}

impl EngineError {
    fn table(error: impl std::error::Error) -> Self {
        Self::Table(DisplayErrorContext(error).to_string())
    }
}

impl Engine {
    /// Starts an engine on a database file, which is created if missing, or in memory if `file` is
    /// `None`. The check decides on the requests of functions.
    ///
    /// # Errors
    /// The file cannot be opened, or no port is available.
    pub async fn start(file: Option<&Path>, check: Option<CallCheck>) -> Result<Self, EngineError> {
        let database = open(file)?;
        // A database in memory has one connection.
        let items = if file.is_some() { open(file)? } else { database.clone() };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let access_key = uuid::Uuid::new_v4().simple().to_string();
        let connection = DynamoDbConfig {
            region: "us-east-1".to_owned(),
            endpoint: Some(endpoint.clone()),
            static_credentials: Some((access_key.clone(), "unused".to_owned())),
            timeouts: Timeouts::ONE_MACHINE,
            ..DynamoDbConfig::default()
        };
        let client = portcullis::store::connect(connection.clone())?;
        let router = server::router(database.clone(), items, access_key, check);
        let server = ServerTask::spawn("the database engine", listener, router);
        let sweeper = tokio::spawn(sweep(database.clone()));
        Ok(Self { endpoint, client, connection, database, server, sweeper })
    }

    /// Connection settings with the access key, for other clients.
    #[must_use]
    pub fn connection(&self) -> DynamoDbConfig {
        self.connection.clone()
    }

    /// Connection settings with the access key of a function.
    #[must_use]
    pub fn connection_of(&self, function: &str) -> DynamoDbConfig {
        let of_function = |(key, secret): (String, String)| (call_check::access_key_of(function, &key), secret);
        let static_credentials = self.connection.static_credentials.clone().map(of_function);
        DynamoDbConfig { static_credentials, ..self.connection.clone() }
    }

    /// A client with the access key of a function, which shares the connections of the engine's own client.
    #[must_use]
    pub fn client_of(&self, function: &str) -> Client {
        let mut config = self.client.config().to_builder();
        let credentials = self.connection_of(function).static_credentials;
        let credentials = credentials.map(|(key, secret)| Credentials::new(key, secret, None, None, "static"));
        config.set_credentials_provider(credentials.map(SharedCredentialsProvider::new));
        Client::from_conf(config.build())
    }

    /// Creates the table if it is missing. Returns whether it was created.
    ///
    /// # Errors
    /// The engine refuses it.
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

    /// Deletes expired items (`ttl`) now. Returns their number.
    ///
    /// # Errors
    /// The database fails.
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
            Ok(Ok(items)) => tracing::info!(items, "deleted expired items"),
            Ok(Err(error)) => tracing::error!(%error, "cannot delete expired items"),
            Err(error) => tracing::error!(%error, "the ttl sweep failed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;
    use aws_sdk_dynamodb::types::AttributeValue;

    #[tokio::test]
    async fn a_table_of_an_earlier_version_is_refused_with_the_remedy() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("table.db");
        let table = Template::embedded().unwrap().table;
        let attributes = table.attributes.iter().filter(|attribute| attribute.name != "day").cloned().collect();
        let older = Table { indexes: table.indexes[..2].to_vec(), attributes, ..table.clone() };
        let engine = Engine::start(Some(&file), None).await.unwrap();
        assert!(engine.ensure_table(&older).await.unwrap());
        let refused = engine.ensure_table(&table).await.unwrap_err().to_string();
        assert!(refused.contains("earlier version") && refused.contains("--data-dir"), "{refused}");
    }

    #[tokio::test]
    async fn an_item_is_read_as_it_was_written_last() {
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::start(Some(&directory.path().join("table.db")), None).await.unwrap();
        engine.ensure_table(&Template::embedded().unwrap().table).await.unwrap();
        let key =
            [("pk", "ITEM"), ("sk", "ITEM")].map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned())));
        for number in 0..100 {
            let written = AttributeValue::N(number.to_string());
            let put = engine.client.put_item().table_name(TABLE).set_item(Some(key.clone().into()));
            put.item("number", written.clone()).send().await.unwrap();
            let read = engine.client.get_item().table_name(TABLE).set_key(Some(key.clone().into()));
            let read = read.consistent_read(true).send().await.unwrap();
            assert_eq!(read.item.unwrap()["number"], written);
        }
    }
}
