//! DynamoDB's protocol in front of the engine: the operations that the store and its tests use.
//!
//! The engine's own server accepts any request, even from a web page, and write access to the table
//! would allow creating tokens. This server requires an access key that is generated at each start and
//! never leaves the process.

use super::call_check::{CallCheck, FunctionCall, function_of};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::post;
use dynoxide::{Database, DynoxideError};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::task::JoinError;

/// DynamoDB's maximum request size.
const MAX_BODY: usize = 16 * 1024 * 1024;

#[derive(Clone)]
struct AuthenticatedDatabase {
    database: Database,
    items: Database,
    access_key: String,
    check: Option<CallCheck>,
}

/// The operations, for the clients with this access key or with one that a function has of it. `items` is another
/// connection to the same database, which reads single items.
pub(super) fn router(database: Database, items: Database, access_key: String, check: Option<CallCheck>) -> Router {
    let state = AuthenticatedDatabase { database, items, access_key, check };
    Router::new().route("/", post(handle)).layer(DefaultBodyLimit::max(MAX_BODY)).with_state(state)
}

async fn handle(State(state): State<AuthenticatedDatabase>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let access_key = access_key_in(text(AUTHORIZATION.as_str()));
    let function = function_of(access_key, &state.access_key);
    if function.is_none() && access_key != state.access_key {
        return response(StatusCode::FORBIDDEN, failure("UnrecognizedClientException"));
    }
    let Some(operation) = text("x-amz-target").strip_prefix("DynamoDB_20120810.") else {
        return response(StatusCode::BAD_REQUEST, failure("UnknownOperationException"));
    };
    if let (Some(check), Some(function)) = (&state.check, function)
        && let Err(reason) = check(&FunctionCall { function, operation, body: &body })
    {
        tracing::error!(%reason, function, operation, "denied");
        return response(StatusCode::BAD_REQUEST, failure("AccessDeniedException"));
    }
    // A connection makes one call at a time. A read of an item, which each decision needs, waits for no list and no write.
    let result = if operation == "GetItem" {
        run(&state.items, operation, &body)
    } else {
        let (database, operation) = (state.database.clone(), operation.to_owned());
        let call = tokio::task::spawn_blocking(move || run(&database, &operation, &body));
        call.await.unwrap_or_else(|error| Err(OperationError::Panic(error)))
    };
    match result {
        Ok(json) => response(StatusCode::OK, json),
        Err(OperationError::Engine(error)) => {
            let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            response(status, error.to_json())
        }
        Err(OperationError::Json(error)) => {
            tracing::error!(%error, operation, "the database engine cannot read a request");
            response(StatusCode::BAD_REQUEST, failure("SerializationException"))
        }
        Err(OperationError::Panic(error)) => {
            tracing::error!(%error, operation, "the database engine panicked");
            response(StatusCode::INTERNAL_SERVER_ERROR, failure("InternalServerError"))
        }
        Err(OperationError::Unknown) => response(StatusCode::BAD_REQUEST, failure("UnknownOperationException")),
    }
}

/// The access key ID in an `Authorization` header; empty if there is none.
fn access_key_in(authorization: &str) -> &str {
    let credential = authorization.split_once("Credential=").map_or("", |(_, credential)| credential);
    credential.split('/').next().unwrap_or_default()
}

enum OperationError {
    Engine(DynoxideError),
    Json(serde_json::Error),
    Panic(JoinError),
    Unknown,
}

fn run(database: &Database, operation: &str, body: &[u8]) -> Result<String, OperationError> {
    match operation {
        "CreateTable" => call(body, |request| database.create_table(request)),
        "DeleteTable" => call(body, |request| database.delete_table(request)),
        "DescribeTable" => call(body, |request| database.describe_table(request)),
        "UpdateTimeToLive" => call(body, |request| database.update_time_to_live(request)),
        "DescribeTimeToLive" => call(body, |request| database.describe_time_to_live(request)),
        "BatchGetItem" => call(body, |request| database.batch_get_item(request)),
        "GetItem" => call(body, |request| database.get_item(request)),
        "PutItem" => call(body, |request| database.put_item(request)),
        "UpdateItem" => call(body, |request| database.update_item(request)),
        "DeleteItem" => call(body, |request| database.delete_item(request)),
        "Query" => call(body, |request| database.query(request)),
        "Scan" => call(body, |request| database.scan(request)),
        "TransactWriteItems" => call(body, |request| database.transact_write_items(request)),
        _ => Err(OperationError::Unknown),
    }
}

fn call<Q: DeserializeOwned, A: Serialize>(
    body: &[u8],
    run: impl FnOnce(Q) -> Result<A, DynoxideError>,
) -> Result<String, OperationError> {
    let request = serde_json::from_slice(body).map_err(OperationError::Json)?;
    let response = run(request).map_err(OperationError::Engine)?;
    serde_json::to_string(&response).map_err(OperationError::Json)
}

fn failure(kind: &str) -> String {
    format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{kind}"}}"#)
}

fn response(status: StatusCode, json: String) -> Response {
    let mut response = Response::new(Body::from(json));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    response
}

#[cfg(test)]
mod tests {
    use crate::dynamodb::Engine;
    use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
    use portcullis::store::{DynamoDbConfig, connect};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    #[tokio::test]
    async fn a_request_without_the_access_key_is_refused() {
        let engine = Engine::start(None, None).await.unwrap();
        let ours = engine.client.describe_table().table_name("none").send().await.unwrap_err();
        assert!(ours.as_service_error().is_some_and(DescribeTableError::is_resource_not_found_exception));
        let static_credentials = Some(("local".to_owned(), "local".to_owned()));
        let stranger = connect(DynamoDbConfig { static_credentials, ..engine.connection() }).unwrap();
        let refused = stranger.describe_table().table_name("none").send().await.unwrap_err();
        assert_eq!(refused.raw_response().map(|raw| raw.status().as_u16()), Some(403));
    }

    #[tokio::test]
    async fn a_web_page_is_not_let_in() {
        let engine = Engine::start(None, None).await.unwrap();
        let address = engine.endpoint.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let preflight = "OPTIONS / HTTP/1.1\r\nHost: x\r\nOrigin: http://example.com\r\n\
            Access-Control-Request-Method: POST\r\nConnection: close\r\n\r\n";
        stream.write_all(preflight.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        assert!(response.starts_with("HTTP/1.1 405"), "{response}");
        assert!(!response.to_ascii_lowercase().contains("access-control-allow"), "{response}");
    }
}
