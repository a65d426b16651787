//! A table for one test, on the configured engine.

use std::collections::{BTreeMap, HashMap};
use std::thread;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use local::dynamodb::{Engine, create_table};
use local::template::Template;
use portcullis::clock::Day;
use portcullis::endpoint_variant::EndpointVariant;
use portcullis::secret::TokenId;
use portcullis::store::{DynamoDbConfig, ItemStore, LeanClient, Timeouts, TokenStore, connect};
use portcullis::text::OwnerId;
use portcullis::token::ApprovalId;
use tokio::runtime::Runtime;
use uuid::Uuid;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// A new table with the template's schema, removed after the test.
pub(crate) struct Table {
    /// The store under test.
    pub(crate) tokens: TokenStore,
    /// The SDK's client, for reads past the store.
    pub(crate) client: Client,
    /// Its name.
    pub(crate) name: String,
    /// The engine, where it runs in this process.
    pub(crate) engine: Option<Engine>,
    connection: DynamoDbConfig,
}

/// The engine: an endpoint's URL, or `aws`; default: dynoxide in this process.
#[expect(clippy::disallowed_methods, reason = "the contract is tried on the engine that the environment names")]
fn named_by_environment() -> Option<DynamoDbConfig> {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let engine = variable("PORTCULLIS_TEST_DYNAMODB")?;
    if engine == "aws" {
        return Some(DynamoDbConfig {
            endpoint: None,
            ..DynamoDbConfig::from_env(portcullis::env::Env::process()).unwrap()
        });
    }
    let known = variable("AWS_ACCESS_KEY_ID").is_some();
    Some(DynamoDbConfig {
        region: variable("AWS_REGION").unwrap_or_else(|| "us-east-1".to_owned()),
        endpoint: Some(engine),
        endpoint_variant: EndpointVariant::default(),
        ca_bundle: variable("AWS_CA_BUNDLE"),
        static_credentials: (!known).then(|| ("test".to_owned(), "test".to_owned())),
        timeouts: Timeouts::ONE_MACHINE,
    })
}

/// A store with a client of its own. `PORTCULLIS_TEST_CLIENT=lean` selects the authorizer's client for the calls on
/// single items; default: the SDK's.
#[expect(clippy::disallowed_methods, reason = "the contract is tried with the client that the environment names")]
fn store(connection: DynamoDbConfig, table: &str) -> TokenStore {
    let tokens = TokenStore::new(connect(connection.clone()).unwrap(), table);
    match std::env::var("PORTCULLIS_TEST_CLIENT").as_deref() {
        Ok("lean") => tokens.with_lean_client(LeanClient::new(connection).unwrap()),
        Ok(other) => panic!("PORTCULLIS_TEST_CLIENT is neither lean nor unset: {other}"),
        Err(_) => tokens,
    }
}

impl Table {
    /// A new table on the configured engine.
    pub(crate) async fn fresh() -> Self {
        match named_by_environment() {
            Some(connection) => Self::at(connection, None).await,
            None => Self::in_process().await,
        }
    }

    /// A new table on a separate engine in this process.
    pub(crate) async fn in_process() -> Self {
        let engine = Engine::start(None, None).await.unwrap();
        Self::at(engine.connection(), Some(engine)).await
    }

    async fn at(connection: DynamoDbConfig, engine: Option<Engine>) -> Self {
        let client = connect(connection.clone()).unwrap();
        let name = format!("portcullis-test-{}", Uuid::new_v4().simple());
        create_table(&client, &name, &Template::embedded().unwrap().table).await.unwrap();
        Self { tokens: store(connection.clone(), &name), client, name, engine, connection }
    }

    /// URL of the engine in this process.
    pub(crate) fn engine_url(&self) -> &str {
        &self.engine.as_ref().unwrap().endpoint
    }

    /// Rounds of a race: a tenth on an engine outside this process, where each takes ten times as long.
    pub(crate) fn rounds(&self, in_process: usize) -> usize {
        if self.engine.is_some() { in_process } else { in_process / 10 }
    }

    /// The store with a separate client and connections.
    pub(crate) fn another_client(&self) -> TokenStore {
        store(self.connection.clone(), &self.name)
    }

    /// The store with another DynamoDB endpoint.
    pub(crate) fn behind(&self, endpoint: &str) -> TokenStore {
        self.behind_with(endpoint, self.connection.timeouts)
    }

    /// The same, with these timeouts.
    pub(crate) fn behind_with(&self, endpoint: &str, timeouts: Timeouts) -> TokenStore {
        let connection = DynamoDbConfig { endpoint: Some(endpoint.to_owned()), timeouts, ..self.connection.clone() };
        store(connection, &self.name)
    }

    /// The authorizer's part of the store, with the authorizer's client.
    pub(crate) fn items_behind(&self, endpoint: &str, timeouts: Timeouts) -> ItemStore {
        let connection = DynamoDbConfig { endpoint: Some(endpoint.to_owned()), timeouts, ..self.connection.clone() };
        ItemStore::new(LeanClient::new(connection).unwrap(), &self.name)
    }

    /// A token's item.
    pub(crate) async fn item(&self, id: &TokenId) -> Option<Item> {
        self.item_at(&format!("TOKEN#{id}"), "TOKEN").await
    }

    /// A token's `ttl`.
    pub(crate) async fn ttl(&self, id: &TokenId) -> Option<i64> {
        Some(self.item(id).await?.get("ttl")?.as_n().unwrap().parse().unwrap())
    }

    /// A token's event items.
    pub(crate) async fn event_items(&self, id: &TokenId) -> Vec<Item> {
        let query = self.client.query().table_name(&self.name).consistent_read(true);
        let query = query.key_condition_expression("pk = :pk AND begins_with(sk, :events)");
        let query = query.expression_attribute_values(":pk", AttributeValue::S(format!("TOKEN#{id}")));
        let query = query.expression_attribute_values(":events", AttributeValue::S("EVENT#".to_owned()));
        query.send().await.unwrap().items.unwrap_or_default()
    }

    /// A token's usage item.
    pub(crate) async fn usage_item(&self, id: &TokenId) -> Option<Item> {
        self.item_at(&format!("USAGE#{id}"), "USAGE").await
    }

    /// A token's counts of a day.
    pub(crate) async fn day_item(&self, id: &TokenId, day: Day) -> Option<Item> {
        self.item_at(&format!("USAGE#{id}"), &format!("DAY#{day}")).await
    }

    /// The `ttl` of an event, if it has one.
    pub(crate) async fn event_ttl(&self, id: &TokenId, event: &str) -> Option<i64> {
        let item = self.item_at(&format!("TOKEN#{id}"), &format!("EVENT#{event}")).await;
        Some(item.unwrap().get("ttl")?.as_n().unwrap().parse().unwrap())
    }

    /// The catalog's item.
    pub(crate) async fn catalog_item(&self) -> Option<Item> {
        self.item_at("CATALOG", "CATALOG").await
    }

    /// The item with the schema version.
    pub(crate) async fn schema_item(&self) -> Option<Item> {
        self.item_at("SCHEMA", "SCHEMA").await
    }

    /// An approval's item.
    pub(crate) async fn approval_item(&self, id: &ApprovalId) -> Option<Item> {
        self.item_at(&format!("APPROVAL#{id}"), "APPROVAL").await
    }

    /// An owner's slots item, if there is one.
    pub(crate) async fn slots(&self, owner: &OwnerId) -> Option<BTreeMap<String, i64>> {
        let item = self.item_at(&format!("OWNER#{owner}"), "SLOTS").await?;
        let live = item["live"].as_m().unwrap();
        Some(live.iter().map(|(id, until)| (id.clone(), until.as_n().unwrap().parse().unwrap())).collect())
    }

    async fn item_at(&self, pk: &str, sk: &str) -> Option<Item> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let read = self.client.get_item().table_name(&self.name).key("pk", text(pk)).key("sk", text(sk));
        read.consistent_read(true).send().await.unwrap().item
    }

    /// Deletes an item from the table directly.
    pub(crate) async fn delete(&self, item: &Item) {
        let delete = self.client.delete_item().table_name(&self.name);
        let delete = ["pk", "sk"].into_iter().fold(delete, |delete, name| delete.key(name, item[name].clone()));
        delete.send().await.unwrap();
    }

    /// Puts an item into the table directly.
    pub(crate) async fn put(&self, item: Item) {
        self.put_all(vec![item]).await;
    }

    /// Puts items into the table directly.
    pub(crate) async fn put_all(&self, items: Vec<Item>) {
        for items in items.chunks(100) {
            let puts = items.iter().map(|item| {
                let put = Put::builder().table_name(&self.name).set_item(Some(item.clone())).build().unwrap();
                TransactWriteItem::builder().put(put).build()
            });
            self.client.transact_write_items().set_transact_items(Some(puts.collect())).send().await.unwrap();
        }
    }
}

impl Drop for Table {
    /// Removes a table that is not in this process, also after a failed test.
    fn drop(&mut self) {
        if self.engine.is_some() {
            return;
        }
        let (connection, name) = (self.connection.clone(), self.name.clone());
        let removed = thread::spawn(move || {
            let client = connect(connection).unwrap();
            Runtime::new().unwrap().block_on(client.delete_table().table_name(name).send()).unwrap();
        });
        assert!(removed.join().is_ok() || thread::panicking(), "the table {} was not removed", self.name);
    }
}
