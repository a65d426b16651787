//! The data that the functions find: tokens and a catalog, written by the real store.

use std::net::{IpAddr, Ipv4Addr};

use portcullis::catalog::Catalog;
use portcullis::clock::{Clock, DAY_SECONDS, Timestamp};
use portcullis::grants::{Grant, Grants, Permission, Resource};
use portcullis::secret::{PlaintextToken, TokenPrefix};
use portcullis::store::{Limits, TokenStore};
use portcullis::token::{Actor, EventOrigin, LastUse, TokenRecord};
use rand::rngs::SysRng;
use serde_json::json;

use crate::Error;
use crate::provider::AUDIENCE;

/// Number of grants of a token, unless a benchmark is about them.
pub const GRANTS: usize = 5;
/// Number of routes of the catalog, unless a benchmark is about them.
pub const ROUTES: usize = 30;

/// How much there is of what a decision depends on.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Number of grants of a token.
    pub grants: usize,
    /// Number of routes of the catalog.
    pub routes: usize,
}

impl Default for Scale {
    fn default() -> Self {
        Self { grants: GRANTS, routes: ROUTES }
    }
}

/// The stored tokens, all of one owner.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Its last use was recorded within the minute.
    pub recent: StoredToken,
    /// Its last use was recorded an hour ago, so each use is to be recorded.
    pub due: StoredToken,
    /// It may do everything.
    pub admin: StoredToken,
}

/// A token, and its ID.
#[derive(Clone, Debug)]
pub struct StoredToken {
    /// The plaintext token.
    pub plaintext: String,
    /// Its ID.
    pub id: String,
}

/// Stores the tokens and the catalog.
///
/// # Errors
/// When the store fails.
pub async fn seed(store: &TokenStore, scale: Scale, issuer: &str) -> Result<Tokens, Error> {
    let now = Clock::system().now();
    store.put_catalog(&catalog(scale.routes, issuer)?, 0, &Actor::Bootstrap, now).await?;
    Ok(Tokens {
        // In the future, so that it stays recent however long the benchmark takes.
        recent: token(store, grants(scale.grants)?, Some(now.plus_seconds(DAY_SECONDS)), now).await?,
        due: token(store, grants(scale.grants)?, Some(now.plus_seconds(-3600)), now).await?,
        admin: token(store, Grants::single(vec!["*".parse()?], vec![Resource::All]), None, now).await?,
    })
}

async fn token(
    store: &TokenStore,
    grants: Grants,
    used: Option<Timestamp>,
    now: Timestamp,
) -> Result<StoredToken, Error> {
    let secret = PlaintextToken::generate(&TokenPrefix::default(), &mut SysRng)?;
    let mut record = record(&secret, grants, now)?;
    let source_ip = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    record.last_used = used.map(|at| LastUse { at: at.truncated_to_seconds(), source_ip, agent: None });
    let by = EventOrigin { actor: Some(Actor::Bootstrap), source_ip: None, agent: None };
    let limits = Limits { live_tokens: 0, ..Limits::default() };
    store.create(&record, &secret.digest(), &by, &Clock::system(), limits).await?;
    Ok(StoredToken { plaintext: secret.expose_secret().to_owned(), id: secret.id().to_string() })
}

/// The record of a token that expires in 90 days.
///
/// # Errors
/// Never.
pub fn record(secret: &PlaintextToken, grants: Grants, now: Timestamp) -> Result<TokenRecord, Error> {
    let (name, owner) = ("GitHub Actions, billing, production".parse()?, "alice@example.com".parse()?);
    let mut record = TokenRecord::new(secret.id().clone(), name, owner, grants, Actor::Bootstrap, now);
    record.expires_at = Some(now.plus_seconds(90 * DAY_SECONDS).truncated_to_seconds());
    Ok(record)
}

/// Grants of which the last allows `GET /apps/billing`.
///
/// # Errors
/// Never.
pub fn grants(count: usize) -> Result<Grants, Error> {
    let grant = |name: String| -> Result<Grant, Error> {
        let permissions: Vec<Permission> = vec!["apps:read".parse()?, "builds:read".parse()?, "builds:write".parse()?];
        Ok(Grant { permissions, resources: vec![name.parse()?] })
    };
    let others = (1..count).map(|number| grant(format!("apps/service-{number}")));
    let list: Vec<Grant> = others.chain([grant("apps/billing".to_owned())]).collect::<Result<_, _>>()?;
    Ok(list.into())
}

/// The default catalog with a trust rule and routes, of which the last matches `GET /apps/billing`.
///
/// # Errors
/// When the catalog is invalid.
pub fn catalog(routes: usize, issuer: &str) -> Result<Catalog, Error> {
    let others = (1..routes).map(|number| {
        let pattern = format!("GET /apps/{{app}}/service-{number}");
        json!({ "match": pattern, "permission": "builds:read", "resource": "apps/{app}" })
    });
    let last = json!({ "match": "GET /apps/{app}", "permission": "apps:read", "resource": "apps/{app}" });
    let rule = json!({
        "name": "deploy-billing", "issuer": issuer, "audience": AUDIENCE, "claims": { "repository": "acme/billing" },
        "grants": [{ "permissions": ["apps:write"], "resources": ["apps/billing"] }], "lifetime": "10m",
    });
    let mut document = Catalog::default_catalog().to_document();
    let fields = document.as_object_mut().ok_or("the catalog is not an object")?;
    fields.insert("routes".to_owned(), others.chain([last]).collect());
    fields.insert("trust".to_owned(), json!([rule]));
    Catalog::read(&document).map_err(|issues| format!("the catalog is invalid: {issues:?}").into())
}
