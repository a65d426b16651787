//! What a function needs: the stand-in for DynamoDB with its data, and the environment that Lambda sets.

use std::io;
use std::net::SocketAddr;

use portcullis::store::{DynamoDbConfig, TokenStore, connect};
use tempfile::TempDir;

use crate::Error;
use crate::dynamodb::DynamoDb;
use crate::provider::Provider;
use crate::seed::{self, Scale, Tokens};
use crate::tls::Authority;

const TABLE: &str = "tokens";
const REGION: &str = "us-east-1";

/// The services that the functions call.
#[derive(Debug)]
pub struct Stack {
    /// The stand-in for DynamoDB.
    pub dynamodb: DynamoDb,
    /// The stored tokens.
    pub tokens: Tokens,
    /// The provider of sessions and identities.
    pub provider: Provider,
    endpoint: String,
    authority: Authority,
    _folder: TempDir,
}

impl Stack {
    /// Starts the services and stores the data.
    ///
    /// # Errors
    /// When a service fails to start.
    pub fn start(scale: Scale) -> Result<Self, Error> {
        let folder = tempfile::tempdir()?;
        let authority = Authority::create(folder.path())?;
        let (dynamodb, address) = DynamoDb::start(&authority)?;
        let endpoint = format!("https://localhost:{}", address.port());
        let store = TokenStore::new(connect(connection(&endpoint, &authority))?, TABLE);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let provider = Provider::start(&authority)?;
        let tokens = runtime.block_on(seed::seed(&store, scale, &provider.url))?;
        Ok(Self { dynamodb, tokens, provider, endpoint, authority, _folder: folder })
    }

    /// The environment of a function, as Lambda and the template set it, with further variables.
    #[must_use]
    pub fn environment(&self, runtime_api: SocketAddr, further: &[(&str, String)]) -> Vec<(String, String)> {
        let runtime_api = runtime_api.to_string();
        let bundle = self.authority.bundle().to_string_lossy();
        [
            ("AWS_LAMBDA_RUNTIME_API", runtime_api.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_REGION", REGION),
            ("AWS_DEFAULT_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            ("AWS_SESSION_TOKEN", &"IQoJb3JpZ2luX2Vj".repeat(40)),
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.endpoint),
            ("AWS_CA_BUNDLE", &bundle),
            ("NODE_EXTRA_CA_CERTS", &bundle),
            // The system's trust store, with the authority: for clients that know no AWS_CA_BUNDLE.
            ("SSL_CERT_FILE", &self.authority.trust_store().to_string_lossy()),
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("PORTCULLIS_TABLE", TABLE),
        ]
        .into_iter()
        .chain(further.iter().map(|(name, value)| (*name, value.as_str())))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
    }
}

fn connection(endpoint: &str, authority: &Authority) -> DynamoDbConfig {
    DynamoDbConfig {
        region: REGION.to_owned(),
        endpoint: Some(endpoint.to_owned()),
        ca_bundle: Some(authority.bundle().to_string_lossy().into_owned()),
        static_credentials: Some(("bench".to_owned(), "bench".to_owned())),
        ..DynamoDbConfig::default()
    }
}

/// The folder of this program, which has the other programs of its build.
///
/// # Errors
/// When the system does not tell.
pub fn build_folder() -> io::Result<std::path::PathBuf> {
    let program = std::env::current_exe()?;
    program.parent().map(std::path::Path::to_path_buf).ok_or_else(|| io::ErrorKind::NotFound.into())
}
