//! The catalog: one item, changed only by whoever has seen what it changes, and held by the
//! authorizer for a minute at most.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use authorizer::Authorizer;
use portcullis::App;
use portcullis::access::Catalog;
use portcullis::clock::Clock;
use portcullis::store::{CATALOG_SECONDS, StoredCatalog, Tokens};
use portcullis::token::Actor;

use super::failing::{app, asked};
use super::table::Table;
use super::{Sample, alice, now};

fn catalog(role: &str) -> Catalog {
    let document = serde_json::json!({ "strict": true, "roles": { role: { "permissions": ["*"] } } });
    Catalog::read(&document).unwrap()
}

async fn put(tokens: &Tokens, catalog: &Catalog, seen: u64) -> Option<u64> {
    tokens.put_catalog(catalog, seen, &Actor::Session(alice()), now()).await.unwrap()
}

#[tokio::test]
async fn without_a_catalog_the_deployments_own_is_in_force() {
    let table = Table::fresh().await;
    let found = table.tokens.catalog().await.unwrap();
    assert_eq!(found, StoredCatalog { catalog: Catalog::of_the_deployment().clone(), version: 0 });
}

#[tokio::test]
async fn a_catalog_that_was_put_is_read_at_once_with_its_version() {
    let table = Table::fresh().await;
    assert_eq!(put(&table.tokens, &catalog("a"), 0).await, Some(1));
    assert_eq!(put(&table.tokens, &catalog("b"), 1).await, Some(2));
    let found = table.another_client().catalog().await.unwrap();
    assert_eq!(found, StoredCatalog { catalog: catalog("b"), version: 2 });
    let item = table.catalog_item().await.unwrap();
    assert_eq!(item["updated_by"].as_s().unwrap(), "session:alice");
}

#[tokio::test]
async fn a_catalog_is_put_only_in_the_place_of_the_one_that_was_seen() {
    let table = Table::fresh().await;
    assert_eq!(put(&table.tokens, &catalog("a"), 7).await, None);
    assert_eq!(put(&table.tokens, &catalog("a"), 0).await, Some(1));
    for stale in [0, 2, u64::MAX] {
        assert_eq!(put(&table.tokens, &catalog("b"), stale).await, None, "{stale}");
    }
    assert_eq!(table.tokens.catalog().await.unwrap().catalog, catalog("a"));
}

#[tokio::test]
async fn of_two_who_put_at_once_one_wins_and_the_other_is_told() {
    let table = Table::fresh().await;
    let (one, other) = (table.another_client(), table.another_client());
    for round in 0..10 {
        let catalogs = [catalog(&format!("a{round}")), catalog(&format!("b{round}"))];
        let (a, b) = tokio::join!(put(&one, &catalogs[0], round), put(&other, &catalogs[1], round));
        let winner = match (a, b) {
            (Some(version), None) if version == round + 1 => &catalogs[0],
            (None, Some(version)) if version == round + 1 => &catalogs[1],
            both => panic!("{both:?}"),
        };
        assert_eq!(table.tokens.catalog().await.unwrap().catalog, *winner);
    }
}

#[tokio::test]
async fn a_catalog_that_cannot_be_read_is_an_error_never_the_default() {
    let table = Table::fresh().await;
    put(&table.tokens, &catalog("a"), 0).await;
    for (attribute, value) in [("document", "{"), ("document", "{\"routes\": 1}"), ("version", "x")] {
        let mut item = table.catalog_item().await.unwrap();
        item.insert(attribute.to_owned(), aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned()));
        table.put(item).await;
        assert!(table.tokens.catalog().await.is_err(), "{attribute}");
    }
}

/// An authorizer whose time the test lets pass.
struct Timed {
    authorizer: Authorizer,
    ahead: Arc<AtomicI64>,
}

impl Timed {
    fn on(tokens: Tokens) -> Self {
        let ahead = Arc::new(AtomicI64::new(0));
        let passed = Arc::clone(&ahead);
        let start = now();
        let clock = Clock::from_fn(move || start.plus_seconds(passed.load(Ordering::SeqCst)));
        let authorizer = Authorizer::new(App { clock, ..app(tokens) }).unwrap();
        Self { authorizer, ahead }
    }

    fn now_is(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn the_authorizer_decides_by_a_catalog_that_is_a_minute_old_at_most() {
    let table = Table::fresh().await;
    let secret = Sample::with_everything(&table).await;
    let timed = Timed::on(table.tokens.clone());
    timed.authorizer.start().await;
    let decided = async || asked(&timed.authorizer, &secret).await.audit.rbac_decision;
    assert_eq!(decided().await, "allow");
    put(&table.tokens, &catalog("strict"), 0).await;
    timed.now_is(CATALOG_SECONDS - 1);
    assert_eq!(decided().await, "allow");
    timed.now_is(CATALOG_SECONDS);
    assert_eq!(decided().await, "deny");
}

#[tokio::test]
async fn the_catalog_is_read_ahead_once_an_answer_has_left() {
    let table = Table::fresh().await;
    let secret = Sample::with_everything(&table).await;
    let timed = Timed::on(table.tokens.clone());
    timed.authorizer.start().await;
    put(&table.tokens, &catalog("strict"), 0).await;
    timed.now_is(CATALOG_SECONDS / 2 - 1);
    timed.authorizer.settle(None).await;
    assert_eq!(asked(&timed.authorizer, &secret).await.audit.rbac_decision, "allow");
    timed.now_is(CATALOG_SECONDS / 2);
    timed.authorizer.settle(None).await;
    assert_eq!(asked(&timed.authorizer, &secret).await.audit.rbac_decision, "deny");
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_keep_an_old_catalog_in_force() {
    let table = Table::fresh().await;
    let secret = Sample::with_everything(&table).await;
    let timed = Timed::on(table.tokens.clone());
    timed.now_is(1000);
    timed.authorizer.start().await;
    put(&table.tokens, &catalog("strict"), 0).await;
    timed.now_is(0);
    assert_eq!(asked(&timed.authorizer, &secret).await.audit.rbac_decision, "deny");
}

#[tokio::test]
async fn without_a_catalog_that_can_be_read_nobody_is_let_in() {
    let table = Table::fresh().await;
    let secret = Sample::with_everything(&table).await;
    let timed = Timed::on(table.tokens.clone());
    timed.authorizer.start().await;
    put(&table.tokens, &catalog("a"), 0).await;
    let mut item = table.catalog_item().await.unwrap();
    item.insert("document".to_owned(), aws_sdk_dynamodb::types::AttributeValue::S("{".to_owned()));
    table.put(item).await;
    assert_eq!(asked(&timed.authorizer, &secret).await.audit.rbac_decision, "allow", "held for its minute");
    timed.now_is(CATALOG_SECONDS);
    super::failing::assert_no_decision(&asked(&timed.authorizer, &secret).await);
}
