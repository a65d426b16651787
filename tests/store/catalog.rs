//! The catalog: one item, replaced only at the expected version, and cached for at most a minute.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use authorizer::{Authorizer, HttpApiResponseFormat};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue::{self, B, N, S};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use exchange::Exchange;
use miniz_oxide::deflate::compress_to_vec_zlib;
use portcullis::App;
use portcullis::catalog::Catalog;
use portcullis::clock::Clock;
use portcullis::secret::TokenDigest;
use portcullis::store::CatalogWrite::{Done, Stale, TooLarge};
use portcullis::store::{CATALOG_TTL_SECONDS, CatalogWrite, MAX_STORED_CATALOG_BYTES, StoredCatalog, TokenStore};
use portcullis::token::Actor;
use serde_json::{Value, json};

use super::fixture::Table;
use super::observed::Observed;
use super::unavailable::{app, asked, request};
use super::{Sample, alice, now};

pub(super) fn catalog(role: &str) -> Catalog {
    let document = serde_json::json!({ "strict": true, "roles": { role: { "permissions": ["*"] } } });
    Catalog::read(&document).unwrap()
}

pub(super) async fn put(tokens: &TokenStore, catalog: &Catalog, seen: u64) -> CatalogWrite {
    tokens.put_catalog(catalog, seen, &Actor::Session(alice()), now()).await.unwrap()
}

#[tokio::test]
async fn without_a_stored_catalog_the_builtin_one_applies() {
    let table = Table::fresh().await;
    let found = table.tokens.catalog().await.unwrap();
    assert_eq!(*found, StoredCatalog { catalog: Catalog::default_catalog().clone(), version: 0 });
}

#[tokio::test]
async fn a_new_catalog_is_read_at_once_with_its_version() {
    let table = Table::fresh().await;
    assert_eq!(put(&table.tokens, &catalog("a"), 0).await, Done(1));
    assert_eq!(put(&table.tokens, &catalog("b"), 1).await, Done(2));
    let found = table.another_client().catalog().await.unwrap();
    assert_eq!(*found, StoredCatalog { catalog: catalog("b"), version: 2 });
    let item = table.catalog_item().await.unwrap();
    assert_eq!(item["updated_by"].as_s().unwrap(), "session:alice");
}

#[tokio::test]
async fn a_catalog_replaces_only_the_expected_version() {
    let table = Table::fresh().await;
    assert_eq!(put(&table.tokens, &catalog("a"), 7).await, Stale);
    assert_eq!(put(&table.tokens, &catalog("a"), 0).await, Done(1));
    for stale in [0, 2, u64::MAX] {
        assert_eq!(put(&table.tokens, &catalog("b"), stale).await, Stale, "{stale}");
    }
    assert_eq!(table.tokens.catalog().await.unwrap().catalog, catalog("a"));
}

#[tokio::test]
async fn of_two_concurrent_writes_one_succeeds_and_one_conflicts() {
    let table = Table::fresh().await;
    let (one, other) = (table.another_client(), table.another_client());
    for round in 0..10 {
        let catalogs = [catalog(&format!("a{round}")), catalog(&format!("b{round}"))];
        let (a, b) = tokio::join!(put(&one, &catalogs[0], round), put(&other, &catalogs[1], round));
        let winner = match (a, b) {
            (Done(version), Stale) if version == round + 1 => &catalogs[0],
            (Stale, Done(version)) if version == round + 1 => &catalogs[1],
            both => panic!("{both:?}"),
        };
        assert_eq!(table.tokens.catalog().await.unwrap().catalog, *winner);
    }
}

#[tokio::test]
async fn an_unreadable_catalog_is_an_error_and_never_the_default() {
    let table = Table::fresh().await;
    put(&table.tokens, &catalog("a"), 0).await;
    let good = table.catalog_item().await.unwrap();
    let compressed = |text: &str| B(Blob::new(compress_to_vec_zlib(text.as_bytes(), 6)));
    let whole = good["document"].as_b().unwrap().as_ref();
    // A truncated document, a changed byte, text that is not a catalog, and a document over the limit.
    let cut = B(Blob::new(whole.split_last().unwrap().1));
    let changed = B(Blob::new(whole.iter().rev().copied().collect::<Vec<_>>()));
    let bomb = compressed(&" ".repeat(8 * 1024 * 1024));
    for (attribute, value) in [
        ("document", compressed("{")),
        ("document", compressed("{\"routes\": 1}")),
        ("document", cut),
        ("document", changed),
        ("document", bomb),
        ("document", S("{}".to_owned())),
        ("version", S("x".to_owned())),
    ] {
        let mut item = good.clone();
        item.insert(attribute.to_owned(), value);
        table.put(item).await;
        assert!(table.tokens.catalog().await.is_err(), "{attribute}");
    }
}

#[tokio::test]
async fn a_document_is_parsed_once() {
    let table = Table::fresh().await;
    put(&table.tokens, &catalog("a"), 0).await;
    let first = table.tokens.catalog().await.unwrap();
    assert!(Arc::ptr_eq(&first, &table.tokens.catalog().await.unwrap()));
    // A different document is parsed, even if a restored table has it under the same version.
    put(&table.another_client(), &catalog("b"), 1).await;
    let mut item = table.catalog_item().await.unwrap();
    item.insert("version".to_owned(), N("1".to_owned()));
    table.put(item).await;
    assert_eq!(table.tokens.catalog().await.unwrap().catalog, catalog("b"));
}

/// A catalog with the maximum number of routes, `varied` of which have names that compress badly.
fn large(varied: usize) -> Catalog {
    let routes: Vec<_> = (0..1000_u32)
        .map(|n| {
            let varied = usize::try_from(n).unwrap() < varied;
            let hexadecimal = |byte: &u8| format!("{byte:02x}");
            let name = if varied {
                TokenDigest::hash(&n.to_be_bytes()).as_bytes().iter().map(hexadecimal).collect()
            } else {
                format!("name-of-a-thing-{n}")
            };
            serde_json::json!({
                "match": format!("GET /applications/{{application}}/environments/{{environment}}/{name}/details"),
                "permission": "applications:read",
                "resource": "applications/{application}",
            })
        })
        .collect();
    Catalog::read(&serde_json::json!({ "routes": routes })).unwrap()
}

#[tokio::test]
async fn a_catalog_of_more_than_seven_read_units_is_not_stored() {
    let table = Table::fresh().await;
    let usual = large(0);
    assert!(usual.to_document().to_string().len() > 150 * 1024);
    assert_eq!(put(&table.tokens, &usual, 0).await, Done(1));
    assert_eq!(table.tokens.catalog().await.unwrap().catalog, usual);
    let before = table.catalog_item().await;
    let TooLarge(bytes) = put(&table.tokens, &large(1000), 1).await else { panic!() };
    assert!(bytes > MAX_STORED_CATALOG_BYTES);
    assert_eq!(table.catalog_item().await, before);
    // The largest that is accepted, to within some routes.
    let (mut fits, mut too_large) = (0, 1000);
    while too_large - fits > 10 {
        let middle = (fits + too_large) / 2;
        match put(&table.tokens, &large(middle), table.tokens.catalog().await.unwrap().version).await {
            Done(_) => fits = middle,
            TooLarge(_) => too_large = middle,
            Stale => panic!(),
        }
    }
    let item = table.catalog_item().await.unwrap();
    let bytes: usize = item.iter().map(|(name, value)| name.len() + size(value)).sum();
    assert!((26 * 1024..28 * 1024).contains(&bytes), "{bytes}");
}

fn size(value: &AttributeValue) -> usize {
    match value {
        S(text) | N(text) => text.len(),
        B(bytes) => bytes.as_ref().len(),
        other => panic!("{other:?}"),
    }
}

/// An authorizer with a clock that the test sets.
struct Timed {
    authorizer: Authorizer,
    ahead: Arc<AtomicI64>,
}

impl Timed {
    fn on(tokens: TokenStore) -> Self {
        let ahead = Arc::new(AtomicI64::new(0));
        let passed = Arc::clone(&ahead);
        let start = now();
        let clock = Clock::from_fn(move || start.plus_seconds(passed.load(Ordering::SeqCst)));
        let authorizer = Authorizer::new(App { clock, ..app(tokens) }, HttpApiResponseFormat::Simple).unwrap();
        Self { authorizer, ahead }
    }

    fn now_is(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn the_authorizers_catalog_is_at_most_a_minute_old() {
    let table = Table::fresh().await;
    let secret = Sample::with_everything(&table).await;
    let timed = Timed::on(table.tokens.clone());
    timed.authorizer.warm_up().await;
    let decided = async || asked(&timed.authorizer, &secret).await.audit.rbac_decision;
    assert_eq!(decided().await, "allow");
    put(&table.tokens, &catalog("strict"), 0).await;
    timed.now_is(CATALOG_TTL_SECONDS - 1);
    assert_eq!(decided().await, "allow");
    timed.now_is(CATALOG_TTL_SECONDS);
    assert_eq!(decided().await, "deny");
}

#[tokio::test]
async fn the_catalog_is_refreshed_after_the_response() {
    let table = Table::fresh().await;
    let secret = Sample::with_everything(&table).await;
    let timed = Timed::on(table.tokens.clone());
    timed.authorizer.warm_up().await;
    put(&table.tokens, &catalog("strict"), 0).await;
    timed.now_is(CATALOG_TTL_SECONDS / 2 - 1);
    timed.authorizer.run_deferred(None).await;
    assert_eq!(asked(&timed.authorizer, &secret).await.audit.rbac_decision, "allow");
    timed.now_is(CATALOG_TTL_SECONDS / 2);
    timed.authorizer.run_deferred(None).await;
    assert_eq!(asked(&timed.authorizer, &secret).await.audit.rbac_decision, "deny");
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_keep_an_old_catalog_in_force() {
    let table = Table::fresh().await;
    let secret = Sample::with_everything(&table).await;
    let timed = Timed::on(table.tokens.clone());
    timed.now_is(1000);
    timed.authorizer.warm_up().await;
    put(&table.tokens, &catalog("strict"), 0).await;
    timed.now_is(0);
    assert_eq!(asked(&timed.authorizer, &secret).await.audit.rbac_decision, "deny");
}

#[tokio::test]
async fn the_authorizer_fails_closed_without_a_readable_catalog() {
    let table = Table::fresh().await;
    let secret = Sample::with_everything(&table).await;
    let timed = Timed::on(table.tokens.clone());
    timed.authorizer.warm_up().await;
    put(&table.tokens, &catalog("a"), 0).await;
    let mut item = table.catalog_item().await.unwrap();
    item.insert("document".to_owned(), S("{".to_owned()));
    table.put(item).await;
    assert_eq!(asked(&timed.authorizer, &secret).await.audit.rbac_decision, "allow", "held for its minute");
    timed.now_is(CATALOG_TTL_SECONDS);
    super::unavailable::assert_no_decision(&asked(&timed.authorizer, &secret).await);
}

#[tokio::test]
async fn refused_identities_cost_one_catalog_read_a_minute_and_garbage_none() {
    let table = Table::in_process().await;
    put(&table.tokens, &large(0), 0).await;
    let observed = Observed::new(&table).await;
    let exchange = Exchange::new(app(observed.tokens.clone()));
    let refused = async |identity: &str| {
        let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange";
        let kind = "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt";
        let form = format!("grant_type={grant}&subject_token_type={kind}&subject_token={identity}");
        exchange.handle(&request("POST", "/exchange", None, Some(&form))).await.response.status()
    };
    for junk in ["x", "a.b.c", "e30.e30.x", &"a".repeat(9000)] {
        assert_eq!(refused(junk).await, 400);
    }
    assert_eq!(observed.operations(), [""; 0]);
    let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    for n in 0..50 {
        let claims = json!({"iss": format!("https://{n}.example.com"), "sub": "x", "aud": "y", "exp": 9_999_999_999_u64, "jti": "z"});
        let forged = format!("{}.{}.AAAA", part(json!({"alg": "RS256", "kid": "x"})), part(claims));
        assert_eq!(refused(&forged).await, 400);
    }
    assert_eq!(observed.operations(), ["GetItem"]);
}
