//! The table's schema version: each instance checks it once, and refuses the table of a newer release.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use authorizer::{Authorizer, AuthorizerError, HttpApiResponseFormat, Outcome};
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use create::Bootstrap;
use exchange::Exchange;
use portcullis::cache_flush::{CacheFlusher, Stages};
use portcullis::catalog::Catalog;
use portcullis::store::{CatalogWrite, CreateOutcome, Error};
use portcullis::token::Actor;
use serde_json::{Value, json};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

use super::fault_injection::{Behind, Fault, INTERNAL};
use super::fixture::Item;
use super::observed::{Call, Observed};
use super::unavailable::{app, asked, assert_no_decision, request};
use super::{Sample, Table, alice, now};

const REFUSAL: &str = "the table has schema version 2, this release supports up to 1: deploy the newer release";

fn schema(version: Option<AttributeValue>) -> Item {
    let key = || AttributeValue::S("SCHEMA".to_owned());
    let mut item = Item::from([("pk".to_owned(), key()), ("sk".to_owned(), key())]);
    item.extend(version.map(|version| ("version".to_owned(), version)));
    item
}

fn number(version: &str) -> Option<AttributeValue> {
    Some(AttributeValue::N(version.to_owned()))
}

/// The partition that each call reads.
fn partitions(calls: &[Call]) -> Vec<String> {
    calls.iter().map(|call| call.request["Key"]["pk"]["S"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The decision of a new instance's authorizer.
async fn decided(table: &Table, secret: &str) -> Outcome {
    let authorizer = Authorizer::new(app(table.another_client()), HttpApiResponseFormat::Simple).unwrap();
    authorizer.warm_up().await;
    asked(&authorizer, secret).await
}

#[tokio::test]
async fn a_table_without_the_item_has_version_1_and_no_write_adds_the_item() {
    let table = Table::fresh().await;
    let secret = Sample::with_everything(&table).await;
    let put = table.tokens.put_catalog(&Catalog::default(), 0, &Actor::Bootstrap, now()).await.unwrap();
    assert_eq!(put, CatalogWrite::Done(1));
    assert_eq!(decided(&table, &secret).await.audit.rbac_decision, "allow");
    assert_eq!(table.schema_item().await, None);

    table.put(schema(number("1"))).await;
    assert_eq!(decided(&table, &secret).await.audit.rbac_decision, "allow");
}

#[tokio::test]
async fn the_authorizer_fails_closed_on_the_table_of_a_newer_release() {
    let table = Table::fresh().await;
    let secret = Sample::with_everything(&table).await;
    table.put(schema(number("2"))).await;
    let outcome = decided(&table, &secret).await;
    assert_eq!((outcome.response, outcome.note), (Err(AuthorizerError::NoDecision), None));
    let audit = outcome.audit;
    assert_eq!((audit.rbac_decision, audit.reason), ("error", Some("newer_schema")));
    assert_eq!(audit.detail.as_deref(), Some(REFUSAL));
}

#[tokio::test]
async fn every_management_function_refuses_the_table_of_a_newer_release() {
    let table = Table::fresh().await;
    let mut caller = Sample::owned_by(&alice());
    caller.record.id = "0123456789abcdef".parse().unwrap();
    assert_eq!(caller.try_in(&table.tokens).await, CreateOutcome::Done);
    table.put(schema(number("2"))).await;
    let contents = async || table.client.scan().table_name(&table.name).send().await.unwrap().items;
    let before = contents().await;

    // Each function has its own instance.
    let new = || app(table.another_client());
    let id = Some("0123456789abcdef");
    let none = CacheFlusher::new(Stages::default(), "us-east-1", None, None);
    let body = json!({ "name": "ci", "permissions": ["x:y"], "resources": ["*"] }).to_string();
    for (function, response) in [
        ("create", create::handle(&new(), request("POST", "/tokens", None, Some(&body))).await),
        ("read", read::handle(&new(), request("GET", "/tokens", None, None)).await),
        ("rotate", rotate::handle(&new(), request("POST", "/tokens/{id}/rotate", id, None)).await),
        ("update", update::handle(&new(), request("POST", "/tokens/{id}/disable", id, None)).await),
        ("revoke", revoke::handle(&new(), &none, request("POST", "/tokens/{id}/revoke", id, None)).await),
        ("introspect", introspect::handle(&new(), request("POST", "/introspect", None, Some("token=x"))).await),
        ("catalog", catalog::handle(&new(), request("GET", "/catalog", None, None)).await),
    ] {
        let problem: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(problem["type"], "urn:portcullis:problem:internal_error", "{function}: {problem}");
        assert_eq!(response.status(), 500, "{function}");
    }
    let payload = json!({ "bootstrap": { "owner": "admin", "name": "first admin" } });
    let problem = create::bootstrap(&new(), Bootstrap::from_payload(&payload).unwrap().unwrap()).await.unwrap_err();
    assert_eq!(serde_json::to_value(problem).unwrap()["status"], 500);
    assert_eq!(contents().await, before);
}

#[tokio::test]
async fn an_exchange_refuses_the_table_of_a_newer_release() {
    let table = Table::fresh().await;
    table.put(schema(number("2"))).await;
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({"iss": "https://ci.example", "aud": "x", "sub": "x", "exp": 4_000_000_000_u64});
    let form = format!(
        "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={}.{}.AA\
         &subject_token_type=urn:ietf:params:oauth:token-type:id_token",
        part(json!({"alg": "RS256", "kid": "one"})),
        part(claims)
    );
    let exchange = Exchange::new(app(table.another_client()));
    let result = exchange.handle(&request("POST", "/exchange", None, Some(&form))).await;
    let audit = result.audit.unwrap();
    assert_eq!((result.response.status().as_u16(), audit.reason), (500, Some("newer_schema")));
    assert_eq!(audit.detail.as_deref(), Some(REFUSAL));
}

#[tokio::test]
async fn an_unreadable_schema_version_is_refused() {
    let table = Table::fresh().await;
    let secret = Sample::with_everything(&table).await;
    for version in [None, Some(AttributeValue::S("1".to_owned())), number("-1"), number("1.5")] {
        table.put(schema(version.clone())).await;
        let failure = table.another_client().catalog().await;
        let refused = matches!(&failure, Err(Error::Corrupt { id, attribute: "version" }) if id == "SCHEMA");
        assert!(refused, "{version:?}: {failure:?}");
        assert_no_decision(&decided(&table, &secret).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_reads_the_schema_version_once() {
    let table = Table::in_process().await;
    let observed = Observed::unchecked(&table, |_, _| Value::Null).await;
    let secret = Sample::with_everything(&table).await;
    // Every handler has a clone of the store.
    let authorizer = Authorizer::new(app(observed.tokens.clone()), HttpApiResponseFormat::Simple).unwrap();
    for _ in 0..3 {
        assert_eq!(asked(&authorizer, &secret).await.audit.rbac_decision, "allow");
    }
    assert_eq!(Sample::owned_by(&alice()).try_in(&observed.tokens).await, CreateOutcome::Done);
    let read = partitions(&observed.take());
    assert_eq!(read.iter().filter(|partition| *partition == "SCHEMA").count(), 1, "{read:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_check_writes_nothing_and_is_repeated_at_the_next_request() {
    let table = Table::in_process().await;
    // As often as the SDK attempts one read.
    let behind = Behind::unchecked(&table, Fault { times: 3, ..INTERNAL }).await;
    let put = async || behind.tokens.put_catalog(&Catalog::default(), 0, &Actor::Bootstrap, now()).await;
    let failure = put().await;
    assert!(matches!(failure, Err(Error::Unavailable(_))), "{failure:?}");
    assert_eq!((behind.happened(), table.catalog_item().await), (3, None));
    assert_eq!(put().await.unwrap(), CatalogWrite::Done(1));
}

#[tokio::test]
async fn an_instance_works_again_once_the_schema_version_is_supported() {
    let table = Table::fresh().await;
    let tokens = table.another_client();
    table.put(schema(number("2"))).await;
    let failure = tokens.catalog().await;
    assert!(matches!(failure, Err(Error::NewerSchema { found: 2, supported: 1 })), "{failure:?}");
    assert_eq!(failure.unwrap_err().to_string(), REFUSAL);
    table.put(schema(number("1"))).await;
    tokens.catalog().await.unwrap();
}

/// A forwarder to the engine that counts connections. Returns its URL.
async fn counted(table: &Table, connections: &Arc<AtomicUsize>) -> String {
    let engine = table.engine.as_ref().unwrap().endpoint.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::clone(connections);
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            connections.fetch_add(1, Ordering::SeqCst);
            let mut engine = TcpStream::connect(&engine).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut engine).await });
        }
    });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn an_authorizer_starts_and_decides_over_one_connection() {
    let table = Table::in_process().await;
    let secret = Sample::with_everything(&table).await;
    let connections = Arc::default();
    let tokens = table.behind(&counted(&table, &connections).await);
    let authorizer = Authorizer::new(app(tokens), HttpApiResponseFormat::Simple).unwrap();
    authorizer.warm_up().await;
    assert_eq!(asked(&authorizer, &secret).await.audit.rbac_decision, "allow");
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_started_authorizer_decides_with_one_read() {
    let table = Table::in_process().await;
    let secret = Sample::with_everything(&table).await;
    let observed = Observed::unchecked(&table, |_, _| Value::Null).await;
    let authorizer = Authorizer::new(app(observed.tokens.clone()), HttpApiResponseFormat::Simple).unwrap();
    authorizer.warm_up().await;
    let mut started = partitions(&observed.take());
    started.sort();
    assert_eq!(started, ["CATALOG", "SCHEMA"]);
    assert_eq!(asked(&authorizer, &secret).await.audit.rbac_decision, "allow");
    let calls = observed.take();
    let [read] = &partitions(&calls)[..] else { panic!("{calls:?}") };
    assert!(read.starts_with("TOKEN#"), "{read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_started_function_has_checked_the_table_and_loaded_the_catalog() {
    let table = Table::in_process().await;
    let observed = Observed::unchecked(&table, |_, _| Value::Null).await;
    let app = app(observed.tokens.clone());
    app.warm_up().await;
    assert_eq!(partitions(&observed.take()), ["SCHEMA", "CATALOG"]);
    // The caller does not exist.
    assert_eq!(read::handle(&app, request("GET", "/tokens", None, None)).await.status(), 403);
    assert_eq!(partitions(&observed.take()), ["TOKEN#0123456789abcdef"]);
}
