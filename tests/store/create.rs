//! Creating a token and reading it back.

use portcullis::secret::TokenDigest;
use portcullis::store::CreateOutcome;
use portcullis::token::Actor;

use super::{DAY, Sample, Table, alice, now};

#[tokio::test]
async fn a_created_token_reads_back_whole() {
    let table = Table::fresh().await;
    let mut full = Sample::owned_by(&alice()).until(now().truncated_to_seconds().plus_seconds(3600));
    full.record.name = "Nächtlicher Bau 🌙".parse().unwrap();
    full.record.description = Some("two\nlines".parse().unwrap());
    full.record.created_by = Actor::Token("0123456789abcdef".parse().unwrap());
    let bare = Sample::owned_by(&alice());
    for sample in [full, bare] {
        let digest = sample.digest.clone();
        let record = sample.in_table(&table).await;
        assert_eq!(table.tokens.get(&record.id).await.unwrap(), Some(record.clone()));
        let credential = table.tokens.credential(&record.id).await.unwrap().unwrap();
        assert_eq!(credential.record, record);
        assert!(credential.secrets.current.ct_eq(&digest));
        assert!(!credential.secrets.current.ct_eq(&TokenDigest::DUMMY));
    }
}

#[tokio::test]
async fn an_unknown_token_is_none_and_not_an_error() {
    let table = Table::fresh().await;
    let unknown = Sample::owned_by(&alice()).record;
    assert_eq!(table.tokens.get(&unknown.id).await.unwrap(), None);
    assert!(table.tokens.credential(&unknown.id).await.unwrap().is_none());
}

#[tokio::test]
async fn ids_that_differ_in_case_alone_are_two_tokens() {
    let table = Table::fresh().await;
    let (mut lower, mut upper) = (Sample::owned_by(&alice()), Sample::owned_by(&alice()));
    lower.record.id = "abcdefghijklmnop".parse().unwrap();
    upper.record.id = "ABCDEFGHIJKLMNOP".parse().unwrap();
    let lower = lower.in_table(&table).await;
    assert_eq!(table.tokens.get(&upper.record.id).await.unwrap(), None);
    upper.in_table(&table).await;
    assert_eq!(table.tokens.get(&lower.id).await.unwrap(), Some(lower));
}

#[tokio::test]
async fn a_token_is_never_overwritten_by_one_with_its_id() {
    let table = Table::fresh().await;
    let (first, mut second) = (Sample::owned_by(&alice()), Sample::owned_by(&alice()));
    second.record.id = first.record.id.clone();
    second.record.name = "usurper".parse().unwrap();
    let digest = first.digest.clone();
    let first = first.in_table(&table).await;
    assert_eq!(second.try_in(&table.tokens).await, CreateOutcome::AlreadyExists);
    let found = table.tokens.credential(&first.id).await.unwrap().unwrap();
    assert_eq!(found.record, first);
    assert!(found.secrets.current.ct_eq(&digest));
}

#[tokio::test]
async fn only_a_token_with_an_expiry_gets_a_ttl() {
    let table = Table::fresh().await;
    let end = now().truncated_to_seconds().plus_seconds(3600);
    let mortal = Sample::owned_by(&alice()).until(end).in_table(&table).await;
    let immortal = Sample::owned_by(&alice()).in_table(&table).await;
    assert_eq!(table.ttl(&mortal.id).await, Some(end.seconds() + 30 * DAY));
    assert_eq!(table.ttl(&immortal.id).await, None);
}

#[tokio::test]
async fn the_table_holds_the_digest_and_nothing_else_of_the_secret() {
    let table = Table::fresh().await;
    let sample = Sample::owned_by(&alice());
    let digest = sample.digest.clone();
    let record = sample.in_table(&table).await;
    let item = table.item(&record.id).await.unwrap();
    let secrets = item["secrets"].as_m().unwrap();
    assert_eq!(secrets["digest"].as_b().unwrap().as_ref(), digest.as_bytes());
    let mut names: Vec<_> = item.keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = ["created_at", "origin", "owner", "pk", "secrets", "settings", "sk", "version"];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn a_create_over_the_limit_writes_nothing() {
    let table = Table::fresh().await;
    for _ in 0..10 {
        Sample::owned_by(&alice()).in_table(&table).await;
    }
    let before = table.slots(&alice()).await;
    let refused = Sample::owned_by(&alice());
    assert_eq!(refused.try_in(&table.tokens).await, CreateOutcome::LimitReached);
    assert_eq!(table.item(&refused.record.id).await, None);
    assert_eq!(table.slots(&alice()).await, before);
}
