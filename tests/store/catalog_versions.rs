//! The catalog's versions: each change keeps the one that it wrote, up to a number of them.

use portcullis::catalog::Catalog;
use portcullis::clock::Timestamp;
use portcullis::store::{CatalogWrite, MAX_CATALOG_VERSIONS, TokenStore};
use portcullis::token::Actor;

use super::catalog::{catalog, put};
use super::fixture::Table;
use super::{alice, now};

async fn listed(tokens: &TokenStore) -> Vec<u64> {
    let page = tokens.catalog_versions(None, 100).await.unwrap();
    assert!(page.next.is_none());
    page.versions.iter().map(|version| version.version).collect()
}

/// Publishes catalogs until there is this version.
async fn publish(tokens: &TokenStore, versions: u64) {
    for seen in 0..versions {
        assert_eq!(put(tokens, &catalog(&format!("r{}", seen + 1)), seen).await, CatalogWrite::Done(seen + 1));
    }
}

#[tokio::test]
async fn each_change_keeps_its_version_with_who_and_when() {
    let table = Table::fresh().await;
    assert_eq!(listed(&table.tokens).await, [0_u64; 0]);
    let by = [Actor::Session(alice()), Actor::Token("0123456789abcdef".parse().unwrap())];
    let at: [Timestamp; 2] = [now().truncated_to_seconds(), now().truncated_to_seconds().plus_seconds(60)];
    for (seen, (by, at)) in (0..).zip(by.iter().zip(at)) {
        table.tokens.put_catalog(&catalog(&format!("r{seen}")), seen, by, at).await.unwrap();
    }
    let page = table.tokens.catalog_versions(None, 10).await.unwrap();
    let [new, old] = &page.versions[..] else { panic!("{page:?}") };
    assert_eq!((new.version, &new.created_by, new.created_at), (2, &by[1], at[1]));
    assert_eq!((old.version, &old.created_by, old.created_at), (1, &by[0], at[0]));
    assert_eq!(table.tokens.catalog_version(1).await.unwrap(), Some(catalog("r0")));
    assert_eq!(table.tokens.catalog_version(2).await.unwrap(), Some(catalog("r1")));
    for missing in [0, 3, u64::MAX] {
        assert_eq!(table.tokens.catalog_version(missing).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_change_that_is_refused_keeps_no_version() {
    let table = Table::fresh().await;
    publish(&table.tokens, 2).await;
    assert_eq!(put(&table.tokens, &catalog("late"), 1).await, CatalogWrite::Stale);
    assert_eq!(listed(&table.tokens).await, [2, 1]);
    assert_eq!(table.tokens.catalog_version(2).await.unwrap(), Some(catalog("r2")));
}

#[tokio::test]
async fn only_the_newest_versions_are_kept() {
    let table = Table::fresh().await;
    publish(&table.tokens, MAX_CATALOG_VERSIONS + 2).await;
    assert_eq!(listed(&table.tokens).await, (3..=MAX_CATALOG_VERSIONS + 2).rev().collect::<Vec<_>>());
    assert_eq!(table.tokens.catalog_version(2).await.unwrap(), None);
    assert_eq!(table.tokens.catalog_version(3).await.unwrap(), Some(catalog("r3")));
}

#[tokio::test]
async fn pages_of_versions_are_complete_and_newest_first() {
    let table = Table::fresh().await;
    publish(&table.tokens, 12).await;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = table.tokens.catalog_versions(after.as_ref(), 5).await.unwrap();
        assert!(page.versions.len() <= 5);
        found.extend(page.versions.iter().map(|version| version.version));
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    assert_eq!(found, (1..=12).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_version_left_by_a_restored_table_does_not_prevent_a_change() {
    let table = Table::fresh().await;
    publish(&table.tokens, 2).await;
    let mut older = table.catalog_item().await.unwrap();
    older.insert("version".to_owned(), aws_sdk_dynamodb::types::AttributeValue::N("1".to_owned()));
    table.put(older).await;
    assert_eq!(put(&table.tokens, &catalog("again"), 1).await, CatalogWrite::Done(2));
    assert_eq!(table.tokens.catalog_version(2).await.unwrap(), Some(catalog("again")));
}

#[tokio::test]
async fn an_unreadable_version_is_an_error() {
    let table = Table::fresh().await;
    put(&table.tokens, &Catalog::default(), 0).await;
    let mut item = table.catalog_item().await.unwrap();
    let key = [("pk", "CATALOG_VERSIONS"), ("sk", "00000000000000000001"), ("document", "x"), ("updated_by", "?")];
    for (name, value) in key {
        item.insert(name.to_owned(), aws_sdk_dynamodb::types::AttributeValue::S(value.to_owned()));
    }
    table.put(item).await;
    assert!(table.tokens.catalog_version(1).await.is_err());
    assert!(table.tokens.catalog_versions(None, 10).await.is_err());
}
